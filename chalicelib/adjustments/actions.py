"""The verbs of an adjustment: propose it, and as another person approve or reject it."""

import json
from collections.abc import Iterator
from typing import Any

from chalicelib import clock, ids
from chalicelib.adjustments import rules, store, unmatched
from chalicelib.adjustments.store import Adjustment
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Posting
from chalicelib.reconciliation import matching
from chalicelib.reconciliation import store as cases
from chalicelib.reconciliation.store import Case
from chalicelib.users import store as users

_CREDIT = ('promo_credit', 'unmatched_money')
"""What pays first what its user owes."""


def propose(tx: Transaction, admin_id: str, wanted: dict[str, Any], reason: str) -> Adjustment:
    """Says what is to be posted, and why. Whoever proposes it is the first of the two who approve it."""
    adjustment_id = ids.new('adj')
    _must_be_of_others(_posting(adjustment_id, wanted), admin_id)
    adjustment = Adjustment(id=adjustment_id, wanted=wanted, reason=reason, proposed_by=admin_id, proposed_at=clock.now_ms())
    store.add(tx, adjustment)
    return adjustment


def approve(tx: Transaction, admin_id: str, adjustment_id: str) -> Adjustment:
    """The second approval, by somebody else: it is posted."""
    adjustment = _open(adjustment_id)
    if adjustment.proposed_by == admin_id:
        raise Forbidden('Whoever proposed an adjustment has approved it already; somebody else has to as well')
    case, posting = _case(adjustment.wanted), _posting(adjustment_id, adjustment.wanted)
    _must_be_of_others(posting, adjustment.proposed_by, admin_id)
    _decide(adjustment, 'posted', admin_id)
    adjustment.txid = posting.txid if posting else None
    if case and adjustment.wanted['kind'] == 'unmatched_refund':
        unmatched.begin(adjustment, unmatched.line_of(case))
    store.save(tx, adjustment)
    if case:
        _settle(tx, case, adjustment)
    if posting:
        ledger.post(tx, posting)
    if adjustment.wanted['kind'] == 'reversal':
        _reopen_case_of(tx, adjustment.wanted['reverse_of'])
    return adjustment


def reject(tx: Transaction, admin_id: str, adjustment_id: str) -> Adjustment:
    """Anybody of the administration, its proposer too, lets it be."""
    adjustment = _open(adjustment_id)
    _decide(adjustment, 'rejected', admin_id)
    store.save(tx, adjustment)
    return adjustment


def _must_be_of_others(posting: Posting | None, *admin_ids: str) -> None:
    """Whoever has a hand in it owns none of the money that it moves, in either direction."""
    if posting and any(line.owner_id in admin_ids for line in posting.lines):
        raise Forbidden('Nobody proposes or approves what moves money of their own')


def _posting(adjustment_id: str, wanted: dict[str, Any]) -> Posting | None:
    case = _case(wanted)
    if case and wanted['kind'] == 'close_case':
        _must_be_closed_by_hand(case)
        return None
    if case and wanted['kind'] == 'absorb_difference':
        return _absorbed(adjustment_id, case)
    if wanted['kind'] == 'reversal':
        return _reversal(wanted['reverse_of'])
    rules.check(wanted)
    for pointer, user_id in _people(wanted):
        try:
            users.get(user_id)
        except NotFound as missing:
            raise Invalid.at(pointer, missing.detail) from missing
    if case:
        _check_suspense(wanted, case)
    if case and wanted['kind'] == 'unmatched_refund':
        unmatched.line_of(case)
    owed = ledger.owed(wanted['user_id'], wanted['currency']) if wanted['kind'] in _CREDIT else 0
    return rules.posting_of(adjustment_id, wanted, case.provider if case else None, owed)


def _people(wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Everybody whose money it moves, and where they are named."""
    if 'user_id' in wanted:
        yield '#/user_id', wanted['user_id']
    for name in ('debit_account', 'credit_account'):
        if owner := rules.owner_of(wanted.get(name, '')):
            yield f'#/{name}', owner


def _case(wanted: dict[str, Any]) -> Case | None:
    """The open case that it is about, if it is about one."""
    if 'case_id' not in wanted:
        return None
    found = cases.case(wanted['case_id'])
    if found is None or found.state != 'open':
        raise Invalid.at('#/case_id', f'There is no open case {wanted["case_id"]}; GET /admin/reconciliation lists them')
    return found


def _must_be_closed_by_hand(case: Case) -> None:
    """What is missing is part of the sums until a line shows it, and suspense is emptied by its case."""
    if case.reason == 'missing':
        said = f'This case closes itself when a line of the report shows {case.subject}; if none ever will, `absorb_difference`'
        raise Invalid.at('#/case_id', said)
    if there := case.suspense_minor:
        said = f'This case has {there} minor units in suspense: say whose they are, send them back, or `absorb_difference`'
        raise Invalid.at('#/case_id', said)


def _absorbed(adjustment_id: str, case: Case) -> Posting:
    """Of what is in suspense all that is left, and of what is missing all that we have posted."""
    about = adjustment_id, case.provider, case.seen_currency or case.currency
    if case.reason == 'missing' and (row := ledger.posted(case.subject)):
        return corrections.difference_absorbed(*about, matching.lines_at(case.provider, row))
    if not case.suspense_minor:
        raise Invalid.at('#/case_id', 'Nothing of this case is in suspense, and it misses nothing: `close_case`')
    return corrections.difference_absorbed(*about, [(f'suspense:{case.provider}', case.suspense_minor)])


def _settle(tx: Transaction, case: Case, adjustment: Adjustment) -> None:
    """What the case is left with."""
    wanted = adjustment.wanted
    if wanted['kind'] == 'close_case':
        cases.close_case(tx, case)
    elif case.reason == 'missing':
        cases.match(tx, case.subject, case.provider, adjustment.id)
        cases.show_missing(tx, case)
    else:
        cases.give(tx, case, wanted.get('amount_minor', case.suspense_minor))


def _check_suspense(wanted: dict[str, Any], case: Case) -> None:
    """Nobody is given more than the case has in suspense."""
    there = case.suspense_minor
    if wanted['currency'] != (case.seen_currency or case.currency):
        raise Invalid.at('#/currency', f'This case is about {case.seen_currency or case.currency}')
    if wanted['amount_minor'] > there:
        raise Invalid.at('#/amount_minor', f'This case has {max(there, 0)} minor units in suspense')


def _reversal(txid: str) -> Posting:
    row = ledger.posted(txid)
    if row is None:
        raise Invalid.at('#/reverse_of', f'There is no transaction {txid}')
    posting = rules.reversal_of(txid, row['currency'], json.loads(row['lines']))
    if ledger.posted(posting.txid):
        raise Invalid.at('#/reverse_of', f'{txid} was reversed already')
    return posting


def _reopen_case_of(tx: Transaction, txid: str) -> None:
    """What is in suspense again, since it was given to somebody by mistake, waits for staff again."""
    name, _, adjustment_id = txid.partition(':')
    if name == 'adjust' and 'case_id' in (wanted := store.get(adjustment_id).wanted):
        cases.give_back(tx, wanted['case_id'], wanted['amount_minor'])


def _open(adjustment_id: str) -> Adjustment:
    adjustment = store.get(adjustment_id)
    if adjustment.state != 'proposed':
        raise Conflict(f'This adjustment is {adjustment.state} already')
    return adjustment


def _decide(adjustment: Adjustment, state: str, admin_id: str) -> None:
    adjustment.state, adjustment.decided_by, adjustment.decided_at = state, admin_id, clock.now_ms()
