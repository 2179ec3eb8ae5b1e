"""What may be adjusted by hand, as a posting. Pure.

Accounts that belong to an order, a refund or a payout are none of it: their money moves with the thing itself. Neither is
suspense, which is emptied by its case.
"""

import re
from typing import Any

from chalicelib import ids
from chalicelib.errors import Invalid
from chalicelib.ledger import accounts
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import credit_postings as credit
from chalicelib.ledger.postings import Line, Posting
from chalicelib.money import must_be_whole
from chalicelib.payments.port import NAMES

BY_HAND = frozenset(
    {
        'psp.clearing',
        'psp.balance',
        'bank',
        'receivable.seller',
        'seller.available',
        'buyer.wallet',
        'buyer.promo',
        'tax.payable',
        *(root for root in accounts.CHART if root.startswith(('revenue.', 'expense.', 'fx.'))),
    }
)
_PROVIDER = f'^({"|".join(NAMES)})$'
_UNDONE = ('adjust:', 'promo:', 'affiliate:', 'reverse:')
"""Names of what is posted with nothing else beside it that would still say so once it is undone."""
_PERSONAL = {'receivable.seller', 'seller.available', 'buyer.wallet', 'buyer.promo'}

_PARTS = {
    **dict.fromkeys(_PERSONAL, ids.pattern('usr')),
    **dict.fromkeys(('psp.clearing', 'psp.balance', 'expense.psp_fee', 'expense.difference'), _PROVIDER),
    'bank': r'^operating$',
    'tax.payable': r'^[A-Z]{2}$',
    'expense.chargeback': r'^(fee|loss)$',
}
"""What follows the root of an account."""


def posting_of(adjustment_id: str, wanted: dict[str, Any], provider: str | None, owed_minor: int) -> Posting:
    """The posting of an adjustment `{kind, currency, amount_minor, ...}`, as it was proposed.

    `provider` is the one that unmatched money is with, and `owed_minor` what its user owes: credit pays that first.
    """
    currency, minor = wanted['currency'], wanted['amount_minor']
    match wanted['kind']:
        case 'write_off':
            return corrections.debt_written_off(adjustment_id, wanted['user_id'], currency, minor)
        case 'promo_credit':
            return credit.promo_granted(adjustment_id, wanted['user_id'], currency, minor, owed_minor)
        case 'unmatched_money':
            given = adjustment_id, provider or '', wanted['user_id'], currency, minor
            return corrections.unmatched_resolved(*given, owed_minor=owed_minor)
        case 'unmatched_refund':
            return corrections.unmatched_sent_back(adjustment_id, provider or '', currency, minor)
        case _:
            taken, given = wanted['debit_account'], wanted['credit_account']
            lines = [Line(taken, -minor, owner_of(taken)), Line(given, minor, owner_of(given))]
            return corrections.adjusted(adjustment_id, currency, lines)


def reversal_of(txid: str, currency: str, lines: list[list[Any]]) -> Posting:
    """The opposite of a transaction that was posted, if it is one that may be undone by hand."""
    if not txid.startswith(_UNDONE):
        raise Invalid.at('#/reverse_of', f'By hand, only {", ".join(_UNDONE)} are undone; {txid} is undone by what it is about')
    if any(accounts.root(account) == 'suspense' and minor > 0 for account, minor in lines):
        raise Invalid.at('#/reverse_of', f'{txid} has put money back into suspense, which leaves it by its case only')
    if any(accounts.root(account) == 'expense.difference' for account, _ in lines):
        raise Invalid.at('#/reverse_of', f'{txid} was about a case: whatever the report shows later is a case of its own')
    return corrections.undone(txid, currency, [Line(account, minor, owner_of(account)) for account, minor in lines])


def check(wanted: dict[str, Any]) -> None:
    """Refuses what could never be posted, with what would be right."""
    must_be_whole(wanted['amount_minor'], wanted['currency'], '#/amount_minor')
    for name in ('debit_account', 'credit_account'):
        if name in wanted:
            _check_account(name, wanted[name])
    if wanted.get('debit_account') == wanted.get('credit_account') is not None:
        raise Invalid.at('#/credit_account', 'Money moves between two accounts')


def owner_of(account: str) -> str | None:
    """Whose statement a line on it is on."""
    root, _, owner = account.partition(':')
    return owner if root in _PERSONAL else None


def _check_account(name: str, account: str) -> None:
    if accounts.root(account) not in BY_HAND:
        raise Invalid.at(f'#/{name}', f'By hand, money moves on {", ".join(sorted(BY_HAND))} only')
    try:
        accounts.rule(account)
    except ValueError as unknown:
        raise Invalid.at(f'#/{name}', str(unknown)) from unknown
    root, *parts = account.split(':')
    if parts and not re.fullmatch(_PARTS.get(root, r'^[A-Za-z-]{2,20}$'), parts[0]):
        raise Invalid.at(f'#/{name}', f'{parts[0]!r} is not what {root} is kept of')
