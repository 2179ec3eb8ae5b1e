"""Rows of closed days, which are put into the journal and never changed; and the rows of one day, found without the others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.db import IntegerAttribute, JournalRow, Transaction
from chalicelib.errors import Moved
from chalicelib.ledger import store
from chalicelib.reads import Paging

Row = dict[str, Any]
_SEALS = 'SEALS'


class Close(JournalRow, discriminator='close'):
    account = UnicodeAttribute()
    currency = UnicodeAttribute()
    of_day = UnicodeAttribute()
    total_minor = IntegerAttribute()
    """All entries until the end of the day, credits positive."""
    entries = IntegerAttribute()
    """How many those are."""
    at = IntegerAttribute()


class Seal(JournalRow, discriminator='seal'):
    of_day = UnicodeAttribute()
    root = UnicodeAttribute()
    transactions = IntegerAttribute()
    previous = UnicodeAttribute()
    """The fingerprint of the seal before; empty in the first one."""
    fingerprint = UnicodeAttribute()
    at = IntegerAttribute()
    day = UnicodeAttribute(default=_SEALS)
    """Key of the index `by_day`, in which the seals are a partition of their own."""


def next_day(day: str) -> str:
    return f'{datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1):%Y%m%d}'


def days(first: str, last: str) -> Iterator[str]:
    """Both included."""
    while first <= last:
        yield first
        first = next_day(first)


def end_of(day: str) -> int:
    """The first moment of the day after, in milliseconds since 1970."""
    return int(datetime.strptime(next_day(day), '%Y%m%d').replace(tzinfo=UTC).timestamp()) * clock.SECOND


def rows_of(day: str) -> Iterator[Row]:
    """The transactions of a day, as they stand now. Holds the names of a sixteenth of them at a time."""
    for shard in range(store.SHARDS):
        yield from _rows(reads.index_all(settings.JOURNAL_TABLE, 'by_day', 'day', store.day_key(day, shard)))


def entries_of(account: str, currency: str, day: str) -> Iterator[Row]:
    """The entries of a derived account on a day."""
    for shard in range(store.SHARDS):
        yield from reads.partition(settings.JOURNAL_TABLE, store.derived_key(account, currency, day, shard))


def first_day() -> str | None:
    """Of the oldest transaction: reads the whole journal, once in the life of a stage."""
    rows = reads.scan(settings.JOURNAL_TABLE)
    return min((store.day_of(row['at']) for row in rows if row['row'] == 'journal'), default=None)


def seals() -> list[Row]:
    """All of them, the oldest first."""
    rows = _rows(reads.index_all(settings.JOURNAL_TABLE, 'by_day', 'day', _SEALS))
    return sorted(rows, key=lambda seal: str(seal['of_day']))


def first_sealed_day() -> str | None:
    return _sealed(newest_first=False)


def last_sealed_day() -> str | None:
    return _sealed(newest_first=True)


def _sealed(*, newest_first: bool) -> str | None:
    page = reads.page(settings.JOURNAL_TABLE, ('day', _SEALS), 'pk', Paging(1), index='by_day', newest_first=newest_first)
    return page.rows[0]['pk'].removeprefix('SEAL#') if page.rows else None


def seal_of(day: str) -> Row | None:
    return reads.find(settings.JOURNAL_TABLE, f'SEAL#{day}', 'SEAL')


def close_of(account: str, currency: str, day: str) -> Row | None:
    """The last one that was made for that day or for one before it."""
    pk = store.account_key(account, currency)
    return reads.last_up_to(settings.JOURNAL_TABLE, pk, 'CLOSE#', f'CLOSE#{day}')


def add_close(close: Close) -> None:
    close.pk, close.sk = store.account_key(close.account, close.currency), f'CLOSE#{close.of_day}'
    _put(close)


def add_seal(seal: Seal) -> None:
    seal.pk, seal.sk = f'SEAL#{seal.of_day}', 'SEAL'
    _put(seal)


def _put(row: JournalRow) -> None:
    tx = Transaction()
    tx.put(row, otherwise=Moved(f'{row.pk} {row.sk} was made meanwhile'))
    tx.commit()


def _rows(listed: list[Row]) -> Iterator[Row]:
    keys = [(row['pk'], row['sk']) for row in listed]
    for start in range(0, len(keys), 100):
        yield from reads.find_many(settings.JOURNAL_TABLE, keys[start : start + 100])
