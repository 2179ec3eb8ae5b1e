"""Rows of chargebacks: in the collection of their order, or of the payment where there is no order."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import reads
from chalicelib.db import IntegerAttribute, JSONAttribute, Transaction
from chalicelib.errors import Moved, NotFound
from chalicelib.ledger.credit_postings import spendable
from chalicelib.ledger.order_postings import Claim
from chalicelib.orders.rows import Order
from chalicelib.payments import store as payments
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

_PREFIX = 'CHARGEBACK#'
_QUEUE = 'chargebacks'


class Chargeback(TimedRow, discriminator='chargeback'):
    id = UnicodeAttribute()
    ref = UnicodeAttribute()
    """The provider's own id of it."""
    provider = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    buyer_id = UnicodeAttribute()
    seller_id = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    amount_minor = IntegerAttribute()
    """What the bank has taken, to the last unit: nobody but the ledger is told."""
    fee_minor = IntegerAttribute()
    reason = UnicodeAttribute()
    state = UnicodeAttribute()
    """`received`, `submitted`, `won` or `lost`."""
    parts = JSONAttribute(default=dict)
    """Where its money was taken from here: the parts of a `Claim`."""
    available_minor = IntegerAttribute(default=0)
    """What of it the seller could have been paid out; the rest of what they had been given is debt."""
    remarks = UnicodeAttribute(null=True)
    evidence_due_at = IntegerAttribute(null=True)
    submitted_at = IntegerAttribute(null=True)
    received_at = IntegerAttribute()
    closed_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    case_queue = UnicodeAttribute(null=True)
    """Key of the sparse index `open_cases`."""
    listed_at = UnicodeAttribute()

    @property
    def is_open(self) -> bool:
        return self.state in ('received', 'submitted')

    @property
    def whole_minor(self) -> int:
        """What of it people can have, or miss."""
        return spendable(self.amount_minor, self.currency)

    @property
    def claim(self) -> Claim:
        return Claim(self.ref, self.provider, self.amount_minor, self.fee_minor, self.parts)


def sk(ref: str) -> str:
    return _PREFIX + ref


def add(tx: Transaction, chargeback: Chargeback) -> None:
    chargeback.case_queue, chargeback.listed_at = _QUEUE, f'{chargeback.received_at:015d}#{chargeback.id}'
    tx.put(chargeback, otherwise=Moved(f'Chargeback {chargeback.id} is known already'))


def save(tx: Transaction, chargeback: Chargeback) -> None:
    """Writes it as it now is, provided that it is still as it was read."""
    seen = chargeback.version
    chargeback.version = seen + 1
    if not chargeback.is_open:
        chargeback.case_queue = None
    tx.replace(chargeback, when=Chargeback.version == seen, otherwise=Moved(f'Chargeback {chargeback.id} moved on meanwhile'))


def find(pk: str, ref: str) -> Chargeback | None:
    try:
        return Chargeback.get(pk, sk(ref), consistent_read=True)
    except Chargeback.DoesNotExist:
        return None


def get(order: Order, chargeback_id: str) -> Chargeback:
    found = next((chargeback for chargeback in of_order(order) if chargeback.id == chargeback_id), None)
    if found is None:
        raise NotFound(f'Order {order.id} has no chargeback {chargeback_id}')
    return found


def of_order(order: Order) -> list[Chargeback]:
    """All chargebacks that an order ever had, oldest first."""
    return _in(order.pk)


def get_of_top_up(payment_id: str, chargeback_id: str) -> Chargeback:
    """One of a payment that no order knows of: those of orders are in the collections of these."""
    found = next((chargeback for chargeback in _in(payments.pk(payment_id)) if chargeback.id == chargeback_id), None)
    if found is None:
        raise NotFound(f'Top-up {payment_id} has no chargeback {chargeback_id}')
    return found


def _in(pk: str) -> list[Chargeback]:
    rows = Chargeback.query(pk, Chargeback.sk.startswith(_PREFIX), consistent_read=True)
    return sorted(rows, key=lambda chargeback: (chargeback.received_at, chargeback.id))


def open_ones(paging: Paging) -> Page:
    """Those that are open, newest first, whole."""
    return reads.waiting(_QUEUE, paging)
