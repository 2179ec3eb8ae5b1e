"""What workers sent, as a spreadsheet reads it: CSV, in which no cell is a formula."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from chalicelib import clock
from chalicelib.campaigns import store
from chalicelib.campaigns.schemas import ResultsQuery
from chalicelib.documents import CSV, Document
from chalicelib.ledger.exports import harmless
from chalicelib.money import decimal
from chalicelib.reads import Paging

_TIMES = ('claimed_at', 'submitted_at', 'rated_at')
COLUMNS = ('task', 'worker', 'position', 'state', *_TIMES, 'pay', 'text', 'files', 'reason')
_PAGE = 500


def results(campaign_id: str, asked: ResultsQuery) -> Document:
    """The tasks that were asked for, as they were claimed, and in the link what follows them."""
    rows, cursor = _rows(campaign_id, asked)
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    writer.writerows(map(_line, rows))
    following = {'limit': asked.limit, 'cursor': cursor} if cursor else None
    return Document(CSV, f'{campaign_id}.csv', made.getvalue().encode(), following)


def _rows(campaign_id: str, asked: ResultsQuery) -> tuple[list[dict[str, Any]], str | None]:
    rows: list[dict[str, Any]] = []
    cursor = asked.cursor
    while True:
        page = store.results(campaign_id, Paging(min(_PAGE, asked.limit - len(rows)), cursor))
        rows, cursor = rows + page.rows, page.next_cursor
        if cursor is None or len(rows) >= asked.limit:
            return rows, cursor


def _line(row: dict[str, Any]) -> Iterator[str]:
    yield from (row['id'], row['worker_id'], str(row['position']), row['state'])
    for name in _TIMES:
        yield clock.utc(row[name]).isoformat(timespec='seconds').replace('+00:00', 'Z') if row.get(name) else ''
    yield decimal(row['pay_minor'], row['currency'])
    yield harmless(row.get('text') or '')
    yield ' '.join(json.loads(row['file_ids']))
    yield harmless(json.loads(row['steps'])[-1]['reason'] or '')
