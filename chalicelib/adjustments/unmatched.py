"""Money in suspense that goes back the way it came: asked of its provider under the adjustment's own id.

Nobody owns it here, so what cannot be sent is in suspense again, and its case open.
"""

from typing import Any

from chalicelib import clock, db
from chalicelib.adjustments import store
from chalicelib.adjustments.store import Adjustment
from chalicelib.db import Transaction
from chalicelib.errors import Invalid, NotFound
from chalicelib.ledger import authority
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Posting
from chalicelib.payments import store as payments
from chalicelib.payments.port import Outcome, Status, agreed, ask_again_at
from chalicelib.payments.providers import provider
from chalicelib.reconciliation import store as cases
from chalicelib.reconciliation.store import Case


def line_of(case: Case) -> dict[str, Any]:
    """The line of the report that a case is about, where its provider can send back what that shows."""
    line = cases.line(case.provider, case.subject.removeprefix(f'{case.provider}:'))
    if line is None or not line.get('payment_ref'):
        said = f'{case.provider} cannot send back what this case is about: find out whose it is (`unmatched_money`)'
        raise Invalid.at('#/case_id', said)
    _must_be_settled(line.get('our_id'))
    return line


def _must_be_settled(payment_id: str | None) -> None:
    """A payment of ours that has not been captured would go back on its own as soon as somebody asks about it."""
    try:
        payment = payments.get(payment_id or '')
    except NotFound:
        return
    if not payment.has_captured:
        said = f'{payment_id} is a payment of ours, and {payment.state}: settle that first, and the case explains itself'
        raise Invalid.at('#/case_id', said)


def begin(adjustment: Adjustment, line: dict[str, Any]) -> None:
    """It is due to be asked of the provider. The caller saves it."""
    adjustment.provider, adjustment.payment_ref = line['provider'], line['payment_ref']
    adjustment.payment_id, adjustment.refund_state = line.get('our_id') or line['payment_ref'], 'requested'
    adjustment.set_timer(('send_unmatched', clock.now_ms()))


def send(adjustment_id: str, *, is_told: bool = False) -> None:
    """Asks the provider to send it back, and records what it says. May be done again; what is told of need not be due."""
    adjustment = store.get(adjustment_id)
    if adjustment.refund_state not in ('requested', 'succeeded') or not (is_told or adjustment.is_due('send_unmatched')):
        return
    at_provider, payment_ref = provider(adjustment.provider or ''), adjustment.payment_ref
    outcome = at_provider.find_refund(adjustment_id, adjustment.provider_ref, payment_ref)
    if outcome is None and adjustment.refund_state != 'requested':
        return
    outcome = outcome or at_provider.refund(adjustment_id, adjustment.payment_id or '', adjustment.money, payment_ref)
    said = agreed(outcome, adjustment_id, adjustment.money)
    db.atomically(lambda tx: _record(tx, adjustment_id, said), by=authority.provider(adjustment.provider or ''))


def check_told(provider_name: str, adjustment_id: str) -> None:
    """As `send`, of one of which a provider says that something has happened."""
    if store.get(adjustment_id).provider != provider_name:
        raise NotFound(f'{adjustment_id} was not asked of {provider_name}')
    send(adjustment_id, is_told=True)


def _record(tx: Transaction, adjustment_id: str, outcome: Outcome) -> None:
    adjustment = store.get(adjustment_id)
    adjustment.provider_ref = outcome.ref or adjustment.provider_ref
    match adjustment.refund_state, outcome.status:
        case 'requested', Status.SUCCEEDED:
            _end(tx, adjustment, 'succeeded', None, corrections.unmatched_refund_succeeded)
        case 'requested', Status.FAILED:
            _end(tx, adjustment, 'failed', outcome, corrections.unmatched_refund_failed)
        case 'requested', Status.RETURNED:  # both are in the provider's report
            both = corrections.unmatched_refund_succeeded, corrections.unmatched_refund_returned
            _end(tx, adjustment, 'returned', outcome, *both)
        case 'succeeded', Status.RETURNED | Status.FAILED:
            _end(tx, adjustment, 'returned', outcome, corrections.unmatched_refund_returned)
        case 'requested', _:
            adjustment.set_timer(('send_unmatched', ask_again_at(adjustment.decided_at or 0)))
            store.save_refund(tx, adjustment, 'requested')


def _end(tx: Transaction, adjustment: Adjustment, state: str, failed: Outcome | None, *postings: Any) -> None:
    seen, adjustment.refund_state, adjustment.settled_at = adjustment.refund_state or '', state, clock.now_ms()
    adjustment.set_timer(None)
    if failed:
        adjustment.failure = failed.failure or 'unknown'
        cases.give_back(tx, adjustment.wanted['case_id'], adjustment.money.minor)
    store.save_refund(tx, adjustment, seen)
    about = adjustment.id, adjustment.provider or '', adjustment.money.currency, adjustment.money.minor
    made: list[Posting] = [one(*about) for one in postings]
    ledger.post(tx, *made)
