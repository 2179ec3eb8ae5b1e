"""A statement as a spreadsheet reads it: CSV (RFC 4180), in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib import clock
from chalicelib.documents import CSV, Document
from chalicelib.ledger import accounts, store
from chalicelib.ledger.schemas import StatementExport
from chalicelib.money import decimal
from chalicelib.reads import Page, Paging

COLUMNS = ('at', 'transaction', 'event', 'account', 'order_id', 'currency', 'amount', 'amount_minor')
_PAGE = 1_000
_FORMULAS = ('=', '+', '-', '@', '\t', '\r')


def statement(user_id: str, asked: StatementExport) -> Document:
    """The lines that were asked for, newest first, and in the link what follows them."""
    rows, cursor = _rows(user_id, asked)
    following = asked.model_dump(mode='json', by_alias=True, exclude_none=True) | {'cursor': cursor}
    return Document(CSV, 'statement.csv', _csv(map(_line, rows)), following if cursor else None)


def _rows(user_id: str, asked: StatementExport) -> tuple[list[dict[str, Any]], str | None]:
    rows: list[dict[str, Any]] = []
    page = Page([], asked.cursor)
    while True:
        paging = Paging(min(_PAGE, asked.limit - len(rows)), page.next_cursor)
        page = store.statement(user_id, paging, start_ms=asked.start_ms, end_ms=asked.end_ms)
        rows += page.rows
        if page.next_cursor is None or len(rows) >= asked.limit:
            return rows, page.next_cursor


def _line(row: dict[str, Any]) -> Iterator[str]:
    at = clock.utc(row['at']).isoformat(timespec='milliseconds').replace('+00:00', 'Z')
    texts = (at, row['txid'], row['event'], accounts.root(row['account']), row.get('order_id') or '', row['currency'])
    yield from map(harmless, texts)
    yield decimal(row['minor'], row['currency'])
    yield str(row['minor'])


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    writer.writerows(lines)
    return made.getvalue().encode()
