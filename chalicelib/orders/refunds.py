"""Refunds: what an order that was not completed owes its buyer. Asked here; sent and settled with the payment provider."""

from chalicelib import clock, ids
from chalicelib.db import Transaction
from chalicelib.ledger import postings
from chalicelib.ledger import store as ledger
from chalicelib.orders import store
from chalicelib.orders.lifecycle import SYSTEM, OrderFunds
from chalicelib.orders.store import Order, Refund


def new(order: Order, payment_id: str) -> Refund:
    """A refund of all that was paid, due to be sent at once."""
    now = clock.now_ms()
    refund = Refund(
        store.pk(order.id),
        id=ids.new('ref'),
        order_id=order.id,
        payment_id=payment_id,
        currency=order.currency,
        amount_minor=order.bargain.total_minor,
        requested_at=now,
    )
    refund.set_timer(('send_refund', now))
    refund.hold(order.buyer_id, 'refund', refund.amount_minor)
    return refund


def request(tx: Transaction, order: Order, refund: Refund) -> None:
    """The money that is held for the order sets off. The order itself is saved by the caller."""
    _add(tx, order, refund)
    ledger.post(tx, postings.refund_requested(order.bargain, refund.id))


def return_late_payment(tx: Transaction, order: Order, *, payment_id: str, provider: str) -> None:
    """A payment that was captured for an order which does not take it any more goes straight back.

    It says nothing of the money that another payment has brought, or may still bring.
    """
    refund = new(order, payment_id)
    if payment_id == order.payment_id:
        order.funds = OrderFunds.REFUNDING.value
    store.save(tx, order)
    _add(tx, order, refund)
    ledger.post(tx, postings.late_payment_captured(order.bargain, payment_id, refund.id, provider))


def settle(tx: Transaction, order: Order, refund: Refund, *, provider: str, failure: str | None) -> None:
    """What the provider said has become of it. What could not be sent back goes to the buyer's wallet."""
    refund.state, refund.failure = ('failed', failure) if failure else ('succeeded', None)
    refund.settled_at = clock.now_ms()
    refund.set_timer(None)
    refund.let_go()
    if refund.payment_id == order.payment_id:
        order.funds = OrderFunds.REFUNDED.value
    store.save_refund(tx, refund)
    store.save(tx, order)
    if failure:
        ledger.post(tx, postings.refund_failed(order.bargain, refund.id))
    else:
        ledger.post(tx, postings.refund_succeeded(order.bargain, refund.id, provider))
    store.note(tx, order, 'RefundFailed' if failure else 'RefundSucceeded', SYSTEM, refund_id=refund.id)


def _add(tx: Transaction, order: Order, refund: Refund) -> None:
    store.add_part(tx, order, refund, f'REFUND#{refund.id}')
    store.note(tx, order, 'RefundRequested', SYSTEM, refund_id=refund.id, amount_minor=refund.amount_minor)
    order.refunds.append(refund)
