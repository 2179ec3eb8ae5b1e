"""Terms that two sides have agreed on, without a gig's package: a seller's offer, or a proposal that a buyer has awarded."""

from typing import Any, NamedTuple

from chalicelib import clock, ids, policy, settings, taxes
from chalicelib.db import Transaction
from chalicelib.errors import Forbidden, Invalid
from chalicelib.money import CURRENCIES, must_be_whole
from chalicelib.quotes import rules, store
from chalicelib.quotes.rules import Rates
from chalicelib.quotes.store import Quote
from chalicelib.users import store as users


class Source(NamedTuple):
    """What an order comes from: `gig`, `offer`, `proposal` or `milestone`, and the id of that."""

    kind: str
    id: str


class Agreed(NamedTuple):
    """What is to be done, for how much, and by when."""

    source: Source
    buyer_id: str
    seller_id: str
    title: str
    description: str
    category: str
    currency: str
    price_minor: int
    delivery_days: int
    revisions: int | None
    """None: as many as it takes."""
    requirements: list[dict[str, Any]]
    """Each as a gig has it; the delivery time runs once they are answered."""
    gig_id: str | None = None
    """The gig that it is about, if any."""


def rates(buyer_id: str, seller_id: str) -> Rates:
    """What the house takes of a bargain between these two today: freeze it with the bargain. Two reads."""
    tax = taxes.on_buyer_fee(users.get(buyer_id).profile.get('country'))
    return rules.rates(policy.current(settings.STAGE), tax, users.get(seller_id).level)


def check(agreed: Agreed, taken: Rates, pointer: str = '#/price_minor') -> None:
    """Raises Invalid for a price that nothing is sold at, and Forbidden for somebody who buys from themselves."""
    if agreed.buyer_id == agreed.seller_id:
        raise Forbidden('Nobody buys from themselves')
    rulebook, currency = policy.of(taken.policy_version), agreed.currency
    lowest, highest = rulebook.min_price_minor[currency], rulebook.max_price_minor[currency]
    if not lowest <= agreed.price_minor <= highest:
        raise Invalid.at(pointer, f'Work is sold for {lowest} to {highest} minor units of {currency}')
    must_be_whole(agreed.price_minor, currency, pointer)


def quote(agreed: Agreed, taken: Rates) -> Quote:
    """What it costs and brings, as a quote that nobody keeps yet: for a view, and for the order that is placed on it."""
    now = clock.now_ms()
    valid_until = now + policy.of(taken.policy_version).quote_ms
    return Quote(
        id=ids.new('quo'),
        source_kind=agreed.source.kind,
        source_id=agreed.source.id,
        gig_id=agreed.gig_id,
        gig_kind='service',
        buyer_id=agreed.buyer_id,
        seller_id=agreed.seller_id,
        currency=agreed.currency,
        **taken.of(agreed.price_minor, agreed.currency),
        policy_version=taken.policy_version,
        terms={
            'title': agreed.title,
            'category': agreed.category,
            'package': None,
            'description': agreed.description,
            'price_minor': agreed.price_minor,
            'extras': [],
            'delivery_days': agreed.delivery_days,
            'revisions': agreed.revisions,
            'requirements': agreed.requirements,
            'product': None,
            'exponent': CURRENCIES[agreed.currency].exponent,
            **taken.terms(),
        },
        created_at=now,
        valid_until=valid_until,
        expires_at=(valid_until + clock.DAY) // 1000,
    )


def use(tx: Transaction, quote: Quote, order_id: str) -> None:
    """Keeps it as the quote of an order that is placed in the same transaction: nothing else is bought with it."""
    quote.order_id = order_id
    store.add(tx, quote)
