"""Rows of payments: attempts to pay for an order, for an extra of it, a tip, a campaign, or into a wallet."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.db import IntegerAttribute, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.ledger.purse import Means
from chalicelib.ledger.store import HeldRow
from chalicelib.money import Money


class Payment(HeldRow, discriminator='payment'):
    id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    subject_id = UnicodeAttribute(null=True)
    """Of an extra: which one; of a campaign: its id."""
    buyer_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    provider_ref = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    amount_minor = IntegerAttribute()
    """What the provider takes; the rest is paid with credit, which is set aside as long as the payment is being made."""
    wallet_minor = IntegerAttribute(default=0)
    promo_minor = IntegerAttribute(default=0)
    state = UnicodeAttribute(default='requested')
    failure = UnicodeAttribute(null=True)
    next_action_url = UnicodeAttribute(null=True)
    created_at = IntegerAttribute()
    expires_at_ms = IntegerAttribute()
    settled_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def means(self) -> Means:
        """What it brings. One that had failed has given its credit back already."""
        if self.state == 'failed':
            return Means(self.id, self.provider, self.amount_minor)
        return Means(self.id, self.provider, self.amount_minor, self.wallet_minor, self.promo_minor)

    @property
    def has_captured(self) -> bool:
        """Nothing more becomes of it. One that failed may still turn out to have been paid."""
        return self.state in ('succeeded', 'returned')


def add(tx: Transaction, payment: Payment) -> None:
    tx.put(payment, otherwise=Conflict(f'Payment {payment.id} exists already'))


def get(payment_id: str) -> Payment:
    try:
        return Payment.get(pk(payment_id), 'PAYMENT', consistent_read=True)
    except Payment.DoesNotExist as missing:
        raise NotFound(f'There is no payment {payment_id}') from missing


def get_of(payment_id: str, buyer_id: str) -> Payment:
    payment = get(payment_id)
    if payment.buyer_id != buyer_id:
        raise NotFound(f'You have made no payment {payment_id}')
    return payment


def save(tx: Transaction, payment: Payment) -> None:
    """Writes the payment as it now is, provided that it is still as it was read."""
    seen = payment.version
    payment.version = seen + 1
    tx.replace(payment, when=Payment.version == seen, otherwise=Moved(f'Payment {payment.id} changed meanwhile'))


def pk(payment_id: str) -> str:
    return f'PAYMENT#{payment_id}'


def payment_id_of(key: str) -> str:
    return key.removeprefix('PAYMENT#')
