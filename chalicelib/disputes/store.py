"""Rows of disputes, in the collection of their order."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib import reads
from chalicelib.db import IntegerAttribute, JSONAttribute, Transaction
from chalicelib.disputes.lifecycle import Side, Stage
from chalicelib.errors import Moved, NotFound
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.orders.rows import Order
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

_PREFIX = 'DISPUTE#'
_QUEUE = 'disputes'


class Dispute(TimedRow, discriminator='dispute'):
    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    opened_by = UnicodeAttribute()
    """`buyer` or `seller`."""
    reason = UnicodeAttribute()
    claim_minor = IntegerAttribute()
    """What goes back to the buyer, if it is up to the opener."""
    most_minor = IntegerAttribute()
    """All that could."""
    stage = UnicodeAttribute()
    evidence = JSONAttribute(default=list)
    """What both sides have said and shown: `{by, text, file_ids, at}`."""
    proposals = JSONAttribute(default=list)
    """`{by, refund_minor, message, at}`; the last one of a side is its position."""
    outcome = UnicodeAttribute(null=True)
    refund_minor = IntegerAttribute(null=True)
    reasoning = UnicodeAttribute(null=True)
    fault = UnicodeAttribute(null=True)
    opened_at = IntegerAttribute()
    closed_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    case_queue = UnicodeAttribute(null=True)
    """Key of the sparse index `open_cases`."""
    listed_at = UnicodeAttribute()

    def side_of(self, actor: Actor) -> Side:
        if actor.role is OrderRole.STAFF:
            return Side.SUPPORT
        return Side.OPENER if actor.role.value == self.opened_by else Side.RESPONDENT

    def position_of(self, role: str) -> int:
        """What a side said last: its proposal, or its claim; who has said nothing wants all of it."""
        said = [proposal['refund_minor'] for proposal in self.proposals if proposal['by'] == role]
        if said:
            return int(said[-1])
        if role == self.opened_by:
            return self.claim_minor
        return self.most_minor if role == OrderRole.BUYER else 0


def add(tx: Transaction, dispute: Dispute) -> None:
    dispute.case_queue, dispute.listed_at = _QUEUE, f'{dispute.opened_at:015d}#{dispute.id}'
    tx.put(dispute, otherwise=Moved(f'Dispute {dispute.id} exists already'))


def save(tx: Transaction, dispute: Dispute) -> None:
    """Writes the dispute as it now is, provided that it is still as it was read."""
    seen = dispute.version
    dispute.version = seen + 1
    if dispute.stage == Stage.CLOSED:
        dispute.case_queue = None
    tx.replace(dispute, when=Dispute.version == seen, otherwise=Moved(f'Dispute {dispute.id} moved on meanwhile'))


def key(order_id: str, dispute_id: str) -> tuple[str, str]:
    return orders.pk(order_id), _PREFIX + dispute_id


def find(pk: str, sk: str) -> Dispute:
    try:
        return Dispute.get(pk, sk, consistent_read=True)
    except Dispute.DoesNotExist as missing:
        raise NotFound(f'There is no dispute {sk.removeprefix(_PREFIX)} of this order') from missing


def of_order(order: Order) -> list[Dispute]:
    """All disputes that an order ever had, oldest first."""
    return list(Dispute.query(order.pk, Dispute.sk.startswith(_PREFIX), consistent_read=True))


def open_ones(paging: Paging) -> Page:
    """Those that are open, newest first, whole."""
    return reads.waiting(_QUEUE, paging)
