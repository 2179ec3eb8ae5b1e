"""Rows of adjustments."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import reads
from chalicelib.db import IntegerAttribute, JSONAttribute, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.money import Money
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

_QUEUE = 'adjustments'


class Adjustment(TimedRow, discriminator='adjustment'):
    id = UnicodeAttribute()
    wanted = JSONAttribute()
    """What is to be posted: `{kind, currency, amount_minor, ...}`."""
    reason = UnicodeAttribute()
    state = UnicodeAttribute(default='proposed')
    proposed_by = UnicodeAttribute()
    decided_by = UnicodeAttribute(null=True)
    proposed_at = IntegerAttribute()
    decided_at = IntegerAttribute(null=True)
    txid = UnicodeAttribute(null=True)
    # Of money in suspense that is sent back the way it came.
    provider = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    """As the provider's report names it, whether it is one of ours or not."""
    payment_ref = UnicodeAttribute(null=True)
    refund_state = UnicodeAttribute(null=True)
    provider_ref = UnicodeAttribute(null=True)
    failure = UnicodeAttribute(null=True)
    settled_at = IntegerAttribute(null=True)
    case_queue = UnicodeAttribute(null=True)
    """Key of the sparse index `open_cases`."""
    listed_at = UnicodeAttribute()

    @property
    def money(self) -> Money:
        return Money(self.wanted['amount_minor'], self.wanted['currency'])


def add(tx: Transaction, adjustment: Adjustment) -> None:
    adjustment.pk, adjustment.sk = _pk(adjustment.id), 'ADJUSTMENT'
    adjustment.case_queue, adjustment.listed_at = _QUEUE, f'{adjustment.proposed_at:015d}#{adjustment.id}'
    tx.put(adjustment, otherwise=Conflict(f'Adjustment {adjustment.id} exists already'))


def get(adjustment_id: str) -> Adjustment:
    try:
        return Adjustment.get(_pk(adjustment_id), 'ADJUSTMENT', consistent_read=True)
    except Adjustment.DoesNotExist as missing:
        raise NotFound(f'There is no adjustment {adjustment_id}') from missing


def save(tx: Transaction, adjustment: Adjustment) -> None:
    adjustment.case_queue = None
    decided = Moved(f'Adjustment {adjustment.id} was decided meanwhile')
    tx.replace(adjustment, when=Adjustment.state == 'proposed', otherwise=decided)


def save_refund(tx: Transaction, adjustment: Adjustment, seen: str) -> None:
    """What has become of what was to be sent back, provided that its state is still the one that was seen."""
    settled = Moved(f'What adjustment {adjustment.id} has sent back was settled meanwhile')
    tx.replace(adjustment, when=Adjustment.refund_state == seen, otherwise=settled)


def open_ones(paging: Paging) -> Page:
    """Those that wait for a second approval, newest first."""
    return reads.waiting(_QUEUE, paging)


def _pk(adjustment_id: str) -> str:
    return f'ADJUSTMENT#{adjustment_id}'


def adjustment_id_of(key: str) -> str:
    return key.removeprefix('ADJUSTMENT#')
