"""The evidence pack of a chargeback, built from the order's own terms and log: what was agreed, done and said, and when."""

import json
from typing import Any

from chalicelib import clock
from chalicelib.chargebacks.store import Chargeback
from chalicelib.money import CURRENCIES
from chalicelib.orders import store as orders
from chalicelib.orders.rows import Order
from chalicelib.reads import Paging

_EVENTS = 100
_MAX_CHARACTERS = 20_000
"""What a provider takes as one text."""


def pack(order: Order, chargeback: Chargeback) -> dict[str, Any]:
    """What happened, in the words of the log. Texts of the buyer's own are part of it; nobody's address is."""
    terms = order.terms
    return {
        'order_id': order.id,
        'payment_id': chargeback.payment_id,
        'claimed_minor': chargeback.amount_minor,
        'currency': order.currency,
        'claimed_because': chargeback.reason,
        'what_was_sold': terms['title'],
        'package': terms['package']['description'],
        'price_minor': order.price_minor,
        'state': order.state,
        'buyer_accepted': any(event['name'] == 'OrderCompleted' and event['by_role'] == 'buyer' for event in _log(order)),
        'answers': order.answers or [],
        'deliveries': [
            {'number': one.number, 'at': one.delivered_at, 'message': one.message, 'files': len(one.file_ids)}
            for one in order.deliveries
        ],
        'refunds_minor': sum(refund.amount_minor for refund in order.refunds),
        'log': _log(order),
        'remarks': chargeback.remarks,
    }


def as_text(pack: dict[str, Any]) -> str:
    """For people at a bank: one line for each thing that happened, the oldest first."""
    money = f'{pack["currency"]} {pack["claimed_minor"] / 10 ** CURRENCIES[pack["currency"]].exponent:,.2f}'
    lines = [
        f'Order {pack["order_id"]}, payment {pack["payment_id"]}: {money} claimed back ({pack["claimed_because"]}).',
        f'Sold: {pack["what_was_sold"]}. {pack["package"]}',
        f'The buyer accepted the work: {"yes" if pack["buyer_accepted"] else "no"}.',
        *(said for _, said in sorted([*_happened(pack), *_delivered(pack)])),
    ]
    if pack['remarks']:
        lines.append(f'The seller adds: {pack["remarks"]}')
    return '\n'.join(lines)[:_MAX_CHARACTERS]


def _happened(pack: dict[str, Any]) -> list[tuple[int, str]]:
    return [(event['at'], f'{_when(event["at"])} {event["name"]} by the {event["by_role"]}') for event in pack['log']]


def _delivered(pack: dict[str, Any]) -> list[tuple[int, str]]:
    return [
        (one['at'], f'{_when(one["at"])} Delivery {one["number"]} (files: {one["files"]}): {one["message"]}')
        for one in pack['deliveries']
    ]


def _log(order: Order) -> list[dict[str, Any]]:
    rows = orders.events(order.id, Paging(_EVENTS)).rows
    return [{'at': row['at'], 'name': row['name'], 'by_role': row['by_role'], 'data': json.loads(row['data'])} for row in rows]


def _when(at: int) -> str:
    return f'{clock.utc(at):%Y-%m-%d %H:%M} UTC'
