"""The verbs of an adjustment: propose it, and as another person approve or reject it."""

import json
from typing import Any

from chalicelib import clock, ids
from chalicelib.adjustments import rules, store
from chalicelib.adjustments.store import Adjustment
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Posting
from chalicelib.users import store as users


def propose(tx: Transaction, admin_id: str, wanted: dict[str, Any], reason: str) -> Adjustment:
    """Says what is to be posted, and why. Whoever proposes it is the first of the two who approve it."""
    adjustment_id = ids.new('adj')
    _posting(adjustment_id, wanted)
    adjustment = Adjustment(id=adjustment_id, wanted=wanted, reason=reason, proposed_by=admin_id, proposed_at=clock.now_ms())
    store.add(tx, adjustment)
    return adjustment


def approve(tx: Transaction, admin_id: str, adjustment_id: str) -> Adjustment:
    """The second approval, by somebody else: it is posted."""
    adjustment = _open(adjustment_id)
    if adjustment.proposed_by == admin_id:
        raise Forbidden('Whoever proposed an adjustment has approved it already; somebody else has to as well')
    posting = _posting(adjustment_id, adjustment.wanted)
    _decide(adjustment, 'posted', admin_id)
    adjustment.txid = posting.txid
    store.save(tx, adjustment)
    ledger.post(tx, posting)
    return adjustment


def reject(tx: Transaction, admin_id: str, adjustment_id: str) -> Adjustment:
    """Anybody of the administration, its proposer too, lets it be."""
    adjustment = _open(adjustment_id)
    _decide(adjustment, 'rejected', admin_id)
    store.save(tx, adjustment)
    return adjustment


def _posting(adjustment_id: str, wanted: dict[str, Any]) -> Posting:
    if wanted['kind'] == 'reversal':
        return _reversal(wanted['reverse_of'])
    rules.check(wanted)
    if 'user_id' in wanted:
        try:
            users.get(wanted['user_id'])
        except NotFound as missing:
            raise Invalid.at('#/user_id', missing.detail) from missing
    return rules.posting_of(adjustment_id, wanted)


def _reversal(txid: str) -> Posting:
    row = ledger.posted(txid)
    if row is None:
        raise Invalid.at('#/reverse_of', f'There is no transaction {txid}')
    posting = rules.reversal_of(txid, row['currency'], json.loads(row['lines']))
    if ledger.posted(posting.txid):
        raise Invalid.at('#/reverse_of', f'{txid} was reversed already')
    return posting


def _open(adjustment_id: str) -> Adjustment:
    adjustment = store.get(adjustment_id)
    if adjustment.state != 'proposed':
        raise Conflict(f'This adjustment is {adjustment.state} already')
    return adjustment


def _decide(adjustment: Adjustment, state: str, admin_id: str) -> None:
    adjustment.state, adjustment.decided_by, adjustment.decided_at = state, admin_id, clock.now_ms()
