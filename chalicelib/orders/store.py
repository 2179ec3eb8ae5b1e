"""Rows of orders and of all that belongs to one: deliveries, extensions, refunds and the log."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute

from chalicelib import clock, policy, reads, settings
from chalicelib.auth import Caller
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.ledger.postings import Bargain
from chalicelib.ledger.store import HeldRow
from chalicelib.money import Money
from chalicelib.orders import lifecycle
from chalicelib.orders.lifecycle import Actor, Facts, OrderFunds, OrderRole, OrderState
from chalicelib.policy import Policy
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow


class Order(HeldRow, discriminator='order'):
    id = UnicodeAttribute()
    gig_id = UnicodeAttribute()
    gig_kind = UnicodeAttribute()
    title = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    quote_id = UnicodeAttribute()
    state = UnicodeAttribute()
    funds = UnicodeAttribute(default=OrderFunds.NONE.value)
    currency = UnicodeAttribute()
    price_minor = IntegerAttribute()
    buyer_fee_minor = IntegerAttribute()
    commission_minor = IntegerAttribute()
    policy_version = UnicodeAttribute()
    terms = JSONAttribute()
    """The quote, frozen: title, package, extras, delivery days, revisions, requirements, product, rates, seller's level."""
    answers = JSONAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    """The payment that is being tried, and later the one that was captured."""
    delivery_due_at = IntegerAttribute(null=True)
    revisions_used = IntegerAttribute(default=0)
    review_extension_days = IntegerAttribute(default=0)
    created_at = IntegerAttribute()
    paid_at = IntegerAttribute(null=True)
    completed_at = IntegerAttribute(null=True)
    released_at = IntegerAttribute(null=True)
    closed_at = IntegerAttribute(null=True)
    closed_by = UnicodeAttribute(null=True)
    closed_because = UnicodeAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys.
    buyer_shelf = UnicodeAttribute()
    seller_shelf = UnicodeAttribute()
    listed_at = UnicodeAttribute()

    deliveries: list[Delivery]
    extensions: list[Extension]
    refunds: list[Refund]

    @property
    def policy(self) -> Policy:
        return policy.of(self.policy_version)

    @property
    def bargain(self) -> Bargain:
        return Bargain(
            order_id=self.id,
            buyer_id=self.buyer_id,
            seller_id=self.seller_id,
            currency=self.currency,
            price_minor=self.price_minor,
            buyer_fee_minor=self.buyer_fee_minor,
            commission_minor=self.commission_minor,
        )

    @property
    def revisions_left(self) -> int | None:
        allowed = self.terms['revisions']
        return None if allowed is None else max(0, allowed - self.revisions_used)

    def facts(self) -> Facts:
        state = OrderState(self.state)
        product = self.terms['product'] or {}
        return Facts(
            state=state,
            is_very_late=lifecycle.is_very_late(state, self.delivery_due_at, clock.now_ms(), self.policy),
            is_returnable=product.get('refund_rule') == 'until_accepted',
            has_revisions_left=self.revisions_left != 0,
            is_clearing=self.funds == OrderFunds.CLEARING,
        )

    def start_clock(self) -> None:
        """The seller has the agreed delivery time from now on."""
        self.delivery_due_at = clock.now_ms() + self.terms['delivery_days'] * self.policy.day_ms

    def enter(self, state: OrderState) -> None:
        """Comes into a state, and sets the timer that goes with it."""
        self.state = state.value
        self.set_timer(
            lifecycle.timer(
                state,
                self.policy,
                now=clock.now_ms(),
                delivery_due_at=self.delivery_due_at,
                seller_level=self.terms['seller_level'],
            )
        )


class Delivery(MarketRow, discriminator='delivery'):
    number = IntegerAttribute()
    message = UnicodeAttribute()
    file_ids: ListAttribute[Any] = ListAttribute(default=list)
    delivered_at = IntegerAttribute()


class Extension(TimedRow, discriminator='extension'):
    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    days = IntegerAttribute()
    reason = UnicodeAttribute()
    state = UnicodeAttribute(default='open')
    asked_at = IntegerAttribute()


class Refund(HeldRow, discriminator='refund'):
    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    provider_ref = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    amount_minor = IntegerAttribute()
    state = UnicodeAttribute(default='requested')
    failure = UnicodeAttribute(null=True)
    requested_at = IntegerAttribute()
    settled_at = IntegerAttribute(null=True)

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Event(MarketRow, discriminator='event'):
    """One line of an order's log. It is written with what it tells, and never changed."""

    name = UnicodeAttribute()
    order_id = UnicodeAttribute()
    by_role = UnicodeAttribute()
    by_id = UnicodeAttribute(null=True)
    at = IntegerAttribute()
    data = JSONAttribute(default=dict)


def add(tx: Transaction, order: Order) -> None:
    order.pk, order.sk = pk(order.id), 'ORDER'
    order.buyer_shelf, order.seller_shelf = order.buyer_id, f'{order.seller_id}#order'
    order.listed_at = f'{order.created_at:015d}#{order.id}'
    order.deliveries, order.extensions, order.refunds = [], [], []
    tx.put(order, otherwise=Conflict(f'Order {order.id} exists already'))


def load(order_id: str) -> Order:
    """An order with all that belongs to it, but for its log. One request."""
    rows: list[Any] = list(MarketRow.query(pk(order_id), MarketRow.sk.startswith('ORDER'), consistent_read=True))
    order = next((row for row in rows if isinstance(row, Order)), None)
    if order is None:
        raise NotFound(f'There is no order {order_id}')
    order.deliveries = [row for row in rows if isinstance(row, Delivery)]
    order.extensions = [row for row in rows if isinstance(row, Extension)]
    order.refunds = [row for row in rows if isinstance(row, Refund)]
    return order


def refund_sk(refund_id: str) -> str:
    return f'ORDER#REFUND#{refund_id}'


def refund(order: Order, sk: str) -> Refund:
    found = next((refund for refund in order.refunds if refund.sk == sk), None)
    if found is None:
        raise NotFound(f'Order {order.id} has no refund {sk}')
    return found


def load_for(order_id: str, caller: Caller) -> tuple[Order, Actor]:
    """The order and what the caller is to it; to a stranger there is no such order."""
    order = load(order_id)
    if caller.user_id == order.buyer_id:
        return order, Actor(OrderRole.BUYER, caller.user_id)
    if caller.user_id == order.seller_id:
        return order, Actor(OrderRole.SELLER, caller.user_id)
    if caller.is_staff:
        return order, Actor(OrderRole.STAFF, caller.user_id)
    raise NotFound(f'There is no order {order_id} of yours')


def save(tx: Transaction, order: Order) -> None:
    """Writes the order as it now is, provided that it is still as it was read."""
    seen = order.version
    order.version = seen + 1
    tx.replace(order, when=Order.version == seen, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def add_part(tx: Transaction, order: Order, part: Delivery | Extension | Refund, name: str) -> None:
    part.pk, part.sk = pk(order.id), f'ORDER#{name}'
    tx.put(part, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def save_extension(tx: Transaction, extension: Extension) -> None:
    tx.replace(extension, when=Extension.state == 'open', otherwise=Moved('This extension was answered meanwhile'))


def save_refund(tx: Transaction, refund: Refund) -> None:
    tx.replace(refund, when=Refund.state == 'requested', otherwise=Moved('This refund was settled meanwhile'))


def note(tx: Transaction, order: Order, name: str, actor: Actor, **data: Any) -> None:
    """Adds to the log what the open transaction does. Called after the order was added or saved: lines are numbered by it."""
    event = Event(
        pk(order.id),
        f'EVENT#{order.version:06d}#{name}',
        name=name,
        order_id=order.id,
        by_role=actor.role.value,
        by_id=actor.id,
        at=clock.now_ms(),
        data=data,
    )
    tx.put(event, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def events(order_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', pk(order_id)), 'sk', paging, range_prefix='EVENT#', newest_first=False)


def bought_by(buyer_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('buyer_shelf', buyer_id), 'listed_at', paging, index='by_buyer')


def sold_by(seller_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('seller_shelf', f'{seller_id}#order'), 'listed_at', paging, index='by_seller')


def pk(order_id: str) -> str:
    return f'ORDER#{order_id}'


def order_id_of(key: str) -> str:
    return key.removeprefix('ORDER#')
