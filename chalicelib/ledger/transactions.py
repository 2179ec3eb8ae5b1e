"""One transaction of the ledger, as somebody sees it whose money it moved."""

from typing import Any

from chalicelib.auth import Caller
from chalicelib.errors import NotFound
from chalicelib.ledger import accounts, store
from chalicelib.ledger.schemas import Holder, TransactionView

_OURS = frozenset({'fee.commission', 'hold.dispute', 'receivable.dispute'})
"""Guarded, and yet nobody's but the platform's."""


_INTO_WALLETS = frozenset({'refund_requested', 'refund_failed', 'refund_returned', 'late_payment_captured'})
"""Events of an order in which a debt that is paid is its buyer's."""


def show(txid: str, caller: Caller) -> TransactionView:
    """With all its lines, those of others included; to somebody without a line in it there is no such transaction."""
    found = store.transactions([txid]).get(txid)
    owned = store.owned_accounts(found, caller.user_id) if found else set()
    if found is None or not (owned or caller.is_staff):
        raise NotFound(f'There is no transaction {txid} of yours')
    return seen(found, owned, is_staff=caller.is_staff)


def seen(transaction: dict[str, Any], owned: set[str], *, is_staff: bool) -> TransactionView:
    """A transaction as somebody sees it whose these accounts are."""
    lines = [_line(account, minor, owned) for account, minor in transaction['lines']]
    shown = lines if is_staff else _without_debts(lines, transaction['event'])
    return TransactionView.model_validate({**transaction, 'id': transaction['txid'], 'lines': shown})


def _line(account: str, minor: int, owned: set[str]) -> dict[str, Any]:
    whose = 'yours' if account in owned else holder(account)
    return {'account': accounts.root(account), 'amount_minor': minor, 'whose': whose}


def _without_debts(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    """Whether the other side owes us something is not the caller's: what pays it is shown as theirs to withdraw or spend."""
    theirs = [line for line in lines if line['account'] == 'receivable.seller' and line['whose'] == 'other_side']
    if not theirs:
        return lines
    minor = sum(line['amount_minor'] for line in theirs)
    rest = [line for line in lines if line not in theirs]
    account = 'buyer.wallet' if event in _INTO_WALLETS and minor > 0 else 'seller.available'
    same = next((line for line in rest if line['account'] == account and line['whose'] == 'other_side'), None)
    if same:
        same['amount_minor'] += minor
        return rest
    return [*rest, {'account': account, 'amount_minor': minor, 'whose': 'other_side'}]


def holder(account: str) -> Holder:
    """Whose an account is to somebody whose it is not."""
    root = accounts.root(account)
    if root.startswith('psp.'):
        return 'provider'
    return 'platform' if root in _OURS or not accounts.rule(account).is_guarded else 'other_side'
