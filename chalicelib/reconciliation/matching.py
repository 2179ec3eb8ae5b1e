"""What a line of a report is about: which transaction of ours, and whether it says the same."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.ledger import store as ledger
from chalicelib.money import Money
from chalicelib.payments.port import Movement

POSTED_AS: Mapping[str, str] = MappingProxyType(
    {
        'payment': 'pay',
        'refund': 'refund_ok',
        'refund_returned': 'refund_returned',
        'payout': 'payout_paid',
        'payout_returned': 'payout_returned',
        'chargeback': 'dispute_open',
        'chargeback_won': 'dispute_won',
    }
)
"""Under which name a movement of a kind is posted; the rest of the name is the id that it has with the provider."""
_OWN = 'own'
"""What we move between our bank and the provider is posted under the line that shows it, whatever its kind."""
_REPORTED = frozenset({*POSTED_AS.values(), _OWN})


class Ours(NamedTuple):
    """A transaction of ours, and what it has moved at the provider: what came in is positive."""

    txid: str
    money: Money


def find(provider: str, kind: str, our_id: str | None, ref: str) -> Ours | None:
    """What a line is about, where we have posted it."""
    if kind not in POSTED_AS:
        txid = f'{_OWN}:{provider}:{ref}'
    elif our_id:
        txid = f'{POSTED_AS[kind]}:{our_id}'
    else:
        return None
    row = ledger.posted(txid)
    return Ours(txid, Money(-sum(minor for _, minor in lines_at(provider, row)), row['currency'])) if row else None


def is_reported(txid: str) -> bool:
    """Whether a transaction is one that a report shows."""
    return txid.partition(':')[0] in _REPORTED


def objection(line: Movement, ours: Ours | None, *, is_shown: bool) -> str | None:
    """Why a line is not simply settled; None if it is. `is_shown`: another line has shown the same transaction."""
    if ours is None:
        return 'unexplained'
    if ours.money.currency != line.gross.currency:
        return 'other_currency'
    if is_shown:
        return 'duplicate'
    return None if is_agreed(line.kind, line.gross.minor, line.fee.minor, ours) else 'other_amount'


def is_agreed(kind: str, gross_minor: int, fee_minor: int, ours: Ours) -> bool:
    return ours.money.minor == gross_minor or has_fee(kind, gross_minor, fee_minor, ours)


def has_fee(kind: str, gross_minor: int, fee_minor: int, ours: Ours) -> bool:
    """Whether our own transaction has posted the fee already: that of a chargeback does."""
    return kind.startswith('chargeback') and fee_minor != 0 and ours.money.minor == gross_minor - fee_minor


def lines_at(provider: str, row: dict[str, Any]) -> list[tuple[str, int]]:
    """The lines of a transaction on our accounts at a provider."""
    accounts = (f'psp.clearing:{provider}', f'psp.balance:{provider}')
    return [(account, int(minor)) for account, minor in json.loads(row['lines']) if account in accounts]
