"""Rows of orders and of all that belongs to one: deliveries, extensions, refunds, extras and the log."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute

from chalicelib import clock, policy
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow
from chalicelib.ledger.purse import Means, Price, Purse, Sides
from chalicelib.ledger.store import HeldRow
from chalicelib.money import Money
from chalicelib.orders import lifecycle
from chalicelib.orders.lifecycle import Facts, OrderFunds, OrderState
from chalicelib.policy import HoldRule, Policy
from chalicelib.timers import TimedRow


class Order(HeldRow, discriminator='order'):
    id = UnicodeAttribute()
    source_kind = UnicodeAttribute(default='gig')
    source_id = UnicodeAttribute(null=True)
    """What it was placed on: an offer, a proposal or a milestone; None for a gig's package."""
    gig_id = UnicodeAttribute(null=True)
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
    tax_minor = IntegerAttribute()
    commission_minor = IntegerAttribute()
    holds = JSONAttribute(default=dict)
    """What the order's own accounts hold, by the names of `Purse`."""
    sources = JSONAttribute(default=list)
    """How it was paid, and what of that went back, one for each payment: `payment_id`, then `card`, `wallet` and `promo` in
    minor units, and the same with `_back`; then `charged_back`, what the bank has kept of it, which is part of `card_back`."""
    claims = JSONAttribute(default=dict)
    """Payments that a bank has claimed back, late ones too: `is_open`, whether it has still to decide, and `excess`, what of
    their refunds the buyer would have twice."""
    tips_minor = IntegerAttribute(default=0)
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
    fault = UnicodeAttribute(null=True)
    frozen_by = UnicodeAttribute(null=True)
    paused = JSONAttribute(null=True)
    """What stopped when the order was frozen, and goes on then: [since, action, milliseconds left, funds]."""
    version = IntegerAttribute(default=1)
    # Index keys.
    buyer_shelf = UnicodeAttribute()
    seller_shelf = UnicodeAttribute()
    listed_at = UnicodeAttribute()

    deliveries: list[Delivery]
    extensions: list[Extension]
    refunds: list[Refund]
    additions: list[Addition]

    @property
    def policy(self) -> Policy:
        return policy.of(self.policy_version)

    @property
    def sides(self) -> Sides:
        return Sides(self.id, self.buyer_id, self.seller_id, self.currency)

    @property
    def price(self) -> Price:
        return Price(self.price_minor, self.buyer_fee_minor, self.tax_minor)

    @property
    def purse(self) -> Purse:
        return Purse.of(self.holds)

    @purse.setter
    def purse(self, purse: Purse) -> None:
        self.holds = purse.stored()

    @property
    def hold_rule(self) -> HoldRule:
        return self.policy.hold_rule(
            level=self.terms['seller_level'],
            category=self.terms['category'],
            currency=self.currency,
            price_minor=self.price_minor,
        )

    @property
    def tax_country(self) -> str | None:
        tax = self.terms['tax']
        return tax['country'] if tax else None

    @property
    def revisions_left(self) -> int | None:
        allowed = self.terms['revisions']
        return None if allowed is None else max(0, allowed - self.revisions_used)

    @property
    def clock_ms(self) -> int:
        """What time it is for this order: while it is frozen, its clock does not run."""
        return int(self.paused[0]) if self.paused else clock.now_ms()

    def facts(self) -> Facts:
        state = OrderState(self.state)
        product = self.terms['product'] or {}
        return Facts(
            state=state,
            is_very_late=lifecycle.is_very_late(state, self.delivery_due_at, self.clock_ms, self.policy),
            is_returnable=product.get('refund_rule') == 'until_accepted',
            has_revisions_left=self.revisions_left != 0,
            is_clearing=self.funds == OrderFunds.CLEARING,
            is_refundable=self.purse.refundable_minor > 0,
            frozen_by=self.frozen_by,
        )

    def take_in(self, price: Price, means: Means) -> None:
        """Money for this order has come."""
        self.purse = self.purse.paid(price)
        ways = {'card': means.card_minor, 'wallet': means.wallet_minor, 'promo': means.promo_minor}
        back = {f'{way}_back': 0 for way in ways}
        self.sources = [*self.sources, {'payment_id': means.payment_id, **ways, **back}]
        self.account_for()

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
                is_agreed=self.source_id is not None,
                now=clock.now_ms(),
                delivery_due_at=self.delivery_due_at,
                clearing_days=self.hold_rule.days,
            )
        )

    def freeze(self, by: str) -> None:
        """Stops the order's clock, if it has not been stopped already."""
        if self.paused is None:
            now = clock.now_ms()
            self.paused = [now, self.due_action, (self.due_at or now) - now, self.funds]
        self.frozen_by = by
        self.set_timer(None)

    def postpone(self, ms: int) -> None:
        """What was stopped goes on so much later."""
        if self.paused:
            since, action, left, funds = self.paused
            self.paused = [since, action, left + ms, funds]

    def thaw(self) -> None:
        """The clock goes on where it stopped: nobody loses time."""
        now = clock.now_ms()
        since, action, left, self.funds = self.paused or (now, None, 0, self.funds)
        self.frozen_by = self.paused = None
        if self.delivery_due_at:
            self.delivery_due_at += now - since
        self.set_timer((action, now + max(left, 0)) if action else None)

    @property
    def refunded_minor(self) -> int:
        """What of the order's own payments was given back, whichever way it went."""
        own = {source['payment_id'] for source in self.sources}
        return sum(refund.given_minor for refund in self.refunds if refund.payment_id in own)

    @property
    def charged_back_minor(self) -> int:
        """What the buyer's bank has kept."""
        return sum(source.get('charged_back', 0) for source in self.sources)

    def claim(self, payment_id: str, *, is_open: bool, excess_minor: int) -> None:
        """How far a bank has come with a payment."""
        self.claims = {**self.claims, payment_id: {'is_open': is_open, 'excess': excess_minor}}

    def account_for(self) -> None:
        """Says what of its money the seller waits for, why, and until when."""
        net = self.purse.net_minor(self.terms['commission_bps'], self.currency)
        if not net or self.funds not in (OrderFunds.HELD, OrderFunds.CLEARING):
            self.let_go()
        elif self.frozen_by:
            self.hold(self.seller_id, self.frozen_by, net, rule=f'{self.frozen_by}_open')
        elif self.funds == OrderFunds.HELD:
            self.hold(self.seller_id, 'in_escrow', net, rule='until_completed')
        else:
            self.hold(self.seller_id, 'clearing', net, rule=self.hold_rule.name, release_at=self.due_at)


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


class Addition(MarketRow, discriminator='addition'):
    """An extra that is offered while the order runs."""

    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    title = UnicodeAttribute()
    price_minor = IntegerAttribute()
    buyer_fee_minor = IntegerAttribute()
    tax_minor = IntegerAttribute()
    additional_days = IntegerAttribute()
    revisions = IntegerAttribute()
    state = UnicodeAttribute(default='offered')
    payment_id = UnicodeAttribute(null=True)
    offered_at = IntegerAttribute()
    version = IntegerAttribute(default=1)

    @property
    def price(self) -> Price:
        return Price(self.price_minor, self.buyer_fee_minor, self.tax_minor)


class Refund(HeldRow, discriminator='refund'):
    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    provider_ref = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    amount_minor = IntegerAttribute()
    card_minor = IntegerAttribute()
    """What of it goes back through the provider; the rest went to the buyer's credit at once."""
    times_superseded = IntegerAttribute(default=0)
    """By how many chargebacks some of it was."""
    wallet_minor = IntegerAttribute()
    promo_minor = IntegerAttribute()
    reason = UnicodeAttribute(null=True)
    by_role = UnicodeAttribute()
    state = UnicodeAttribute(default='requested')
    failure = UnicodeAttribute(null=True)
    requested_at = IntegerAttribute()
    settled_at = IntegerAttribute(null=True)

    @property
    def money(self) -> Money:
        """What the provider is asked to send."""
        return Money(self.card_minor, self.currency)

    def lessen(self, minor: int) -> None:
        """So much of it is not sent, and is no part of it any more."""
        self.card_minor -= minor
        self.amount_minor -= minor
        self.held_minor = self.card_minor

    @property
    def given_minor(self) -> int:
        """What the buyer has of it, or will have; what a superseded one was to send, their bank has given them."""
        return self.amount_minor - (self.card_minor if self.state == 'superseded' else 0)


class Event(MarketRow, discriminator='event'):
    """One line of an order's log. It is written with what it tells, and never changed."""

    name = UnicodeAttribute()
    order_id = UnicodeAttribute()
    by_role = UnicodeAttribute()
    by_id = UnicodeAttribute(null=True)
    at = IntegerAttribute()
    data = JSONAttribute(default=dict)
