"""What can go wrong, in the words of the marketplace; each with its HTTP status and its stable problem type."""

from collections.abc import Sequence
from typing import Any, NotRequired, Self, TypedDict


class FieldError(TypedDict):
    """What is wrong with one field: `pointer` into the body (RFC 6901) or `parameter` of path, query or header."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    detail: str


class Problem(Exception):
    """Something the caller is told. `type` never changes once published; `detail` is for people."""

    status = 500
    type = 'internal-error'
    title = 'Something broke on our side'

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)


class MalformedBody(Problem):
    status = 400
    type = 'malformed-body'
    title = 'The body is not JSON'


class IdempotencyKeyMissing(Problem):
    status = 400
    type = 'idempotency-key-missing'
    title = 'This request needs an Idempotency-Key'


class Unauthorized(Problem):
    status = 401
    type = 'unauthorized'
    title = 'Sign in first'


class Forbidden(Problem):
    status = 403
    type = 'forbidden'
    title = 'You may not do this'


class NotFound(Problem):
    status = 404
    type = 'not-found'
    title = 'There is nothing here'


class Conflict(Problem):
    status = 409
    type = 'conflict'
    title = 'This is not possible now'


class Moved(Conflict):
    """Someone else was quicker: what was decided rests on a row that has changed since it was read."""

    type = 'changed-meanwhile'
    title = 'This changed meanwhile'


class IllegalTransition(Conflict):
    """The order is in a state in which this cannot be done."""

    type = 'order-state'
    title = 'The order is in another state'


class InsufficientFunds(Conflict):
    type = 'insufficient-funds'
    title = 'There is not enough money'


class BodyTooLarge(Problem):
    status = 413
    type = 'body-too-large'
    title = 'The body is too large'


class UnsupportedMediaType(Problem):
    status = 415
    type = 'unsupported-media-type'
    title = 'The body is not of a supported type'


class Invalid(Problem):
    status = 422
    type = 'invalid'
    title = 'The request is not valid'

    @classmethod
    def of(cls, errors: Sequence[FieldError]) -> Self:
        """All that is wrong, of which the first is told in a sentence."""
        first = errors[0]
        where = first.get('pointer') or first.get('parameter') or 'the request'
        more = f' (and {len(errors) - 1} more)' if len(errors) > 1 else ''
        return cls(f'{where}: {first["detail"]}{more}', errors=errors)

    @classmethod
    def at(cls, pointer: str, detail: str) -> Self:
        """One field of the body."""
        return cls(detail, errors=[{'pointer': pointer, 'detail': detail}])

    @classmethod
    def parameter(cls, name: str, detail: str) -> Self:
        """One parameter of the query."""
        return cls(detail, errors=[{'parameter': name, 'detail': detail}])


class IdempotencyKeyReused(Problem):
    status = 422
    type = 'idempotency-key-reused'
    title = 'This Idempotency-Key was used for another request'


class TooMany(Problem):
    """Of something that is allowed so many times in a while."""

    status = 429
    type = 'limit-reached'
    title = 'This was done as often as is allowed for now'


class Unavailable(Problem):
    status = 503
    type = 'unavailable'
    title = 'Try again in a moment'


class Curious(Exception):
    """Depends on the row that was in the way."""

    def seen(self, row: dict[str, Any]) -> Exception:
        """What it is now that the transaction has shown the row."""
        raise NotImplementedError


class Replayed(Curious):
    """The same write was already committed; `row` is what it left behind."""

    def __init__(self) -> None:
        super().__init__('Already committed')
        self.row: dict[str, Any] = {}

    def seen(self, row: dict[str, Any]) -> Exception:
        self.row = row
        return self
