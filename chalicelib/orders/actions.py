"""The main line of an order: place, capture, accept, complete, release; and its ends: cancel, expire, time out."""

from chalicelib import clock, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid
from chalicelib.gigs import store as gigs
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Posting
from chalicelib.ledger.purse import Means, Standing
from chalicelib.orders import deliveries, lifecycle, refunds, store
from chalicelib.orders.lifecycle import SYSTEM, Actor, Fault, OrderFunds, OrderRole, OrderState
from chalicelib.orders.rows import Order
from chalicelib.quotes import agreements
from chalicelib.quotes import store as quotes
from chalicelib.quotes.agreements import Agreed
from chalicelib.quotes.rules import Rates
from chalicelib.quotes.store import Quote
from chalicelib.users import store as users


def place(tx: Transaction, buyer_id: str, quote_id: str) -> Order:
    """Freezes the quote of a gig as an order that waits for its payment. One read, and one transaction."""
    quote = quotes.get(quote_id, buyer_id)
    if quote.order_id:
        raise Conflict(f'Quote {quote_id} has bought order {quote.order_id} already; ask for a new quote')
    if quote.valid_until < clock.now_ms():
        raise Conflict(f'Quote {quote_id} is not valid any more; ask for a new one')
    gigs.must_be_for_sale(tx, quote.gig_id)
    order = _ordered(quote)
    quotes.use(tx, quote, order.id)
    return _place(tx, order, Actor(OrderRole.BUYER, buyer_id))


def place_agreed(tx: Transaction, actor: Actor, agreed: Agreed, rates: Rates) -> Order:
    """Places an order on terms that `actor` is the last to agree to. That this happens once is the caller's condition."""
    agreements.check(agreed, rates)
    quote = agreements.quote(agreed, rates)
    order = _ordered(quote)
    agreements.use(tx, quote, order.id)
    return _place(tx, order, actor)


def _ordered(quote: Quote) -> Order:
    order_id = ids.new('ord')
    return Order(
        store.pk(order_id),
        'ORDER',
        id=order_id,
        source_kind=quote.source_kind,
        source_id=quote.source_id,
        gig_id=quote.gig_id,
        gig_kind=quote.gig_kind,
        title=quote.terms['title'],
        buyer_id=quote.buyer_id,
        seller_id=quote.seller_id,
        quote_id=quote.id,
        currency=quote.currency,
        price_minor=quote.price_minor,
        buyer_fee_minor=quote.buyer_fee_minor,
        tax_minor=quote.tax_minor,
        commission_minor=quote.commission_minor,
        policy_version=quote.policy_version,
        terms=quote.terms,
        created_at=clock.now_ms(),
    )


def _place(tx: Transaction, order: Order, actor: Actor) -> Order:
    order.enter(OrderState.PENDING_PAYMENT)
    store.add(tx, order)
    store.note(tx, order, 'OrderPlaced', actor)
    return order


def capture(tx: Transaction, order: Order, means: Means) -> None:
    """The buyer's money is here: it is held, and the work begins (or, for a digital product, is delivered)."""
    lifecycle.decide('capture', SYSTEM, order.facts())
    order.paid_at, order.payment_id, order.funds = clock.now_ms(), means.payment_id, OrderFunds.HELD.value
    order.take_in(order.price, means)
    state = lifecycle.after_payment(order.gig_kind, has_requirements=bool(order.terms['requirements']))
    if state is OrderState.IN_PROGRESS:
        order.start_clock()
    order.enter(state)
    store.save(tx, order)
    ledger.post(tx, postings.payment_captured(order.sides, order.price, means))
    store.note(tx, order, 'PaymentCaptured', SYSTEM, payment_id=means.payment_id)
    if state is OrderState.DELIVERED:
        deliveries.hand_over_product(tx, order)


def accept(tx: Transaction, caller: Caller, order_id: str) -> Order:
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('accept', actor, order.facts())
    _complete(tx, order, actor)
    return order


def complete(tx: Transaction, order: Order) -> None:
    """Silence is consent."""
    lifecycle.decide('complete', SYSTEM, order.facts())
    _complete(tx, order, SYSTEM)


def _complete(tx: Transaction, order: Order, actor: Actor) -> None:
    posting = _earn(order)
    store.save(tx, order)
    ledger.post(tx, posting)
    store.note(tx, order, 'OrderCompleted', actor)


def _earn(order: Order) -> Posting:
    """Completes an order that the caller saves, and returns what is to be posted with it."""
    before = order.purse
    order.purse = before.completed(order.terms['commission_bps'], order.currency)
    order.completed_at, order.funds = clock.now_ms(), OrderFunds.CLEARING.value
    order.enter(OrderState.COMPLETED)
    if not order.purse.held_minor:
        refunds.empty(order)  # all of the price has gone back, and what was left was our fee
    order.account_for()
    return postings.order_completed(order.sides, before, order.purse, order.tax_country)


def divide(tx: Transaction, order: Order, refund_minor: int, actor: Actor, *, reason: str, fault: Fault) -> None:
    """Ends a dispute: what is the buyer's goes back, and what is the seller's is earned, or goes on clearing."""
    is_done = order.state == OrderState.COMPLETED
    if refund_minor == order.purse.refundable_minor and not is_done:
        close(tx, order, OrderState.CANCELLED, actor, reason=reason, fault=fault)
        return
    taken = refunds.take(order, refund_minor, actor, reason) if refund_minor else None
    earned = None if is_done else _earn(order)
    order.account_for()
    store.save(tx, order)
    refunded = refunds.request(tx, order, taken, Standing(), actor) if taken else None
    ledger.post(tx, *(posting for posting in (refunded, earned) if posting))
    if earned:
        store.note(tx, order, 'OrderCompleted', actor)


def release(tx: Transaction, order: Order) -> None:
    """The clearing period is over: the money is the seller's to withdraw."""
    lifecycle.decide('release', SYSTEM, order.facts())
    cleared = order.purse
    order.released_at, order.funds = clock.now_ms(), OrderFunds.RELEASED.value
    order.purse = cleared.let_out()
    order.set_timer(None)
    order.let_go()
    store.save(tx, order)
    standing = ledger.standing(order.seller_id, order.currency)
    ledger.post(tx, postings.payment_released(order.sides, cleared, standing))
    store.note(tx, order, 'PaymentReleased', SYSTEM)


def cancel(tx: Transaction, caller: Caller, order_id: str, reason: str, fault: Fault | None) -> Order:
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('cancel', actor, order.facts())
    if fault and actor.role is not OrderRole.STAFF:
        raise Invalid.at('#/fault', 'Only support says whose fault it is; leave it out')
    close(
        tx,
        order,
        OrderState.CANCELLED,
        actor,
        reason=reason,
        fault=fault or lifecycle.fault_of('cancel', actor.role, order.facts()),
    )
    return order


def expire(tx: Transaction, order: Order) -> None:
    lifecycle.decide('expire', SYSTEM, order.facts())
    close(tx, order, OrderState.EXPIRED, SYSTEM, reason='It was not paid in time', fault=Fault.NONE)


def time_out(tx: Transaction, order: Order) -> None:
    """Whoever had to act did not: no requirements, or no delivery."""
    lifecycle.decide('time_out', SYSTEM, order.facts())
    missing = 'requirements' if order.state == OrderState.AWAITING_REQUIREMENTS else 'a delivery'
    fault = lifecycle.fault_of('time_out', OrderRole.SYSTEM, order.facts())
    close(tx, order, OrderState.CANCELLED, SYSTEM, reason=f'It waited too long for {missing}', fault=fault)


def close(tx: Transaction, order: Order, state: OrderState, actor: Actor, *, reason: str, fault: Fault) -> None:
    """An end without completion: whatever is held goes back, and whatever was handed over is taken back."""
    deliveries.take_back(tx, order)
    order.enter(state)
    order.closed_at, order.closed_by, order.closed_because = clock.now_ms(), actor.role.value, reason
    is_paid = order.funds == OrderFunds.HELD
    order.fault = (fault if is_paid else Fault.NONE).value
    taken = refunds.take(order, order.purse.refundable_minor, actor, reason) if is_paid else None
    order.account_for()
    store.save(tx, order)
    store.note(tx, order, f'Order{state.value.capitalize()}', actor, reason=reason, fault=order.fault)
    if taken:
        ledger.post(tx, refunds.request(tx, order, taken, Standing(), actor))
    _blame(tx, order)


def _blame(tx: Transaction, order: Order) -> None:
    """Only the record of whose fault it was changes."""
    if order.fault != Fault.NONE:
        user_id = order.buyer_id if order.fault == Fault.BUYER else order.seller_id
        users.count_fault(tx, user_id, f'{order.fault}_faults')
