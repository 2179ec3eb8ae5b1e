"""The chart of accounts. Pure.

A credit is positive and a debit negative. An account is *guarded* when it must never be overdrawn: it then has a balance row
that a transaction conditions on. The others (our own income, costs and provider accounts, through which everything flows) are
*derived*: they have entries only, spread over shards, so that no two transactions ever meet on one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Side(IntEnum):
    """The side on which an account normally stands."""

    CREDIT = 1
    DEBIT = -1


@dataclass(frozen=True)
class Rule:
    side: Side
    is_guarded: bool
    parts: int
    """How many names follow the root."""
    meaning: str


CHART: Mapping[str, Rule] = MappingProxyType(
    {
        'psp.clearing': Rule(Side.DEBIT, False, 1, 'captured, not yet in our balance at the provider'),
        'psp.balance': Rule(Side.DEBIT, False, 1, 'our balance at the provider'),
        'escrow': Rule(Side.CREDIT, True, 1, "a buyer's money, held for one order"),
        'fee.buyer': Rule(Side.CREDIT, True, 1, "an order's buyer fee, not earned yet"),
        'fee.commission': Rule(Side.CREDIT, True, 1, "an order's commission, not earned yet"),
        'seller.clearing': Rule(Side.CREDIT, True, 2, 'earned by a seller with one order, in the clearing period'),
        'seller.available': Rule(Side.CREDIT, True, 1, 'what a seller may withdraw'),
        'buyer.wallet': Rule(Side.CREDIT, True, 1, 'refunds that could not go back to where they came from'),
        'refund': Rule(Side.CREDIT, True, 1, 'asked of the provider, not confirmed'),
        'payout': Rule(Side.CREDIT, True, 1, 'asked of the provider, not confirmed'),
        'revenue.commission': Rule(Side.CREDIT, False, 0, 'earned commission'),
        'revenue.buyer_fee': Rule(Side.CREDIT, False, 0, 'earned buyer fees'),
    }
)


def rule(account: str) -> Rule:
    root, *parts = account.split(':')
    found = CHART.get(root)
    if found is None or len(parts) != found.parts or not all(parts):
        raise ValueError(f'{account!r} is not in the chart of accounts')
    return found


def root(account: str) -> str:
    return account.partition(':')[0]
