"""The one verb of a quote: to ask for it."""

from typing import Any

from chalicelib import clock, ids, policy, settings
from chalicelib.db import Transaction
from chalicelib.errors import Forbidden, NotFound
from chalicelib.gigs import store as gigs
from chalicelib.gigs.lifecycle import Status
from chalicelib.money import CURRENCIES
from chalicelib.quotes import agreements, rules, store
from chalicelib.quotes.store import Quote


def ask(tx: Transaction, buyer_id: str, gig_id: str, package: str, extras: list[dict[str, Any]]) -> Quote:
    """Prices a gig under the policy of the day, and keeps the answer for as long as it is to hold."""
    gig = gigs.get(gig_id)
    if gig.status != Status.ACTIVE:
        raise NotFound(f'There is no gig {gig_id} for sale')
    if gig.seller_id == buyer_id:
        raise Forbidden('Nobody buys their own gig')
    rulebook = policy.current(settings.STAGE)
    rates = agreements.rates(buyer_id, gig.seller_id)
    priced = rules.price(gig.whole(), package, extras, rulebook, rates)
    now = clock.now_ms()
    quote = Quote(
        id=ids.new('quo'),
        gig_id=gig.id,
        gig_kind=gig.gig_kind,
        buyer_id=buyer_id,
        seller_id=gig.seller_id,
        currency=gig.currency,
        price_minor=priced.price_minor,
        buyer_fee_minor=priced.buyer_fee_minor,
        tax_minor=priced.tax_minor,
        commission_minor=priced.commission_minor,
        policy_version=rulebook.version,
        terms={
            'title': gig.title,
            'category': gig.category,
            'package': priced.package,
            'extras': priced.extras,
            'delivery_days': priced.delivery_days,
            'revisions': priced.revisions,
            'requirements': gig.content['requirements'],
            'product': gig.content['product'],
            'exponent': CURRENCIES[gig.currency].exponent,
            **rates.terms(),
        },
        created_at=now,
        valid_until=now + rulebook.quote_ms,
        expires_at=(now + rulebook.quote_ms + clock.DAY) // 1000,
    )
    store.add(tx, quote)
    return quote
