"""One transaction of the ledger, as somebody sees it whose money it moved."""

from typing import Any

from chalicelib.auth import Caller
from chalicelib.errors import NotFound
from chalicelib.ledger import accounts, store
from chalicelib.ledger.schemas import Holder, TransactionView

_OURS = frozenset({'fee.commission', 'hold.dispute', 'receivable.dispute'})
"""Guarded, and yet nobody's but the platform's."""


def show(txid: str, caller: Caller) -> TransactionView:
    """With all its lines, those of others included; to somebody without a line in it there is no such transaction."""
    found = store.transactions([txid]).get(txid)
    owned = store.owned_accounts(found, caller.user_id) if found else set()
    if found is None or not (owned or caller.is_staff):
        raise NotFound(f'There is no transaction {txid} of yours')
    lines = [_line(account, minor, owned) for account, minor in found['lines']]
    return TransactionView.model_validate({**found, 'id': txid, 'lines': lines})


def _line(account: str, minor: int, owned: set[str]) -> dict[str, Any]:
    whose = 'yours' if account in owned else holder(account)
    return {'account': accounts.root(account), 'amount_minor': minor, 'whose': whose}


def holder(account: str) -> Holder:
    """Whose an account is to somebody whose it is not."""
    root = accounts.root(account)
    if root.startswith('psp.'):
        return 'provider'
    return 'platform' if root in _OURS or not accounts.rule(account).is_guarded else 'other_side'
