"""What is told and what is checked: scenes, figures, balances with their reasons, transactions with their lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from infra.local.client import Person, Refused

# A timer fires at the next sweep, which is once a minute; cold functions and a busy machine take their time as well.
TIMER_PATIENCE_S = 240

console = Console(highlight=False, soft_wrap=True)


_ACCOUNTS = {'clearing': 'seller.clearing', 'payout': 'payout'}
"""Where an amount that is pending for a reason is, if it is there as a whole."""


@dataclass(frozen=True)
class Pending:
    """One amount that is not available yet, as the balance should explain it."""

    subject_id: str
    amount_minor: int
    reason: str
    rule: str
    release_at: str | None = None


def act(text: str) -> None:
    console.print(f'\n[bold reverse] {text} [/]')


def scene(text: str) -> None:
    console.print(f'\n[bold]{text}[/]')


def say(text: str) -> None:
    console.print(f'  {text}')


def check(what: str, seen: Any, due: Any) -> None:
    """Whether something is as it should be. A whole number is told as money."""
    if seen != due:
        raise AssertionError(f'{what}: {seen!r}, and it should be {due!r}')
    shown = '' if isinstance(due, (dict, list, bool)) else f': {usd(due) if type(due) is int else due}'
    console.print(f'  [green]✓[/] {what}{shown}')


def refused(what: str, call: Callable[[], Any], problem: str) -> None:
    """Checks that something is not done, and why not."""
    try:
        call()
    except Refused as found:
        check(what, found.problem['type'], f'urn:gigmarket:problem:{problem}')
    else:
        raise AssertionError(f'{what}: it was done')


def usd(minor: int) -> str:
    return f'{"-" if minor < 0 else ""}${abs(minor) // 100}.{abs(minor) % 100:02d}'


def balance(
    what: str,
    who: Person,
    *,
    available: int = 0,
    pending: int = 0,
    in_payout: int = 0,
    owed: int = 0,
    because: Sequence[Pending] = (),
) -> None:
    """Checks somebody's balance: its figures, why each amount is pending, and that the statement adds up to them."""
    seen = _balance_of(who)
    say(
        f'balance of {who.email}: available {usd(seen["available_minor"])}, pending {usd(seen["pending_minor"])}, '
        f'in payout {usd(seen["in_payout_minor"])}, owed {usd(seen["owed_minor"])}'
    )
    figures = [seen[f'{name}_minor'] for name in ('available', 'pending', 'in_payout', 'owed', 'wallet', 'promo')]
    check(what, figures, [available, pending, in_payout, owed, 0, 0])
    for amount in seen['pending']:
        _tell(amount)
        _trace(who, amount)
    if because or seen['pending']:
        check('and each pending amount says why', _as_pending(seen['pending']), _sorted(because))
    _adds_up(who, seen)


def waits(who: Person, due: Pending) -> None:
    """Checks why one amount is pending, and until when."""
    amounts = [one for one in _balance_of(who)['pending'] if one['subject_id'] == due.subject_id]
    for amount in amounts:
        _tell(amount)
    check(f'{who.email} sees that it is pending because of {due.reason}', _as_pending(amounts), [due])


def transaction(who: Person, txid: str, due: dict[str, int]) -> None:
    """Checks one transaction of the ledger, line by line, as somebody sees it."""
    seen = who.get(f'/transactions/{txid}')
    for line in seen['lines']:
        say(f'  {line["account"]:<20} {usd(line["amount_minor"]):>10}  {line["whose"].replace("_", " ")}')
    check(f'the lines of {txid}', {line['account']: line['amount_minor'] for line in seen['lines']}, due)
    check('they add up to', sum(line['amount_minor'] for line in seen['lines']), 0)


def statement(who: Person) -> dict[str, int]:
    """The sum of all lines of somebody's statement, by account."""
    sums: dict[str, int] = {}
    page = who.get('/me/statement', limit=100)
    while True:
        for line in page['items']:
            sums[line['account']] = sums.get(line['account'], 0) + line['amount_minor']
        if not page['next_cursor']:
            return sums
        page = who.get('/me/statement', limit=100, cursor=page['next_cursor'])


def _balance_of(who: Person) -> Any:
    return next(one for one in who.get('/me/balance')['balances'] if one['currency'] == 'USD')


def _adds_up(who: Person, seen: Any) -> None:
    """Each figure of a balance is the sum of the statement's lines on one account."""
    due = {
        'seller.available': seen['available_minor'],
        'seller.clearing': _sum_of(seen['pending'], 'clearing'),
        'payout': seen['in_payout_minor'],
        'receivable.seller': -seen['owed_minor'],
        'refund': _sum_of(seen['pending'], 'refund'),
        'buyer.wallet': seen['wallet_minor'],
    }
    sums = statement(who)
    told = ', '.join(f'{account} {usd(minor)}' for account, minor in due.items() if minor) or 'nothing'
    check(f'the lines of the statement add up to it: {told}', {account: sums.get(account, 0) for account in due}, due)


def _sum_of(pending: Sequence[Any], reason: str) -> int:
    return sum(amount['amount_minor'] for amount in pending if amount['reason'] == reason)


def _tell(amount: Any) -> None:
    until = f' until {amount["release_at"]}' if amount['release_at'] else ''
    say(f'  {usd(amount["amount_minor"])}: {amount["reason"]}{until}, by the rule {amount["rule"]} ({amount["subject_id"]})')


def _trace(who: Person, amount: Any) -> None:
    """The transactions that an amount names leave it on its account."""
    answer = who.get(amount['explained_by'])
    lines = [line for transaction in answer.get('items', [answer]) for line in transaction['lines']]
    account = _ACCOUNTS.get(amount['reason'])
    if account:
        left = sum(line['amount_minor'] for line in lines if line['account'] == account)
        check(f'and {amount["explained_by"]} leaves on {account}', left, amount['amount_minor'])


def _as_pending(amounts: Sequence[Any]) -> list[Pending]:
    named = [{name: value for name, value in amount.items() if name != 'explained_by'} for amount in amounts]
    return _sorted([Pending(**amount) for amount in named])


def _sorted(amounts: Sequence[Pending]) -> list[Pending]:
    return sorted(amounts, key=lambda amount: amount.subject_id)
