"""Rows of quotes. A quote buys one order and is forgotten after its time."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound


class Quote(MarketRow, discriminator='quote'):
    id = UnicodeAttribute()
    source_kind = UnicodeAttribute(default='gig')
    source_id = UnicodeAttribute(null=True)
    """What was agreed on: an offer, a proposal or a milestone. None where a gig's package was quoted."""
    gig_id = UnicodeAttribute(null=True)
    gig_kind = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    price_minor = IntegerAttribute()
    buyer_fee_minor = IntegerAttribute()
    tax_minor = IntegerAttribute()
    commission_minor = IntegerAttribute()
    policy_version = UnicodeAttribute()
    terms = JSONAttribute()
    """What was quoted, as the gig was then: title, category, package, extras, delivery days, revisions, requirements,
    product, rates and tax. On agreed terms no package, but description and price."""
    order_id = UnicodeAttribute(null=True)
    created_at = IntegerAttribute()
    valid_until = IntegerAttribute()
    expires_at = IntegerAttribute()
    """Seconds since 1970, for DynamoDB's time to live."""


def add(tx: Transaction, quote: Quote) -> None:
    quote.pk, quote.sk = _pk(quote.id), 'QUOTE'
    tx.put(quote, otherwise=Conflict(f'Quote {quote.id} exists already'))


def get(quote_id: str, buyer_id: str) -> Quote:
    try:
        quote = Quote.get(_pk(quote_id), 'QUOTE', consistent_read=True)
    except Quote.DoesNotExist as missing:
        raise NotFound(f'You have no quote {quote_id}') from missing
    if quote.buyer_id != buyer_id:
        raise NotFound(f'You have no quote {quote_id}')
    return quote


def use(tx: Transaction, quote: Quote, order_id: str) -> None:
    used = Moved(f'Quote {quote.id} was used meanwhile')
    tx.update(quote, [Quote.order_id.set(order_id)], when=Quote.order_id.does_not_exist(), otherwise=used)


def _pk(quote_id: str) -> str:
    return f'QUOTE#{quote_id}'
