"""The verbs of a payment: start it, ask the provider, and record what it says.

A payment is reserved in our own rows before the provider hears of it, and what the provider says is recorded in one
transaction with all that follows from it. In between anything may die: the row is due until it is settled, and asking the
provider again under the same id changes nothing there.
"""

from chalicelib import clock, db, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict
from chalicelib.observe import logger
from chalicelib.orders import actions as orders
from chalicelib.orders import lifecycle, refunds
from chalicelib.orders import store as order_store
from chalicelib.orders.lifecycle import SYSTEM, OrderState
from chalicelib.orders.store import Order
from chalicelib.payments import store
from chalicelib.payments.port import ASK_AGAIN_MS, Outcome, Status, agreed, ask_again_at
from chalicelib.payments.providers import provider, provider_for
from chalicelib.payments.store import Payment


def start(tx: Transaction, caller: Caller, order_id: str, method: str) -> Payment:
    """Reserves an attempt to pay. An order has one at a time, so that it is never paid twice."""
    order, actor = order_store.load_for(order_id, caller)
    lifecycle.decide('pay', actor, order.facts())
    if order.payment_id:
        raise Conflict(f'Payment {order.payment_id} of this order is still being made; confirm it, or wait until it fails')
    now = clock.now_ms()
    payment_id = ids.new('pay')
    payment = Payment(
        store.pk(payment_id),
        'PAYMENT',
        id=payment_id,
        order_id=order_id,
        buyer_id=caller.user_id,
        provider=provider_for(order.currency).name,
        method=method,
        currency=order.currency,
        amount_minor=order.bargain.total_minor,
        created_at=now,
        expires_at_ms=order.due_at or now,
    )
    payment.set_timer(('settle_payment', now + ASK_AGAIN_MS))
    order.payment_id = payment_id
    store.add(tx, payment)
    order_store.save(tx, order)
    order_store.note(tx, order, 'PaymentStarted', actor, payment_id=payment_id)
    return payment


def settle(payment_id: str, told_ref: str | None = None) -> Payment:
    """Asks the provider what has become of a payment, and records it. May be done at any time, and again.

    `told_ref` is what somebody says the provider calls it; it is believed where nothing better is known.
    """
    payment = store.get(payment_id)
    if payment.has_captured:
        return payment
    outcome = agreed(_ask(payment, told_ref), payment.id, payment.money)
    return db.atomically(lambda tx: _record(tx, payment, outcome))


def _ask(payment: Payment, told_ref: str | None = None) -> Outcome:
    """What the provider knows of a payment. It makes one only as long as the order waits for it, and then ends it."""
    at_provider, ref = provider(payment.provider), payment.provider_ref or told_ref
    found = at_provider.find_payment(payment.id, ref) if payment.state != 'requested' or ref else None
    if found and not found.is_open:
        return found
    now = clock.now_ms()
    if now < payment.expires_at_ms and _is_waited_for(order_store.load(payment.order_id), payment):
        make = at_provider.create_payment
        return found or make(payment.id, payment.money, payment.method, expires_at=payment.expires_at_ms)
    if found := at_provider.cancel_payment(payment.id, ref):
        return found
    # An earlier request of ours may still be on its way there, but none of them lives for more than a minute.
    if now > payment.expires_at_ms + ASK_AGAIN_MS:
        return Outcome(payment.id, payment.money, Status.FAILED, failure='expired')
    return Outcome(payment.id, payment.money, Status.PENDING)


def _record(tx: Transaction, asked: Payment, outcome: Outcome) -> Payment:
    # In this order: an order that is read after its payment may have been paid with it in between.
    order = order_store.load(asked.order_id)
    payment = store.get(asked.id)
    if payment.has_captured or (payment.state == 'failed' and outcome.status is not Status.SUCCEEDED):
        return payment
    payment.provider_ref = outcome.ref or payment.provider_ref
    match outcome.status:
        case Status.SUCCEEDED:
            _succeed(tx, payment, order)
        case Status.FAILED:
            _fail(tx, payment, order, outcome.failure)
        case Status.REQUIRES_ACTION:
            payment.state, payment.next_action_url = 'requires_action', outcome.next_action_url
            payment.set_timer(('settle_payment', max(payment.expires_at_ms, clock.now_ms()) + clock.SECOND))
        case _:
            payment.state = 'pending'
            payment.set_timer(('settle_payment', ask_again_at(payment.created_at)))
    store.save(tx, payment)
    return payment


def _succeed(tx: Transaction, payment: Payment, order: Order) -> None:
    if _is_waited_for(order, payment):
        _close(payment, 'succeeded')
        orders.capture(tx, order, payment_id=payment.id, provider=payment.provider)
    else:
        logger.warning('paid too late, and returned', payment_id=payment.id, order_id=order.id)
        _close(payment, 'returned')
        refunds.return_late_payment(tx, order, payment_id=payment.id, provider=payment.provider)


def _fail(tx: Transaction, payment: Payment, order: Order, failure: str | None) -> None:
    _close(payment, 'failed')
    payment.failure = failure
    if _is_waited_for(order, payment):
        order.payment_id = None
        order_store.save(tx, order)
        order_store.note(tx, order, 'PaymentFailed', SYSTEM, payment_id=payment.id, failure=failure)


def _is_waited_for(order: Order, payment: Payment) -> bool:
    return order.state == OrderState.PENDING_PAYMENT and order.payment_id == payment.id


def _close(payment: Payment, state: str) -> None:
    payment.state, payment.next_action_url, payment.settled_at = state, None, clock.now_ms()
    payment.set_timer(None)


def send_refund(order_id: str, refund_sk: str, *, is_told: bool = False) -> None:
    """Asks the provider to send a refund, and records what it says. May be done again; what is told of need not be due."""
    refund = order_store.refund(order_store.load(order_id), refund_sk)
    if refund.state != 'requested' or not (is_told or refund.is_due('send_refund')):
        return
    payment = store.get(refund.payment_id)
    at_provider, payment_ref = provider(payment.provider), payment.provider_ref
    found = at_provider.find_refund(refund.id, refund.provider_ref, payment_ref)
    outcome = found or at_provider.refund(refund.id, payment.id, refund.money, payment_ref)
    said = agreed(outcome, refund.id, refund.money)
    db.atomically(lambda tx: _record_refund(tx, order_id, refund_sk, payment.provider, said))


def _record_refund(tx: Transaction, order_id: str, refund_sk: str, provider_name: str, outcome: Outcome) -> None:
    order = order_store.load(order_id)
    refund = order_store.refund(order, refund_sk)
    if refund.state != 'requested':
        return
    refund.provider_ref = outcome.ref or refund.provider_ref
    if outcome.status in (Status.SUCCEEDED, Status.FAILED):
        failure = (outcome.failure or 'unknown') if outcome.status is Status.FAILED else None
        refunds.settle(tx, order, refund, provider=provider_name, failure=failure)
    else:
        refund.set_timer(('send_refund', ask_again_at(refund.requested_at)))
        order_store.save_refund(tx, refund)
