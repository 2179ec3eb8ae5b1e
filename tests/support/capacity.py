"""What requests cost in DynamoDB: the calls an operation makes, and the request units they consume, worked out from item sizes.

moto does not count units, and the emulator counts reads wrongly, so this follows the documented rules: 4 KB a read unit (half
of one where the read is eventually consistent), 1 KB a write unit, twice that in a transaction, and one more for every index
entry that is written or removed.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chalicelib import aws
from infra.build import template
from tests.support import resources

KB = 1024


@dataclass
class Bill:
    calls: list[str] = field(default_factory=list)
    read_units: float = 0
    write_units: float = 0


@contextmanager
def billed() -> Iterator[Bill]:
    """Counts all that the app asks of AWS within it."""
    bill, before = Bill(), _rows()

    def answered(parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        bill.calls.append(model.name)
        bill.read_units += _read_units(parsed, context['request'])

    def asked(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        is_json = params['headers'].get('Content-Type', '').startswith('application/x-amz-json')
        context['request'] = json.loads(params['body']) if is_json else {}

    clients = [aws.client(service) for service in ('dynamodb', 'sqs', 's3', 'secretsmanager')]
    for client in clients:
        client.meta.events.register('before-call', asked, unique_id='asked')
        client.meta.events.register('after-call', answered, unique_id='answered')
    try:
        yield bill
    finally:
        for client in clients:
            client.meta.events.unregister('before-call', unique_id='asked')
            client.meta.events.unregister('after-call', unique_id='answered')
    is_transaction = 'TransactWriteItems' in bill.calls
    after = _rows()
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            bill.write_units += _write_units(key[0], before.get(key), after.get(key), is_transaction=is_transaction)


def _read_units(answer: dict[str, Any], request: dict[str, Any]) -> float:
    if 'RequestItems' in request:
        asked = sum(len(table['Keys']) for table in request['RequestItems'].values())
        found = [[item] for items in answer['Responses'].values() for item in items]
        return sum(_units(size(*items), 4 * KB) for items in found) + asked - len(found)
    if 'KeyConditionExpression' in request or 'TotalSegments' in request:
        return _units(size(*answer['Items']), 4 * KB) * (1 if request.get('ConsistentRead') else 0.5)
    if 'Key' in request and 'UpdateExpression' not in request:
        return _units(size(answer.get('Item', {})), 4 * KB) * (1 if request.get('ConsistentRead') else 0.5)
    return 0


def _write_units(table: str, old: dict[str, Any] | None, new: dict[str, Any] | None, *, is_transaction: bool) -> int:
    base = max(_units(size(item), KB) for item in (old, new) if item)
    entries = sum(_index_units(index, old, new) for index in _indexes()[table])
    return base * (2 if is_transaction else 1) + entries


def _index_units(index: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None) -> int:
    keys = [part['AttributeName'] for part in index['KeySchema']]
    shown = {*keys, 'pk', 'sk', *index['Projection'].get('NonKeyAttributes', [])}
    was, now = (_entry(item, keys, shown) for item in (old, new))
    if was == now:
        return 0
    moved = was and now and any(was[key] != now[key] for key in keys)
    return sum(_units(size(entry), KB) for entry in ((was, now) if moved else (now or was,)) if entry)


def _entry(item: dict[str, Any] | None, keys: list[str], shown: set[str]) -> dict[str, Any] | None:
    if not item or any(key not in item for key in keys):
        return None
    return {name: value for name, value in item.items() if name in shown}


@cache
def _indexes() -> dict[str, list[dict[str, Any]]]:
    tables = template.assemble()['Resources']
    return {name: tables[logical]['Properties'].get('GlobalSecondaryIndexes', []) for logical, name in resources.TABLES.items()}


def _rows() -> dict[tuple[str, str, str], dict[str, Any]]:
    """Every stored item in DynamoDB's own notation."""
    return {
        (name, item.attrs['pk'].value, item.attrs['sk'].value): {key: value.to_json() for key, value in item.attrs.items()}
        for name in resources.TABLES.values()
        for partition in resources.table(name).items.values()
        for item in partition.values()
    }


def size(*items: dict[str, dict[str, Any]]) -> int:
    """In bytes, by DynamoDB's rules: names and values; numbers about a byte for two digits."""
    return sum(len(name.encode()) + _value_size(typed) for item in items for name, typed in item.items())


def _value_size(typed: dict[str, Any]) -> int:
    kind, value = next(iter(typed.items()))
    match kind:
        case 'S':
            return len(value.encode())
        case 'N':
            return len(value.strip('-0').encode()) // 2 + 2
        case 'SS':
            return sum(len(one.encode()) for one in value)
        case 'L':
            return 3 + sum(1 + _value_size(one) for one in value)
        case 'M':
            return 3 + sum(1 + len(name) + _value_size(one) for name, one in value.items())
        case _:
            return 1


def _units(size_bytes: int, unit: int) -> int:
    return max(1, math.ceil(size_bytes / unit))
