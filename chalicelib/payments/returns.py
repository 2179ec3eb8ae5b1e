"""Money that goes back through its provider: a refund is sent, and what the provider says of it is recorded."""

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.ledger import authority
from chalicelib.orders import refunds
from chalicelib.orders import store as order_store
from chalicelib.payments import store
from chalicelib.payments.port import Outcome, Status, agreed, ask_again_at
from chalicelib.payments.providers import provider

_MOVING = ('requested', 'succeeded', 'held_back')
"""Refunds of which something may still become."""


def send(order_id: str, refund_sk: str, *, is_told: bool = False) -> None:
    """Asks the provider to send a refund, and records what it says. May be done again; what is told of need not be due.

    What was sent is never sent again, but a bank may send it back.
    """
    order = order_store.load(order_id)
    refund = order_store.refund(order, refund_sk)
    if refund.state not in _MOVING or not (is_told or refund.is_due('send_refund')):
        return
    if refund.state == 'held_back':
        db.atomically(lambda tx: _let_go(tx, order_id, refund_sk), by=authority.timer('send_refund'))
        return
    payment = store.get(refund.payment_id)
    at_provider, payment_ref = provider(payment.provider), payment.provider_ref
    found = at_provider.find_refund(refund.id, refund.provider_ref, payment_ref)
    if found is None and refund.state != 'requested':
        return
    if found is None and refunds.is_in_doubt(order, refund):
        db.atomically(lambda tx: _hold_back(tx, order_id, refund_sk), by=authority.provider(payment.provider))
        return
    outcome = found or at_provider.refund(refund.id, payment.id, refund.money, payment_ref)
    said = agreed(outcome, refund.id, refund.money)
    by = authority.provider(payment.provider)
    db.atomically(lambda tx: _record(tx, order_id, refund_sk, payment.provider, said), by=by)


def _hold_back(tx: Transaction, order_id: str, refund_sk: str) -> None:
    """A bank has taken the payment back, or may yet: the buyer is not to have it twice."""
    order = order_store.load(order_id)
    refund = order_store.refund(order, refund_sk)
    if refund.state == 'requested' and refunds.is_in_doubt(order, refund):
        refunds.hold_back(tx, order, refund)


def _let_go(tx: Transaction, order_id: str, refund_sk: str) -> None:
    order = order_store.load(order_id)
    refund = order_store.refund(order, refund_sk)
    if refund.state == 'held_back':
        refunds.let_go(tx, order, refund)


def _record(tx: Transaction, order_id: str, refund_sk: str, provider_name: str, outcome: Outcome) -> None:
    order = order_store.load(order_id)
    refund = order_store.refund(order, refund_sk)
    failure = outcome.failure or 'unknown'
    refund.provider_ref = outcome.ref or refund.provider_ref
    match refund.state, outcome.status:
        case ('requested', Status.RETURNED) | ('succeeded', Status.RETURNED | Status.FAILED):
            refunds.come_back(tx, order, refund, provider=provider_name, failure=failure)
        case 'requested', Status.FAILED if refunds.is_in_doubt(order, refund):
            refunds.fail_in_doubt(tx, order, refund, failure)
        case 'requested', Status.FAILED:
            refunds.settle(tx, order, refund, provider=provider_name, failure=failure)
        case 'requested', Status.SUCCEEDED:
            refunds.settle(tx, order, refund, provider=provider_name, failure=None)
        case 'requested', _:
            refund.set_timer(('send_refund', ask_again_at(refund.requested_at)))
            order_store.save_refund(tx, refund, 'requested')
            order_store.save(tx, order)
