"""The evidence pack of a chargeback, built from the order's own terms and log: what was agreed, done and said, and when."""

import json
from typing import Any

from chalicelib import clock
from chalicelib.chargebacks.store import Chargeback
from chalicelib.money import shown
from chalicelib.orders import store as orders
from chalicelib.orders.rows import Order

MAX_CHARACTERS = 20_000
"""What a provider takes as one text."""


def pack(order: Order, chargeback: Chargeback) -> dict[str, Any]:
    """What happened, in the words of the log. Texts of the buyer's own are part of it; nobody's address is."""
    terms, log = order.terms, _log(order)
    return {
        'order_id': order.id,
        'payment_id': chargeback.payment_id,
        'claimed_minor': chargeback.whole_minor,
        'currency': order.currency,
        'claimed_because': chargeback.reason,
        'what_was_sold': terms['title'],
        'package': (terms['package'] or terms)['description'],
        'price_minor': order.price_minor,
        'state': order.state,
        'buyer_accepted': any(event['name'] == 'OrderCompleted' and event['by_role'] == 'buyer' for event in log),
        'answers': order.answers or [],
        'deliveries': [
            {'number': one.number, 'at': one.delivered_at, 'message': one.message, 'files': len(one.file_ids)}
            for one in order.deliveries
        ],
        'refunds_minor': sum(refund.amount_minor for refund in order.refunds),
        'log': log,
        'remarks': chargeback.remarks,
    }


def as_text(pack: dict[str, Any]) -> str:
    """For people at a bank: one line for each thing that happened, the oldest first."""
    money = shown(pack['claimed_minor'], pack['currency'], 'en')
    lines = [
        f'Order {pack["order_id"]}, payment {pack["payment_id"]}: {money} claimed back ({pack["claimed_because"]}).',
        f'Sold: {pack["what_was_sold"]}. {pack["package"]}',
        f'The buyer accepted the work: {"yes" if pack["buyer_accepted"] else "no"}.',
        *([f'The seller adds: {one_line(pack["remarks"])}'] if pack['remarks'] else []),
        *(said for _, said in sorted([*_happened(pack), *_delivered(pack)])),
    ]
    return '\n'.join(lines)[:MAX_CHARACTERS]


def _happened(pack: dict[str, Any]) -> list[tuple[int, str]]:
    return [(event['at'], f'{when(event["at"])} {event["name"]} by the {event["by_role"]}') for event in pack['log']]


def _delivered(pack: dict[str, Any]) -> list[tuple[int, str]]:
    return [
        (one['at'], f'{when(one["at"])} Delivery {one["number"]} (files: {one["files"]}): {one_line(one["message"])}')
        for one in pack['deliveries']
    ]


def _log(order: Order) -> list[dict[str, Any]]:
    return [
        {'at': row['at'], 'name': row['name'], 'by_role': row['by_role'], 'data': json.loads(row['data'])}
        for row in orders.all_events(order.id)
    ]


def one_line(text: str) -> str:
    """Somebody's own words, in which no line can be made to look like one of the log."""
    return ' / '.join(line.strip() for line in text.splitlines() if line.strip())


def when(at: int) -> str:
    return f'{clock.utc(at):%Y-%m-%d %H:%M} UTC'
