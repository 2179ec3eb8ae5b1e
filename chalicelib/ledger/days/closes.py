"""The derived accounts' totals: at the end of a day, and now, without a row that everybody writes to."""

import json
from collections import defaultdict
from collections.abc import Iterator

from chalicelib import clock
from chalicelib.ledger import accounts
from chalicelib.ledger import store as ledger
from chalicelib.ledger.days import store
from chalicelib.ledger.days.store import Close, Row


class NotClosed(LookupError):
    """No day is closed yet, so that there is no total to go on from."""


class Day:
    """What the transactions of one day add to the derived accounts."""

    def __init__(self, day: str) -> None:
        self._day = day
        self._moved: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, row: Row) -> None:
        for account, minor in json.loads(row['lines']):
            if not accounts.rule(account).is_guarded:
                moved = self._moved[account, row['currency']]
                moved[0] += minor
                moved[1] += 1

    def close(self) -> None:
        """May be done again, and then makes what is not there yet."""
        for (account, currency), (minor, entries) in sorted(self._moved.items()):
            before = store.close_of(account, currency, self._day) or {'total_minor': 0, 'entries': 0, 'of_day': ''}
            if before['of_day'] != self._day:
                total, count = before['total_minor'] + minor, before['entries'] + entries
                self._put(account, currency, total, count)

    def _put(self, account: str, currency: str, total_minor: int, entries: int) -> None:
        made = Close(account=account, currency=currency, of_day=self._day, at=clock.now_ms())
        made.total_minor, made.entries = total_minor, entries
        store.add_close(made)


def derived_total(account: str, currency: str) -> int:
    """What a derived account comes to now, credits positive: its last close and the entries since.

    Raises NotClosed on a stage whose first day is not over.
    """
    last = store.last_sealed_day()
    if last is None:
        raise NotClosed(account)
    later = sum(int(row['minor']) for row in _since(account, currency, last))
    return total_until(account, currency, last) + later


def total_until(account: str, currency: str, day: str) -> int:
    """What it came to at the end of a closed day."""
    found = store.close_of(account, currency, day)
    return int(found['total_minor']) if found else 0


def violations(derived: dict[tuple[str, str, str], int]) -> Iterator[str]:
    """Where the closes do not say what the entries say, by account, currency and day."""
    last = store.last_sealed_day()
    if last is None:
        return
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (account, currency, day), minor in derived.items():
        totals[account, currency] += minor if day <= last else 0
    for (account, currency), minor in totals.items():
        if (closed := total_until(account, currency, last)) != minor:
            yield f'S3: {account} {currency} was closed with {closed} until {last}; its entries say {minor}'


def _since(account: str, currency: str, day: str) -> Iterator[Row]:
    today = ledger.day_of(clock.now_ms())
    for later in store.days(store.next_day(day), today):
        yield from store.entries_of(account, currency, later)
