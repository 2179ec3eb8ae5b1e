"""Rows of payouts, in the collection of their seller."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import reads, settings
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.ledger.payout_postings import Transfer
from chalicelib.ledger.store import HeldRow
from chalicelib.money import Money
from chalicelib.reads import Page, Paging

_PREFIX = 'PAYOUT#'


class Payout(HeldRow, discriminator='payout'):
    id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    provider_ref = UnicodeAttribute(null=True)
    destination = UnicodeAttribute()
    currency = UnicodeAttribute()
    amount_minor = IntegerAttribute()
    """What is taken from the seller: the fee, and what the bank gets."""
    fee_minor = IntegerAttribute()
    state = UnicodeAttribute(default='requested')
    failure = UnicodeAttribute(null=True)
    requested_at = IntegerAttribute()
    settled_at = IntegerAttribute(null=True)

    @property
    def money(self) -> Money:
        """What the provider is asked to pay."""
        return Money(self.transfer.sent_minor, self.currency)

    @property
    def transfer(self) -> Transfer:
        return Transfer(self.id, self.seller_id, self.currency, self.amount_minor, self.fee_minor)


class PayoutPointer(MarketRow, discriminator='payout_pointer'):
    """Leads from a payout to its seller, for whoever knows only its id."""

    seller_id = UnicodeAttribute()


def key(seller_id: str, payout_id: str) -> tuple[str, str]:
    return f'USER#{seller_id}', _PREFIX + payout_id


def add(tx: Transaction, payout: Payout) -> None:
    there = Conflict(f'Payout {payout.id} exists already')
    tx.put(payout, otherwise=there)
    tx.put(PayoutPointer(_PREFIX + payout.id, 'PAYOUT', seller_id=payout.seller_id), otherwise=there)


def get(pk: str, sk: str) -> Payout:
    try:
        return Payout.get(pk, sk, consistent_read=True)
    except Payout.DoesNotExist as missing:
        raise NotFound(f'There is no payout {sk}') from missing


def get_by_id(payout_id: str) -> Payout:
    try:
        pointer = PayoutPointer.get(_PREFIX + payout_id, 'PAYOUT', consistent_read=True)
    except PayoutPointer.DoesNotExist as missing:
        raise NotFound(f'There is no payout {payout_id}') from missing
    return get(*key(pointer.seller_id, payout_id))


def save(tx: Transaction, payout: Payout, seen: str) -> None:
    """Writes it as it now is, provided that its state is still the one that was seen."""
    tx.replace(payout, when=Payout.state == seen, otherwise=Moved(f'Payout {payout.id} was settled meanwhile'))


def destinations(seller_id: str) -> set[str]:
    """The bank accounts into which somebody has asked to be paid lately. The sandbox's are no accounts."""
    latest = of_seller(seller_id, Paging(reads.MANY)).rows
    return {row['destination'] for row in latest if row['provider'] != 'sandbox'}


def of_seller(seller_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', f'USER#{seller_id}'), 'sk', paging, range_prefix=_PREFIX)
