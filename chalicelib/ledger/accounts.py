"""The chart of accounts. Pure.

A credit is positive and a debit negative. An account is *guarded* when it must never be overdrawn: it then has a balance row
that a transaction conditions on. The others (our own income, costs and provider accounts, through which everything flows) are
*derived*: they have entries only, spread over shards, so that no two transactions ever meet on one of them.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple


class Side(IntEnum):
    """The side on which an account normally stands."""

    CREDIT = 1
    DEBIT = -1


class Rule(NamedTuple):
    side: Side
    is_guarded: bool
    parts: int
    """How many names follow the root."""
    meaning: str


CHART: Mapping[str, Rule] = MappingProxyType(
    {
        'psp.clearing': Rule(Side.DEBIT, False, 1, 'captured, not yet in our balance at the provider'),
        'psp.balance': Rule(Side.DEBIT, False, 1, 'our balance at the provider'),
        'bank': Rule(Side.DEBIT, False, 1, 'our own bank account'),
        'receivable.seller': Rule(
            Side.DEBIT, True, 1, 'what a seller owes us: money that was taken back after it was paid out'
        ),
        'receivable.dispute': Rule(Side.DEBIT, True, 1, 'what a bank holds while a chargeback is open'),
        'escrow': Rule(Side.CREDIT, True, 1, "a buyer's money, held for one unit of work"),
        'fee.buyer': Rule(Side.CREDIT, True, 1, "an order's buyer fee, not earned yet"),
        'fee.tax': Rule(Side.CREDIT, True, 1, "the tax on an order's buyer fee, not owed yet"),
        'fee.commission': Rule(Side.CREDIT, True, 1, "an order's commission, not earned yet"),
        'seller.clearing': Rule(Side.CREDIT, True, 2, 'earned by a seller with one order, in the clearing period'),
        'seller.available': Rule(Side.CREDIT, True, 1, 'what a seller may withdraw'),
        'buyer.wallet': Rule(Side.CREDIT, True, 1, "a buyer's credit: refunds that went no further, and what was paid in"),
        'buyer.promo': Rule(Side.CREDIT, True, 1, 'credit that was given to a buyer; spent first, never paid out'),
        'buyer.reserved': Rule(Side.CREDIT, True, 1, 'credit that a payment in the making will use'),
        'refund': Rule(Side.CREDIT, True, 1, 'asked of the provider, not confirmed'),
        'payout': Rule(Side.CREDIT, True, 1, 'asked of the provider, not confirmed'),
        'hold.dispute': Rule(Side.CREDIT, True, 1, "an order's money, frozen while a chargeback is open"),
        'suspense': Rule(Side.CREDIT, False, 1, 'money at the provider that nothing of ours explains'),
        'tax.payable': Rule(Side.CREDIT, False, 1, 'tax owed to one country'),
        'revenue.commission': Rule(Side.CREDIT, False, 0, 'earned commission'),
        'revenue.buyer_fee': Rule(Side.CREDIT, False, 0, 'earned buyer fees'),
        'revenue.payout_fee': Rule(Side.CREDIT, False, 0, 'earned payout fees'),
        'revenue.contest_fee': Rule(Side.CREDIT, False, 0, 'earned contest fees'),
        'revenue.fx': Rule(Side.CREDIT, False, 0, 'earned on exchanges'),
        'expense.psp_fee': Rule(Side.DEBIT, False, 1, 'what a provider charges for its services'),
        'expense.chargeback': Rule(Side.DEBIT, False, 1, "chargebacks: `fee`, the provider's; `loss`, what nobody else bears"),
        'expense.promo': Rule(Side.DEBIT, False, 0, 'credit given to buyers'),
        'expense.affiliate': Rule(Side.DEBIT, False, 0, 'rewards for recommending us'),
        'expense.bad_debt': Rule(Side.DEBIT, False, 0, "sellers' debts that were given up"),
        'expense.difference': Rule(Side.DEBIT, False, 1, 'what a provider has shown otherwise, and nobody can explain'),
        'fx.position': Rule(Side.CREDIT, False, 1, 'between the two halves of an exchange'),
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
