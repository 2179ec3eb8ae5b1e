"""Rows of gigs, and the three shelves on which lists find them."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.gigs.lifecycle import Status
from chalicelib.reads import Page, Paging

_EVERYTHING = 'active'


class Gig(MarketRow, discriminator='gig'):
    id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    gig_kind = UnicodeAttribute()
    status = UnicodeAttribute(default=Status.DRAFT.value)
    denied_because = UnicodeAttribute(null=True)
    title = UnicodeAttribute()
    category = UnicodeAttribute()
    language = UnicodeAttribute()
    currency = UnicodeAttribute()
    from_price_minor = IntegerAttribute(null=True)
    cover_file_id = UnicodeAttribute(null=True)
    content = JSONAttribute()
    """All that is only ever read and written as a whole: packages, extras, requirements, gallery, product and so on."""
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    published_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys: on its seller's shelf of its status, and while it is active on its category's and the general one.
    seller_shelf = UnicodeAttribute(null=True)
    category_shelf = UnicodeAttribute(null=True)
    shelf = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)

    def whole(self) -> dict[str, Any]:
        """The gig as its seller writes it, in one piece."""
        parts = ('title', 'category', 'language', 'currency')
        return {**self.content, **{part: getattr(self, part) for part in parts}, 'kind': self.gig_kind}

    def shelve(self) -> None:
        """Sets the index keys that go with the status."""
        is_active = self.status == Status.ACTIVE
        self.seller_shelf = None if self.status == Status.DELETED else _seller_shelf(self.seller_id, self.status)
        self.category_shelf = self.category if is_active else None
        self.shelf = _EVERYTHING if is_active else None
        self.listed_at = f'{self.published_at or self.created_at:015d}#{self.id}'


def get(gig_id: str) -> Gig:
    try:
        gig = Gig.get(_pk(gig_id), 'GIG', consistent_read=True)
    except Gig.DoesNotExist as missing:
        raise NotFound(f'There is no gig {gig_id}') from missing
    if gig.status == Status.DELETED:
        raise NotFound(f'There is no gig {gig_id}')
    return gig


def show(gig_id: str, viewer_id: str | None, *, is_staff: bool) -> dict[str, Any]:
    """A gig as this viewer may see it: everybody's while it is active, its seller's and the staff's until it is deleted."""
    row = reads.find(settings.MARKET_TABLE, _pk(gig_id), 'GIG')
    is_shown = row and (row['status'] == Status.ACTIVE or is_staff or row['seller_id'] == viewer_id)
    if row and is_shown and row['status'] != Status.DELETED:
        return row
    raise NotFound(f'There is no gig {gig_id} that you may see')


def add(tx: Transaction, gig: Gig) -> None:
    gig.pk, gig.sk = _pk(gig.id), 'GIG'
    gig.shelve()
    tx.put(gig, otherwise=Conflict(f'Gig {gig.id} exists already'))


def save(tx: Transaction, gig: Gig) -> None:
    """Writes the gig as it now is, provided that it is still as it was read."""
    seen = gig.version
    gig.version, gig.updated_at = seen + 1, clock.now_ms()
    gig.shelve()
    tx.replace(gig, when=Gig.version == seen, otherwise=Moved(f'Gig {gig.id} changed meanwhile'))


def must_be_for_sale(tx: Transaction, gig_id: str) -> None:
    gone = Conflict(f'Gig {gig_id} is not for sale any more')
    tx.check(Gig, _pk(gig_id), 'GIG', that=Gig.status == Status.ACTIVE.value, otherwise=gone)


def newest(paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('shelf', _EVERYTHING), 'listed_at', paging, index='newest')


def in_category(category: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('category_shelf', category), 'listed_at', paging, index='by_category')


def of_seller(seller_id: str, status: str, paging: Paging) -> Page:
    shelf = _seller_shelf(seller_id, status)
    return reads.page(settings.MARKET_TABLE, ('seller_shelf', shelf), 'listed_at', paging, index='by_seller')


def _pk(gig_id: str) -> str:
    return f'GIG#{gig_id}'


def _seller_shelf(seller_id: str, status: str) -> str:
    return f'{seller_id}#gig#{status}'
