"""The sandbox's own books: one row for each id it was asked under, and one line for all that moved our balance there."""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.payments.port import OutcomeUnknown

_LINES = 'SANDBOX'


class SandboxObject(MarketRow, discriminator='sandbox'):
    id = UnicodeAttribute()
    minor = IntegerAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    failure = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    expires_at_ms = IntegerAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    """Of a chargeback: the payment that is claimed back."""
    evidence = UnicodeAttribute(null=True)


class SandboxLine(MarketRow, discriminator='sandbox_line'):
    kind = UnicodeAttribute()
    our_id = UnicodeAttribute()
    currency = UnicodeAttribute()
    minor = IntegerAttribute()
    """Signed: what came in is positive."""
    fee_minor = IntegerAttribute()
    at = IntegerAttribute()


def create(made: SandboxObject, line: SandboxLine | None) -> SandboxObject:
    """The object under its id: the one that was made first, whatever is made now."""
    made.pk, made.sk = _pk(made.id), 'SANDBOX'
    there = Conflict(f'The sandbox knows {made.id} already')
    tx = Transaction()
    tx.put(made, otherwise=there)
    _book(tx, line, otherwise=there)
    try:
        _commit(tx)
    except Conflict as error:
        if error is not there:
            raise
        return get(made.id)
    return made


def get(our_id: str) -> SandboxObject:
    try:
        return SandboxObject.get(_pk(our_id), 'SANDBOX', consistent_read=True)
    except SandboxObject.DoesNotExist as missing:
        raise NotFound(f'The sandbox has never heard of {our_id}') from missing


def settle(our_id: str, status: str, *, when: str, failure: str | None = None, line: SandboxLine | None = None) -> None:
    """Decides an object that is in the state `when`. Deciding it the same way again changes nothing."""
    actions: list[Action] = [SandboxObject.status.set(status)]
    if failure:
        actions.append(SandboxObject.failure.set(failure))
    decided = Conflict(f'{our_id} is not {when} at the sandbox')
    tx = Transaction()
    tx.update(SandboxObject(_pk(our_id), 'SANDBOX'), actions, when=SandboxObject.status == when, otherwise=decided)
    _book(tx, line, otherwise=decided)
    try:
        _commit(tx)
    except Conflict as error:
        if error is not decided or get(our_id).status != status:
            raise


def contest(our_id: str, evidence: str) -> None:
    SandboxObject(_pk(our_id), 'SANDBOX').update([SandboxObject.evidence.set(evidence)], SandboxObject.pk.exists())


def line_of(kind: str, our_id: str, currency: str, minor: int, fee_minor: int = 0) -> SandboxLine:
    at = clock.now_ms()
    sk = f'{at:015d}#{our_id}#{kind}'
    return SandboxLine(_LINES, sk, kind=kind, our_id=our_id, currency=currency, minor=minor, fee_minor=fee_minor, at=at)


def lines(since: int, until: int) -> Iterator[SandboxLine]:
    between = SandboxLine.sk.between(f'{since:015d}', f'{until - 1:015d}~')
    found: Any = SandboxLine.query(_LINES, between, consistent_read=True)
    yield from found


def _commit(tx: Transaction) -> None:
    try:
        tx.commit()
    except Moved as busy:
        raise OutcomeUnknown from busy


def _book(tx: Transaction, line: SandboxLine | None, *, otherwise: Conflict) -> None:
    """A line is of one kind, object and millisecond: where it is booked, so is what it belongs to."""
    if line is not None:
        tx.put(line, otherwise=otherwise)


def _pk(our_id: str) -> str:
    return f'SANDBOX#{our_id}'
