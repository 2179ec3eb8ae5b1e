"""Refunds: money of an order that goes back to its buyer, all or part of it. Asked here; sent and settled with the provider.

It goes back the way it came: through the provider first, then to the wallet, and last to credit that was given. One refund is
of one payment.
"""

from typing import NamedTuple

from chalicelib import clock, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import InsufficientFunds, Invalid
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.order_postings import Leg
from chalicelib.ledger.postings import Posting
from chalicelib.ledger.purse import Means, Standing
from chalicelib.money import must_be_whole
from chalicelib.orders import lifecycle, limits, store
from chalicelib.orders.lifecycle import SYSTEM, Actor, OrderFunds, OrderRole, OrderState
from chalicelib.orders.rows import Order, Refund

_WAYS = ('card', 'wallet', 'promo')


class Taken(NamedTuple):
    """What was taken out of a purse, by its names, and the refunds that it becomes."""

    parts: dict[str, int]
    refunds: list[Refund]


def grant(tx: Transaction, caller: Caller, order_id: str, amount_minor: int, reason: str) -> Order:
    """A seller, or support, gives back part of what an order has cost; after its completion also all of the price."""
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('refund', actor, order.facts())
    limits.check_another_refund(order)
    _check(order, amount_minor)
    is_out = order.purse.released or order.purse.earned
    standing = ledger.standing(order.seller_id, order.currency) if is_out else Standing()
    if actor.role is OrderRole.SELLER:
        _check_means(order, amount_minor, standing)
    taken = take(order, amount_minor, actor, reason)
    store.save(tx, order)
    ledger.post(tx, request(tx, order, taken, standing, actor))
    return order


def _check(order: Order, amount_minor: int) -> None:
    most = order.purse.refundable_minor
    must_be_whole(amount_minor, order.currency, '#/amount_minor')
    if amount_minor > most:
        raise Invalid.at('#/amount_minor', f'This order has {most} minor units of {order.currency} that could go back')
    if amount_minor == most and order.state != OrderState.COMPLETED:
        raise Invalid.at('#/amount_minor', f'This is all of it: cancel the order instead, or give back less than {most}')


def _check_means(order: Order, amount_minor: int, standing: Standing) -> None:
    """A seller gives only what they have; support may put them in debt."""
    needed = order.purse.taken(amount_minor, order.currency).get('released', 0)
    if needed > standing.available_minor:
        raise InsufficientFunds(f'Your part of it is {needed} minor units, of which {standing.available_minor} are available')


def take(order: Order, amount_minor: int, actor: Actor, reason: str | None) -> Taken:
    """Takes an amount out of the order's purse, as refunds that are still to be requested. The caller saves the order."""
    parts = order.purse.taken(amount_minor, order.currency)
    order.purse = order.purse.less(parts)
    refunds = _legs(order, amount_minor, actor, reason)
    order.refunds += refunds
    if order.funds in (OrderFunds.HELD, OrderFunds.CLEARING) and not order.purse.held_minor:
        empty(order)
    order.account_for()
    return Taken(parts, refunds)


def empty(order: Order) -> None:
    """Its accounts hold nothing any more: the buyer has it, or will have it."""
    order.funds = OrderFunds.REFUNDING.value
    order.funds = funds_of(order)
    order.set_timer(None)


def request(tx: Transaction, order: Order, taken: Taken, standing: Standing, actor: Actor) -> Posting:
    """Adds the refunds to an order that was saved, and returns what the caller has to post: the money sets off."""
    legs = [Leg(refund.id, refund.card_minor, refund.wallet_minor, refund.promo_minor) for refund in taken.refunds]
    _add(tx, order, taken.refunds, actor)
    owed = _owed(order, sum(leg.wallet_minor for leg in legs))
    return postings.refund_requested(order.sides, taken.parts, legs, standing, owed)


def return_late_payment(tx: Transaction, order: Order, means: Means) -> None:
    """A payment that was captured for an order which does not take it any more goes straight back.

    It says nothing of the money that another payment has brought, or may still bring.
    """
    ways = {'card': means.card_minor, 'wallet': means.wallet_minor, 'promo': means.promo_minor}
    refund = _new(order, means.payment_id, ways, SYSTEM, 'It came too late')
    order.refunds.append(refund)
    if means.payment_id == order.payment_id:
        order.funds = (OrderFunds.REFUNDED if refund.state == 'succeeded' else OrderFunds.REFUNDING).value
    store.save(tx, order)
    _add(tx, order, [refund], SYSTEM)
    ledger.post(tx, postings.late_payment_captured(order.sides, means, refund.id, _owed(order, means.wallet_minor)))


def settle(tx: Transaction, order: Order, refund: Refund, *, provider: str, failure: str | None) -> None:
    """What the provider said has become of it. What could not be sent back goes to the buyer's wallet."""
    _close(tx, order, refund, 'failed' if failure else 'succeeded', failure)
    if failure:
        owed = _owed(order, refund.card_minor)
        ledger.post(tx, postings.refund_failed(order.sides, refund.id, refund.card_minor, owed))
    else:
        ledger.post(tx, postings.refund_succeeded(order.sides, refund.id, refund.card_minor, provider))
    store.note(tx, order, 'RefundFailed' if failure else 'RefundSucceeded', SYSTEM, refund_id=refund.id)


def come_back(tx: Transaction, order: Order, refund: Refund, *, provider: str, failure: str) -> None:
    """It was sent, whether we had heard of that or not, and the buyer's bank has sent it back."""
    sides, minor, in_doubt = order.sides, refund.card_minor, is_in_doubt(order, refund)
    sent = [] if refund.state == 'succeeded' else [postings.refund_succeeded(sides, refund.id, minor, provider)]
    _close(tx, order, refund, 'held_back' if in_doubt else 'returned', failure)
    owed = 0 if in_doubt else _owed(order, minor)
    returned = postings.refund_returned(sides, refund.id, minor, provider, is_in_doubt=in_doubt, owed_minor=owed)
    ledger.post(tx, *sent, returned)
    store.note(tx, order, 'RefundReturned', SYSTEM, refund_id=refund.id)


def let_go(tx: Transaction, order: Order, refund: Refund) -> None:
    """What came back while the bank had the payment is the buyer's, as far as the bank has not given them the money."""
    _wait_or(tx, order, refund, 'returned', refund.failure)


def fail_in_doubt(tx: Transaction, order: Order, refund: Refund, failure: str) -> None:
    """It cannot be sent, and a bank has claimed the payment back: as `let_go`."""
    _wait_or(tx, order, refund, 'failed', failure)


def _close(tx: Transaction, order: Order, refund: Refund, state: str, failure: str | None) -> None:
    seen, refund.state, refund.failure, refund.settled_at = refund.state, state, failure, clock.now_ms()
    refund.set_timer(_look_again() if state == 'held_back' else None)
    refund.let_go()
    order.funds = funds_of(order)
    _save(tx, order, refund, seen)


def _save(tx: Transaction, order: Order, refund: Refund, seen: str) -> None:
    store.save_refund(tx, refund, seen)
    store.save(tx, order)


def is_in_doubt(order: Order, refund: Refund) -> bool:
    """Whether the buyer has some of it from their bank already, or may have it yet."""
    claim = order.claims.get(refund.payment_id)
    return bool(claim and (claim['is_open'] or claim['excess']))


def hold_back(tx: Transaction, order: Order, refund: Refund) -> None:
    """Waits for the bank; what of it the bank has given the buyer is not sent, and the rest is."""
    _wait_or(tx, order, refund, 'requested', refund.failure)


def _wait_or(tx: Transaction, order: Order, refund: Refund, state: str, failure: str | None) -> None:
    """Once the bank has decided, what it has not given the buyer comes into a state: to be sent, or in their wallet."""
    claim = order.claims.get(refund.payment_id, {'is_open': False, 'excess': 0})
    if claim['is_open']:
        refund.set_timer(_look_again())
        _save(tx, order, refund, refund.state)
        return
    superseded = min(claim['excess'], refund.card_minor)
    rest = refund.card_minor - superseded
    if superseded:
        refund.times_superseded += 1
        order.claim(refund.payment_id, is_open=False, excess_minor=claim['excess'] - superseded)
    if rest:
        refund.lessen(superseded)
    if rest and state == 'requested':
        refund.set_timer(('send_refund', clock.now_ms()))
        _save(tx, order, refund, refund.state)
    else:
        _close(tx, order, refund, state if rest else 'superseded', failure)
    _part(tx, order, refund, superseded, 0 if state == 'requested' else rest)


def _part(tx: Transaction, order: Order, refund: Refund, superseded_minor: int, wallet_minor: int) -> None:
    parts = []
    if superseded_minor:
        parts.append(postings.refund_superseded(order.sides, refund.id, superseded_minor, refund.times_superseded))
        store.note(tx, order, 'RefundSuperseded', SYSTEM, refund_id=refund.id, amount_minor=superseded_minor)
    if wallet_minor:
        parts.append(postings.refund_failed(order.sides, refund.id, wallet_minor, _owed(order, wallet_minor)))
        store.note(tx, order, 'RefundFailed', SYSTEM, refund_id=refund.id)
    ledger.post(tx, *parts)


def _look_again() -> tuple[str, int]:
    """Until a bank has decided, which takes it weeks."""
    return 'send_refund', clock.now_ms() + clock.HOUR


def funds_of(order: Order) -> str:
    """Money that was on its way back to the buyer has arrived, once nothing of it is on its way any more."""
    is_back = order.funds == OrderFunds.REFUNDING and not any(_is_waited_for(order, refund) for refund in order.refunds)
    return OrderFunds.REFUNDED.value if is_back else order.funds


def _is_waited_for(order: Order, refund: Refund) -> bool:
    """Whether the order's own money is on its way with it, and not what another payment has brought too late."""
    own = {order.payment_id, *(source['payment_id'] for source in order.sources)}
    return refund.state == 'requested' and refund.payment_id in own


def _legs(order: Order, amount_minor: int, actor: Actor, reason: str | None) -> list[Refund]:
    """An amount as refunds of the payments it came with, which remember what went back."""
    sources = [dict(source) for source in order.sources]
    shares: list[dict[str, int]] = [{} for _ in sources]
    for way in _WAYS:
        for source, share in zip(sources, shares, strict=True):
            part = min(amount_minor, source[way] - source[f'{way}_back'])
            share[way] = part
            source[f'{way}_back'] += part
            amount_minor -= part
    if amount_minor:
        raise AssertionError(f'Order {order.id} would give back {amount_minor} more than was paid')
    order.sources = sources
    return [
        _new(order, source['payment_id'], share, actor, reason)
        for source, share in zip(sources, shares, strict=True)
        if any(share.values())
    ]


def _new(order: Order, payment_id: str, share: dict[str, int], actor: Actor, reason: str | None) -> Refund:
    now = clock.now_ms()
    refund = Refund(
        store.pk(order.id),
        id=ids.new('ref'),
        order_id=order.id,
        payment_id=payment_id,
        currency=order.currency,
        amount_minor=sum(share.values()),
        card_minor=share['card'],
        wallet_minor=share['wallet'],
        promo_minor=share['promo'],
        reason=reason,
        by_role=actor.role.value,
        requested_at=now,
    )
    if refund.card_minor:
        refund.set_timer(('send_refund', now))
        refund.hold(order.buyer_id, 'refund', refund.card_minor, rule='until_confirmed')
    else:
        refund.state, refund.settled_at = 'succeeded', now
    return refund


def _owed(order: Order, to_wallet_minor: int) -> int:
    """What the buyer owes, where so much is on its way to their wallet."""
    return ledger.owed(order.buyer_id, order.currency) if to_wallet_minor else 0


def _add(tx: Transaction, order: Order, refunds: list[Refund], actor: Actor) -> None:
    for refund in refunds:
        store.add_part(tx, order, refund, f'REFUND#{refund.id}')
    amount_minor = sum(refund.amount_minor for refund in refunds)
    refund_ids = [refund.id for refund in refunds]
    store.note(tx, order, 'RefundRequested', actor, refund_ids=refund_ids, amount_minor=amount_minor, reason=refunds[0].reason)
