"""Rows of offers, and the shelves on which their two sides find them."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.auth import Caller
from chalicelib.db import IntegerAttribute, JSONAttribute, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.offers.lifecycle import OfferRole, OfferState
from chalicelib.quotes.agreements import Agreed, Source
from chalicelib.quotes.rules import Rates
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow


class Offer(TimedRow, discriminator='offer'):
    id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    gig_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute()
    currency = UnicodeAttribute()
    price_minor = IntegerAttribute()
    state = UnicodeAttribute(default=OfferState.OPEN.value)
    terms = JSONAttribute()
    """The rest of what is offered: description, category, delivery days, revisions, requirements."""
    rates = JSONAttribute()
    """`Rates`, as they were when it was made: both sides have seen them."""
    order_id = UnicodeAttribute(null=True)
    created_at = IntegerAttribute()
    valid_until = IntegerAttribute()
    closed_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys.
    buyer_shelf = UnicodeAttribute()
    seller_shelf = UnicodeAttribute()
    listed_at = UnicodeAttribute()

    @property
    def agreed(self) -> Agreed:
        return Agreed(
            source=Source('offer', self.id),
            buyer_id=self.buyer_id,
            seller_id=self.seller_id,
            title=self.title,
            currency=self.currency,
            price_minor=self.price_minor,
            gig_id=self.gig_id,
            **self.terms,
        )

    @property
    def frozen_rates(self) -> Rates:
        return Rates(**self.rates)

    def role_of(self, caller: Caller) -> OfferRole | None:
        if caller.user_id == self.buyer_id:
            return OfferRole.BUYER
        if caller.user_id == self.seller_id:
            return OfferRole.SELLER
        return OfferRole.STAFF if caller.is_staff else None

    def close(self, state: OfferState) -> None:
        self.state, self.closed_at = state.value, clock.now_ms()
        self.set_timer(None)


def add(tx: Transaction, offer: Offer) -> None:
    offer.buyer_shelf, offer.seller_shelf = _shelf(offer.buyer_id), _shelf(offer.seller_id)
    offer.listed_at = f'{offer.created_at:015d}#{offer.id}'
    tx.put(offer, otherwise=Conflict(f'Offer {offer.id} exists already'))


def save(tx: Transaction, offer: Offer) -> None:
    """Writes the offer as it now is, provided that it is still as it was read."""
    seen = offer.version
    offer.version = seen + 1
    tx.replace(offer, when=Offer.version == seen, otherwise=Moved(f'Offer {offer.id} moved on meanwhile'))


def get(offer_id: str) -> Offer:
    try:
        return Offer.get(*key(offer_id), consistent_read=True)
    except Offer.DoesNotExist as missing:
        raise NotFound(f'There is no offer {offer_id}') from missing


def get_for(offer_id: str, caller: Caller) -> tuple[Offer, OfferRole]:
    """The offer and what the caller is to it; to a stranger there is no such offer."""
    offer = get(offer_id)
    role = offer.role_of(caller)
    if role is None:
        raise NotFound(f'There is no offer {offer_id} of yours')
    return offer, role


def made_to(buyer_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('buyer_shelf', _shelf(buyer_id)), 'listed_at', paging, index='by_buyer')


def made_by(seller_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('seller_shelf', _shelf(seller_id)), 'listed_at', paging, index='by_seller')


def key(offer_id: str) -> tuple[str, str]:
    return f'OFFER#{offer_id}', 'OFFER'


def offer_id_of(pk: str) -> str:
    return pk.removeprefix('OFFER#')


def _shelf(user_id: str) -> str:
    return f'{user_id}#offer'
