"""moto's DynamoDB, faster and more faithful: its transactions copy whole tables, and it ignores ClientRequestToken.

What it works out anew for every request (the words of a condition, the methods of a class) it is given a memory for, and the
values of a request are not taken apart by the shapes of the SDK. All of it was compared with moto as it is, over random
transactions; see test_fast_moto.py.
"""

import base64
import copy
import json
from collections import deque
from functools import cache
from typing import Any

from moto.core import parse, responses, serialize
from moto.core.model_instances import model_data
from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

_transact = DynamoDBBackend.transact_write_items
_handle_transaction = DynamoHandler.transact_write_items
_serialize = serialize.ResponseSerializer._serialize
_lex = ConditionExpressionParser._lex_condition_expression
_cast_value = DynamoType.cast_value.fget
_parse_structure = parse.BaseJSONParser._parse_structure
_set_and_weigh = LimitedSizeDict.__setitem__
_HEAVY = 400_000
_tokens: dict[str, str] = {}


def install() -> None:
    LimitedSizeDict.__reduce_ex__ = lambda item, _: (_copied, (dict(item), getattr(item, 'weight', 0)))
    LimitedSizeDict.__setitem__ = _set
    DynamoDBBackend.transact_write_items = _transact_touched
    DynamoHandler.transact_write_items = _once_per_token
    parse.BaseJSONParser._parse_structure = _parse_plainly
    serialize.ResponseSerializer._serialize = _serialize_plainly
    ConditionExpressionParser._lex_condition_expression = lambda parser: deque(_words(parser.condition_expression))
    DynamoType.cast_value = property(lambda value: value.value if value.type == 'S' else _cast_value(value))
    responses.method_names_from_class = cache(responses.method_names_from_class)
    for service in ('dynamodb', 'sqs'):
        for model in model_data[service].values():
            model.instances_tracked = _Forgetful()


class _Forgetful(list[Any]):
    """moto keeps every row and message that was ever made, and a run of all tests needed 8 GB for them."""

    def append(self, _: Any) -> None:
        pass


@cache
def _words(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, None, None)))


def _copied(attributes: dict[str, Any], weight: int) -> LimitedSizeDict:
    made = LimitedSizeDict()
    dict.update(made, attributes)
    made.weight = weight
    return made


def _set(item: LimitedSizeDict, name: str, value: Any) -> None:
    """Weighs what is set, where moto weighs all of the item for each attribute; where that could be too much, as moto does."""
    added = len(name.encode()) + (value.size() if isinstance(value, DynamoType) else len(str(value).encode()))
    item.weight = getattr(item, 'weight', 0) + added
    if item.weight > _HEAVY:
        _set_and_weigh(item, name, value)
    else:
        dict.__setitem__(item, name, value)


def forget_tokens() -> None:
    _tokens.clear()


def _transact_touched(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Backs up the items that the transaction names, instead of their tables."""
    backup = [(table, keys, copy.deepcopy(_get(table, keys))) for table, keys in _touched(self, transact_items)]
    Table.__deepcopy__ = lambda table, _: table
    try:
        _transact(self, transact_items)
    except Exception:
        for table, keys, item in backup:
            _put_back(table, keys, item)
        raise
    finally:
        del Table.__deepcopy__


def _touched(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> list[tuple[Table, list[DynamoType]]]:
    found = []
    for item in transact_items:
        operation = next(iter(item.values()))
        table = backend.tables.get(operation.get('TableName'))
        source = operation.get('Key') or operation.get('Item') or {}
        names = [table.hash_key_attr, table.range_key_attr] if table else []
        if table and all(name in source for name in names):
            found.append((table, [DynamoType(source[name]) for name in names]))
    return found


def _get(table: Table, keys: list[DynamoType]) -> Any:
    pk, sk = keys
    return table.items[pk].get(sk) if pk in table.items else None


def _put_back(table: Table, keys: list[DynamoType], item: Any) -> None:
    pk, sk = keys
    if item is None:
        table.items.get(pk, {}).pop(sk, None)
    else:
        table.items[pk][sk] = item


def _once_per_token(self: DynamoHandler) -> ActionResult:
    """DynamoDB does a transaction once per token, for ten minutes; another transaction under that token is refused."""
    token = self.body.get('ClientRequestToken')
    said = json.dumps(self.body['TransactItems'], sort_keys=True)
    if token and token in _tokens:
        assert _tokens[token] == said, 'IdempotentParameterMismatchException'
        return ActionResult({'ConsumedCapacity': [], 'ItemCollectionMetrics': {}})
    result = _handle_transaction(self)
    if token:
        _tokens[token] = said
    return result


def _parse_plainly(self: Any, shape: Any, value: Any) -> Any:
    if shape.name == 'AttributeValue' and not value.keys() & {'B', 'BS'}:
        return {kind: _read(self, shape, kind, inner) for kind, inner in value.items()}
    return _parse_structure(self, shape, value)


def _read(parser: Any, shape: Any, kind: str, value: Any) -> Any:
    match kind:
        case 'M':
            return {name: _parse_plainly(parser, shape, inner) for name, inner in value.items()}
        case 'L':
            return [_parse_plainly(parser, shape, inner) for inner in value]
        case _:
            return value


def _serialize_plainly(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == 'AttributeValue' and key:
        serialized[key] = _plain(value)
    else:
        _serialize(self, serialized, value, shape, key)


def _plain(value: Any) -> Any:
    if isinstance(value, DynamoType):
        return {value.type: _inner(value.type, value.value)}
    if isinstance(value, dict):
        return {kind: _inner(kind, inner) for kind, inner in value.items()}
    return value


def _inner(kind: str, value: Any) -> Any:
    match kind:
        case 'M':
            return {name: _plain(inner) for name, inner in value.items()}
        case 'L':
            return [_plain(inner) for inner in value]
        case 'B':
            return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
        case _:
            return value
