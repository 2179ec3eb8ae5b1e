"""The evidence pack of a chargeback of a top-up: who paid what into their wallet, and what that has paid for since."""

import itertools
from collections.abc import Iterator
from typing import Any

from chalicelib import reads
from chalicelib.chargebacks.evidence import MAX_CHARACTERS, one_line, when
from chalicelib.chargebacks.store import Chargeback
from chalicelib.ledger import store as ledger
from chalicelib.money import shown
from chalicelib.payments import store as payments
from chalicelib.payments.store import Payment
from chalicelib.reads import Paging

_PAGES = 10
_TOLD = 50
"""Payments out of the wallet that are told: the first ones after the top-up."""


def pack(chargeback: Chargeback) -> dict[str, Any]:
    """What there is to say for it; there is no order, and nobody's work."""
    payment = payments.get(chargeback.payment_id)
    return {
        'payment_id': payment.id,
        'claimed_minor': chargeback.whole_minor,
        'currency': payment.currency,
        'claimed_because': chargeback.reason,
        'amount_minor': payment.amount_minor,
        'method': payment.method,
        'asked_at': payment.created_at,
        'paid_at': payment.settled_at,
        'spent': [_told(one) for one in itertools.islice(_spent_since(payment), _TOLD)],
        'remarks': chargeback.remarks,
    }


def as_text(pack: dict[str, Any]) -> str:
    """For people at a bank: one line for each thing that happened, the oldest first."""
    currency = pack['currency']
    claimed, paid = (shown(pack[name], currency, 'en') for name in ('claimed_minor', 'amount_minor'))
    lines = [
        f'Payment {pack["payment_id"]}: {claimed} claimed back ({pack["claimed_because"]}).',
        f'{when(pack["paid_at"])} The buyer paid {paid} into their own wallet, signed in.',
        *([f'Our support adds: {one_line(pack["remarks"])}'] if pack['remarks'] else []),
        *(
            f'{when(one["at"])} The wallet paid {shown(one["amount_minor"], currency, "en")} for order {one["order_id"]} '
            f'({one["purpose"]})'
            for one in pack['spent']
        ),
    ]
    return '\n'.join(lines)[:MAX_CHARACTERS]


def _told(payment: Payment) -> dict[str, Any]:
    return {
        'at': payment.settled_at,
        'payment_id': payment.id,
        'order_id': payment.order_id,
        'purpose': payment.purpose,
        'amount_minor': payment.wallet_minor,
    }


def _spent_since(top_up: Payment) -> Iterator[Payment]:
    """Payments that succeeded with what was in the wallet after it came, the oldest first."""
    for payment_id in reversed(list(_reserved_since(top_up))):
        payment = payments.get(payment_id)
        if payment.state == 'succeeded':
            yield payment


def _reserved_since(top_up: Payment) -> Iterator[str]:
    """Newest first."""
    account, cursor = f'buyer.wallet:{top_up.buyer_id}', None
    for _ in range(_PAGES):
        page = ledger.statement(top_up.buyer_id, Paging(reads.MANY, cursor), start_ms=top_up.settled_at or 0)
        for row in page.rows:
            if (row['account'], row['currency'], row['event']) == (account, top_up.currency, 'credit_reserved'):
                yield row['txid'].removeprefix('reserve:')
        cursor = page.next_cursor
        if not cursor:
            return
