"""Reads that go straight into views, without PynamoDB's models, which double the cost of a list."""

import base64
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chalicelib import aws, settings
from chalicelib.errors import Invalid

MANY = 100
"""How many rows can be asked for by their keys at once."""
LARGE_CHARACTERS = 1_000_000
"""Where a page of whole rows ends: as much as DynamoDB puts into a page, and well within an answer of Lambda (6 MB)."""


def decode(item: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A stored item in Python's own types. Numbers are integers: nothing here stores another kind."""
    # Most of what is stored is text.
    return {name: typed['S'] if 'S' in typed else _value(*typed.popitem()) for name, typed in item.items()}


def _value(kind: str, value: Any) -> Any:
    match kind:
        case 'N':
            return int(value)
        case 'L':
            return [_value(*typed.popitem()) for typed in value]
        case 'M':
            return decode(value)
        case 'NULL':
            return None
        case _:
            return value


def find(table: str, pk: str, sk: str) -> dict[str, Any] | None:
    """One row as it stands now, in one request."""
    answer = aws.client('dynamodb').get_item(TableName=table, Key=_key(pk, sk), ConsistentRead=True)
    return decode(answer['Item']) if 'Item' in answer else None


def find_many(table: str, keys: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Up to 100 rows as they stand now, in one request, in no order; those that do not exist are left out."""
    wanted = {table: {'Keys': [_key(*key) for key in keys], 'ConsistentRead': True}}
    found: list[dict[str, Any]] = []
    while wanted:
        answer = aws.client('dynamodb').batch_get_item(RequestItems=wanted)
        found += [decode(item) for item in answer['Responses'].get(table, ())]
        wanted = answer.get('UnprocessedKeys')
    return found


def index_up_to(index: str, hash_key: tuple[str, str], range_key: tuple[str, int], limit: int) -> list[dict[str, Any]]:
    """The first `limit` rows of one index partition whose numeric range key is not greater than the one given."""
    (hash_name, hash_value), (range_name, range_value) = hash_key, range_key
    rows = _query(
        TableName=settings.MARKET_TABLE,
        IndexName=index,
        KeyConditionExpression='#h = :h AND #r <= :r',
        ExpressionAttributeNames={'#h': hash_name, '#r': range_name},
        ExpressionAttributeValues={':h': {'S': hash_value}, ':r': {'N': str(range_value)}},
        Limit=limit,
    )
    return list(itertools.islice(rows, limit))


def index_between(
    table: str, index: str, hash_key: tuple[str, str], range_name: str, within: tuple[str, str]
) -> list[dict[str, Any]]:
    """All rows of one index partition whose text range key is not outside of two others."""
    (hash_name, hash_value), (low, high) = hash_key, within
    return list(
        _query(
            TableName=table,
            IndexName=index,
            KeyConditionExpression='#h = :h AND #r BETWEEN :low AND :high',
            ExpressionAttributeNames={'#h': hash_name, '#r': range_name},
            ExpressionAttributeValues={':h': {'S': hash_value}, ':low': {'S': low}, ':high': {'S': high}},
        )
    )


def index_all(table: str, index: str, hash_name: str, hash_value: str) -> list[dict[str, Any]]:
    return list(
        _query(
            TableName=table,
            IndexName=index,
            KeyConditionExpression='#h = :h',
            ExpressionAttributeNames={'#h': hash_name},
            ExpressionAttributeValues={':h': {'S': hash_value}},
        )
    )


def partition(table: str, pk: str, *, prefix: str = '') -> Iterator[dict[str, Any]]:
    """Every row of a partition whose sort key begins so, as it stands now."""
    request = {
        'TableName': table,
        'KeyConditionExpression': 'pk = :p' + (' AND begins_with(sk, :s)' if prefix else ''),
        'ExpressionAttributeValues': {':p': {'S': pk}} | ({':s': {'S': prefix}} if prefix else {}),
        'ConsistentRead': True,
    }
    return _query(**request)


def last_up_to(table: str, pk: str, low: str, high: str) -> dict[str, Any] | None:
    """Of a partition's rows with `low <= sk <= high` the last one, as it stands now."""
    answer = aws.client('dynamodb').query(
        TableName=table,
        KeyConditionExpression='pk = :p AND sk BETWEEN :l AND :h',
        ExpressionAttributeValues={':p': {'S': pk}, ':l': {'S': low}, ':h': {'S': high}},
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=1,
    )
    return decode(answer['Items'][0]) if answer['Items'] else None


def scan(table: str, segment: int = 0, segments: int = 1) -> Iterator[dict[str, Any]]:
    """Every row of a table, or of one of its `segments`, page by page; each as it stands when its page is read."""
    request: dict[str, Any] = {'TableName': table, 'ConsistentRead': True, 'Segment': segment, 'TotalSegments': segments}
    return _pages('scan', request)


class Page(NamedTuple):
    """Some rows, and the cursor of the next ones where there are any."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


class Paging(NamedTuple):
    """How much of a list is wanted, and from where."""

    limit: int
    cursor: str | None = None


def page(
    table: str,
    hash_key: tuple[str, str],
    range_name: str,
    paging: Paging,
    *,
    index: str | None = None,
    range_prefix: str = '',
    within: tuple[str, str] | None = None,
    newest_first: bool = True,
) -> Page:
    """One page of a partition, in one request: all of it, what starts so, or what is not outside of two range keys.

    A cursor is the position of the last row shown, and nothing else of the query: it cannot lead into a partition that the
    caller did not ask for.
    """
    hash_name, hash_value = hash_key
    request: dict[str, Any] = {
        'TableName': table,
        'KeyConditionExpression': '#h = :h',
        'ExpressionAttributeNames': {'#h': hash_name},
        'ExpressionAttributeValues': {':h': {'S': hash_value}},
        'ScanIndexForward': not newest_first,
        'Limit': paging.limit,
    }
    if index:
        request['IndexName'] = index
    if range_prefix:
        request['KeyConditionExpression'] += ' AND begins_with(#r, :r)'
        request['ExpressionAttributeNames']['#r'] = range_name
        request['ExpressionAttributeValues'][':r'] = {'S': range_prefix}
    if within:
        request['KeyConditionExpression'] += ' AND #r BETWEEN :low AND :high'
        request['ExpressionAttributeNames']['#r'] = range_name
        request['ExpressionAttributeValues'] |= {':low': {'S': within[0]}, ':high': {'S': within[1]}}
    position = list(dict.fromkeys([hash_name, range_name, 'pk', 'sk']))
    if paging.cursor:
        values = [hash_value, *_decode_cursor(paging.cursor, len(position) - 1, range_prefix, within)]
        request['ExclusiveStartKey'] = {name: {'S': value} for name, value in zip(position, values, strict=True)}
    answer = aws.client('dynamodb').query(**request)
    last = answer.get('LastEvaluatedKey')
    return Page(
        [decode(item) for item in answer['Items']],
        _encode_cursor([last[name]['S'] for name in position[1:]]) if last else None,
    )


def waiting(queue: str, paging: Paging) -> Page:
    """What waits for staff in one queue, newest first and whole; fewer than asked for where they are large."""
    return whole(page(settings.MARKET_TABLE, ('case_queue', queue), 'listed_at', paging, index='open_cases'))


def whole(shown: Page) -> Page:
    """The rows of an index by `listed_at`, each as it stands now; fewer than were shown where they are large.

    One request more: an index does not hold all of a row.
    """
    keys = [(row['pk'], row['sk']) for row in shown.rows]
    found = {(row['pk'], row['sk']): row for row in find_many(settings.MARKET_TABLE, keys)} if keys else {}
    rows, room = [], LARGE_CHARACTERS
    for listed, key in zip(shown.rows, keys, strict=True):
        row = found.get(key)
        if row:
            rows.append(row)
            room -= len(json.dumps(row))
        if room <= 0 and listed is not shown.rows[-1]:
            return Page(rows, _encode_cursor([listed['listed_at'], *key]))
    return Page(rows, shown.next_cursor)


def _query(**request: Any) -> Iterator[dict[str, Any]]:
    return _pages('query', request)


def _pages(operation: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        answer = getattr(aws.client('dynamodb'), operation)(**request)
        yield from (decode(item) for item in answer['Items'])
        if 'LastEvaluatedKey' not in answer:
            return
        request['ExclusiveStartKey'] = answer['LastEvaluatedKey']


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {'pk': {'S': pk}, 'sk': {'S': sk}}


def _encode_cursor(position: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, separators=(',', ':')).encode()).decode().rstrip('=')


def _decode_cursor(cursor: str, length: int, range_prefix: str, within: tuple[str, str] | None) -> list[str]:
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4)))
    except ValueError:
        position = None
    if not (
        isinstance(position, list)
        and len(position) == length
        and all(isinstance(part, str) and part for part in position)
        and position[0].startswith(range_prefix)
        and (within is None or within[0] <= position[0] <= within[1])
    ):
        raise Invalid(
            'This cursor was not made here',
            errors=[{'parameter': 'cursor', 'detail': 'Send the next_cursor of an earlier page of the same list, unchanged'}],
        )
    return position
