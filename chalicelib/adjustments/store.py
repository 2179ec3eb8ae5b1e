"""Rows of adjustments."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import reads
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.reads import Page, Paging

_QUEUE = 'adjustments'


class Adjustment(MarketRow, discriminator='adjustment'):
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
    case_queue = UnicodeAttribute(null=True)
    """Key of the sparse index `open_cases`."""
    listed_at = UnicodeAttribute()


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


def open_ones(paging: Paging) -> Page:
    """Those that wait for a second approval, newest first."""
    return reads.waiting(_QUEUE, paging)


def _pk(adjustment_id: str) -> str:
    return f'ADJUSTMENT#{adjustment_id}'
