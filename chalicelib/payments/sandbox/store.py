"""The sandbox's own books: one row for each id it was asked under."""

import contextlib

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.update import Action

from chalicelib.db import IntegerAttribute, MarketRow
from chalicelib.errors import Conflict, NotFound


class SandboxObject(MarketRow, discriminator='sandbox'):
    id = UnicodeAttribute()
    minor = IntegerAttribute()
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    failure = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    expires_at_ms = IntegerAttribute(null=True)


def create(made: SandboxObject) -> SandboxObject:
    """The object under its id: the one that was made first, whatever is made now."""
    made.pk, made.sk = _pk(made.id), 'SANDBOX'
    try:
        made.save(condition=SandboxObject.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != 'ConditionalCheckFailedException':
            raise
        return get(made.id)
    return made


def get(our_id: str) -> SandboxObject:
    try:
        return SandboxObject.get(_pk(our_id), 'SANDBOX', consistent_read=True)
    except SandboxObject.DoesNotExist as missing:
        raise NotFound(f'The sandbox has never heard of {our_id}') from missing


def expire(our_id: str) -> SandboxObject:
    """Ends an object that has waited too long for its action, unless that has come after all."""
    with contextlib.suppress(Conflict):
        settle(our_id, 'failed', 'expired')
    return get(our_id)


def settle(our_id: str, status: str, failure: str | None) -> None:
    """Decides an object that waits for its action. Deciding it the same way again changes nothing."""
    actions: list[Action] = [SandboxObject.status.set(status)]
    if failure:
        actions.append(SandboxObject.failure.set(failure))
    try:
        SandboxObject(_pk(our_id), 'SANDBOX').update(actions, condition=SandboxObject.status == 'requires_action')
    except UpdateError as error:
        if error.cause_response_code != 'ConditionalCheckFailedException':
            raise
        if get(our_id).status != status:
            raise Conflict(f'Payment {our_id} does not wait for a confirmation') from error


def _pk(our_id: str) -> str:
    return f'SANDBOX#{our_id}'
