"""The three tables: their base rows, and the one kind of transaction."""

import contextlib
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pynamodb.attributes
from pynamodb.attributes import Attribute, DiscriminatorAttribute, UnicodeAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import AttributeNullError, TransactWriteError
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib import aws, reads, settings
from chalicelib.errors import Curious, Moved, Replayed, Unavailable

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


class JSONAttribute(pynamodb.attributes.JSONAttribute):
    """As text that is stored as it is written: escaped, as PynamoDB does it, an emoji takes twelve bytes instead of four."""

    def serialize(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


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

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """As PynamoDB does it, less what it takes only for maps and for other names, which no row here has."""
        made = {}
        for name, attribute in self.get_attributes().items():
            value = self.attribute_values.get(name)
            stored = None if value is None else attribute.serialize(value)
            if stored is not None:
                made[name] = {attribute.attr_type: stored}
            elif null_check and not attribute.null:
                raise AttributeNullError(name)
        return made


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


class Transaction:
    """All of it or none of it; a condition that fails raises the error it was written with.

    PynamoDB sends checks, then deletes, puts and updates, whatever the order of the calls (pynamodb#1284). Where several
    conditions fail at once, `Replayed` is told first and `Moved` next: what follows from them explains the others.
    """

    def __init__(self, by: str | None = None) -> None:
        self.by = by
        """Who is behind it: the id of a person, `timer:{action}` or `provider:{name}`. Money moves for nobody else."""
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
        return error.seen(reads.decode(reason.raw_item or {})) if isinstance(error, Curious) else error
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


def atomically(work: Callable[[Transaction], T], *, by: str | None = None) -> T:
    """Runs `work` and commits what it put into its transaction; again from the start where someone else was quicker.

    `work` therefore reads all that it decides on, and changes nothing but through the transaction.
    """
    for attempt in range(1, _ATTEMPTS):
        with contextlib.suppress(Moved):
            return _attempt(work, by)
        time.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**attempt))  # noqa: S311
    return _attempt(work, by)


def _attempt(work: Callable[[Transaction], T], by: str | None) -> T:
    transaction = Transaction(by)
    result = work(transaction)
    transaction.commit()
    return result
