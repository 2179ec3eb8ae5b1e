"""The three tables: their base rows, the one kind of transaction, and reads that go straight into views.

Writes are PynamoDB rows and conditions. Reads that only show something skip its models, which double the cost of a list.
"""

import base64
import contextlib
import itertools
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from pynamodb.attributes import Attribute, DiscriminatorAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import TransactWriteError
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import aws, settings
from chalicelib.errors import Invalid, Moved, Replayed, Unavailable

_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.02
# Codes that say the request itself was wrong: repeating it cannot help.
_REFUSED = {'ValidationException', 'ValidationError', 'AccessDeniedException', 'ItemCollectionSizeLimitExceeded'}
T = TypeVar('T')


class SharedConnection(Connection):
    """PynamoDB otherwise makes a session and a client for every model class and every connection."""

    @property
    def client(self) -> Any:
        return aws.client('dynamodb')


class IntegerAttribute(Attribute[int]):
    """Money, times and counts. PynamoDB's own number is a float."""

    attr_type = 'N'

    def serialize(self, value: int) -> str:
        if type(value) is not int:
            raise TypeError(f'Not an integer: {value!r}')
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class Row(Model):
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if not isinstance(table.connection, SharedConnection):
            shared = SharedConnection(region=settings.REGION)
            shared.add_meta_table(table.get_meta_table())
            table.connection = shared
        return table


class MarketRow(Row):
    """Everything but money: which row it is stands in `row`, and in the sort key as well."""

    class Meta:
        table_name = settings.MARKET_TABLE
        region = settings.REGION

    row = DiscriminatorAttribute()


class JournalRow(Row):
    class Meta:
        table_name = settings.JOURNAL_TABLE
        region = settings.REGION

    row = DiscriminatorAttribute()


class BalanceRow(Row):
    class Meta:
        table_name = settings.BALANCES_TABLE
        region = settings.REGION


@runtime_checkable
class Curious(Protocol):
    """An error that depends on the row which was in the way."""

    def seen(self, row: dict[str, Any]) -> Exception: ...


class Transaction:
    """All of it or none of it; a condition that fails raises the error it was written with.

    PynamoDB sends checks, then deletes, puts and updates, whatever the order of the calls (pynamodb#1284). Where several
    conditions fail at once, `Replayed` is told first and `Moved` next: what follows from them explains the others.
    """

    def __init__(self) -> None:
        self._write = TransactWrite(connection=SharedConnection(region=settings.REGION))
        self._checks: list[Exception] = []
        self._puts: list[Exception] = []
        self._updates: list[Exception] = []

    def check(self, model: type[Row], pk: str, sk: str, *, that: Any, otherwise: Exception) -> None:
        self._write.condition_check(model, pk, sk, condition=that)
        self._checks.append(otherwise)

    def put(self, row: Row, *, otherwise: Exception) -> None:
        """A row that must not exist yet. An error that asks what was `seen` is shown the row that does."""
        old = 'ALL_OLD' if isinstance(otherwise, Curious) else None
        self._write.save(row, condition=type(row).pk.does_not_exist(), return_values=old)
        self._puts.append(otherwise)

    def replace(self, row: Row, *, when: Any, otherwise: Exception) -> None:
        """The whole row as it now is, in place of the one that is there."""
        self._write.save(row, condition=when)
        self._puts.append(otherwise)

    def update(self, row: Row, actions: list[Any], *, when: Any, otherwise: Exception) -> None:
        self._write.update(row, actions=actions, condition=when)
        self._updates.append(otherwise)

    def upsert(self, row: Row, actions: list[Any]) -> None:
        """An update that holds whether the row exists or not, and so cannot fail."""
        self._write.update(row, actions=actions)
        self._updates.append(AssertionError('An update without a condition failed'))

    def commit(self) -> None:
        errors = list(itertools.chain(self._checks, self._puts, self._updates))
        if not errors:
            return
        try:
            with self._write:
                pass
        except TransactWriteError as failure:
            raise _meaning(failure, errors) from failure


def _meaning(failure: TransactWriteError, errors: Sequence[Exception]) -> Exception:
    reasons = [(error, reason) for error, reason in zip(errors, failure.cancellation_reasons, strict=False) if reason]
    failed = [(error, reason) for error, reason in reasons if reason.code == 'ConditionalCheckFailed']
    if failed:
        error, reason = min(failed, key=lambda pair: _precedence(pair[0]))
        return error.seen(decode(reason.raw_item or {})) if isinstance(error, Curious) else error
    codes = {failure.cause_response_code, *(reason.code for _, reason in reasons)}
    if 'TransactionConflict' in codes:
        return Moved('Someone else is changing this at the same moment; try again')
    if codes & _REFUSED:
        return failure
    return Unavailable(
        'It is not known whether this was done. Send the same request with the same Idempotency-Key again: '
        'it is done once, whatever happened.'
    )


def _precedence(error: Exception) -> int:
    return 0 if isinstance(error, Replayed) else 1 if isinstance(error, Moved) else 2


def atomically(work: Callable[[Transaction], T]) -> T:
    """Runs `work` and commits what it put into its transaction; again from the start where someone else was quicker.

    `work` therefore reads all that it decides on, and changes nothing but through the transaction.
    """
    for attempt in range(1, _ATTEMPTS):
        with contextlib.suppress(Moved):
            return _attempt(work)
        time.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**attempt))  # noqa: S311
    return _attempt(work)


def _attempt(work: Callable[[Transaction], T]) -> T:
    transaction = Transaction()
    result = work(transaction)
    transaction.commit()
    return result


def decode(item: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A stored item in Python's own types. Numbers are integers: nothing here stores another kind."""
    return {name: _value(*typed.popitem()) for name, typed in item.items()}


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


def collection(table: str, pk: str, sk_prefix: str) -> list[dict[str, Any]]:
    """All rows of one partition whose sort key begins so, as they stand now."""
    return list(
        _query(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression='pk = :pk AND begins_with(sk, :sk)',
            ExpressionAttributeValues={':pk': {'S': pk}, ':sk': {'S': sk_prefix}},
        )
    )


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


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor of the next ones where there are any."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True)
class Paging:
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
    newest_first: bool = True,
) -> Page:
    """One page of a partition, in one request.

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
    position = list(dict.fromkeys([hash_name, range_name, 'pk', 'sk']))
    if paging.cursor:
        values = [hash_value, *_decode_cursor(paging.cursor, len(position) - 1, range_prefix)]
        request['ExclusiveStartKey'] = {name: {'S': value} for name, value in zip(position, values, strict=True)}
    answer = aws.client('dynamodb').query(**request)
    last = answer.get('LastEvaluatedKey')
    return Page(
        [decode(item) for item in answer['Items']],
        _encode_cursor([last[name]['S'] for name in position[1:]]) if last else None,
    )


def _query(**request: Any) -> Iterator[dict[str, Any]]:
    while True:
        answer = aws.client('dynamodb').query(**request)
        yield from (decode(item) for item in answer['Items'])
        if 'LastEvaluatedKey' not in answer:
            return
        request['ExclusiveStartKey'] = answer['LastEvaluatedKey']


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {'pk': {'S': pk}, 'sk': {'S': sk}}


def _encode_cursor(position: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, separators=(',', ':')).encode()).decode().rstrip('=')


def _decode_cursor(cursor: str, length: int, range_prefix: str) -> list[str]:
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4)))
    except ValueError:
        position = None
    if not (
        isinstance(position, list)
        and len(position) == length
        and all(isinstance(part, str) and part for part in position)
        and position[0].startswith(range_prefix)
    ):
        raise Invalid(
            'This cursor was not made here',
            errors=[{'parameter': 'cursor', 'detail': 'Send the next_cursor of an earlier page of the same list, unchanged'}],
        )
    return position
