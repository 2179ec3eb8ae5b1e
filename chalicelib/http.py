"""The HTTP edge: from a request to a caller, a command and one transaction, and back to JSON or problem+json.

A reading view gets the caller and answers a view. A writing view gets an open transaction as well: what it answers is kept
under the request's Idempotency-Key in that transaction, and only then does any of it happen. Instead of a view, a reading
view may answer a document. A receiving view gets headers and body as they came.
"""

import base64
import functools
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeVar, cast

from chalice import Blueprint, CORSConfig, Response
from pydantic import ValidationError
from pydantic_core import from_json

from chalicelib import auth, aws, db, ids, text
from chalicelib.auth import Caller
from chalicelib.documents import Document
from chalicelib.errors import (
    BodyTooLarge,
    FieldError,
    Forbidden,
    Invalid,
    MalformedBody,
    NotFound,
    Problem,
    Replayed,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from chalicelib.idempotency import Answer, Key
from chalicelib.observe import logger
from chalicelib.operations import JSON_TYPE, Access, Operation
from chalicelib.schemas import Command, Query, View

MAX_BODY_BYTES = 256 * 1024
_ERRORS_TOLD = 50
PROBLEM_TYPE = 'urn:gigmarket:problem:'
JSON = {'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store'}
_PROBLEM = {'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store'}
# Tokens travel in a header that browsers never add by themselves, so any origin may ask; CloudFront narrows it to ours.
CORS = CORSConfig(
    allow_origin='*',
    allow_headers=['Authorization', 'Content-Type', 'Idempotency-Key'],
    expose_headers=['Content-Disposition', 'Link'],
    max_age=600,
)
_Reading = TypeVar('_Reading', bound=Callable[..., View | Document])


class Routes(Blueprint):
    def __init__(self, import_name: str, *, tag: str) -> None:
        super().__init__(import_name)
        self.tag = tag
        self.operations: list[Operation] = []

    def read(
        self,
        path: str,
        *,
        answers: type[View] | None = None,
        media_type: str = JSON_TYPE,
        access: Access = Access.SIGNED_IN,
        query: type[Query] | None = None,
    ) -> Callable[[_Reading], _Reading]:
        """`view(caller, [query,] **path) -> View`, or a Document of that media type; `caller` is None if nobody signed in."""

        def decorate(view: _Reading) -> _Reading:
            def respond(caller: Caller | None, path: dict[str, str]) -> Answer | Document:
                asked = _query(query or Query, self.current_request.query_params)
                made = view(caller, *([asked] if query else ()), **path)
                return made if isinstance(made, Document) else _answer(200, made)

            about = {'answers': answers, 'media_type': media_type, 'access': access, 'query': query}
            self._publish('GET', path, view, respond, status=200, **about)
            return view

        return decorate

    def write(
        self,
        method: str,
        path: str,
        *,
        answers: type[View] | None,
        status: int = 200,
        access: Access = Access.SIGNED_IN,
        takes: type[Command] | None = None,
        then: Callable[[Any], View] | None = None,
    ) -> Callable[[Callable[..., View | None]], Callable[..., View | None]]:
        """`view(tx, caller, [command,] **path) -> View`, run again from the start where someone else was quicker.

        `then` is for work outside the transaction that may be done twice (asking a provider): it gets the view that was
        committed, now and at every repetition of the request, and its own view is what the caller sees.
        """

        def decorate(view: Callable[..., View | None]) -> Callable[..., View | None]:
            def respond(caller: Caller, path: dict[str, str]) -> Answer:
                raw = self._body(takes)
                key = Key.of(
                    self.current_request.headers.get('idempotency-key'),
                    user_id=caller.user_id,
                    operation=view.__name__,
                    path=path,
                    body=from_json(raw) if takes else raw.decode(errors='replace'),
                )
                command = [_command(takes, raw)] if takes else []
                answer = _once(key, lambda tx: _answer(status, view(tx, caller, *command, **path)), by=caller.user_id)
                return _answer(status, then(answers.model_validate_json(answer.body))) if then and answers else answer

            self._publish(method, path, view, respond, access=access, answers=answers, status=status, takes=takes)
            return view

        return decorate

    def receive(self, path: str, *, answers: type[View]) -> Callable[[Callable[..., View]], Callable[..., View]]:
        """`view(headers, body, **path) -> View`: what another system tells us, by POST. The view finds out who it is.

        It takes no Idempotency-Key: who tells the same twice knows of none.
        """

        def decorate(view: Callable[..., View]) -> Callable[..., View]:
            def respond(_: Caller | None, path: dict[str, str]) -> Answer:
                return _answer(200, view(self.current_request.headers, self._body(None), **path))

            about = {'access': Access.PUBLIC, 'answers': answers, 'status': 200, 'is_keyed': False}
            self._publish('POST', path, view, respond, **about)
            return view

        return decorate

    def _publish(
        self, method: str, path: str, view: Callable[..., Any], respond: Callable[..., Answer | Document], **about: Any
    ) -> None:
        access: Access = about['access']
        authorizer = None if access is Access.PUBLIC else auth.signed_in
        register = self.route(path, methods=[method], authorizer=authorizer, cors=CORS, content_types=[])

        @register
        @functools.wraps(view)
        def handle(**path_params: str) -> Response:
            try:
                caller = self._caller(access)
                _check_path(path_params)
                answer = respond(caller, path_params)
                if isinstance(answer, Document):
                    return _Download(answer.content, headers=dict(answer.headers))
                return Response(answer.body, status_code=answer.status, headers=dict(JSON))
            except Problem as problem:
                return problem_response(problem)
            except Exception as failure:
                if aws.is_outage(failure):
                    logger.exception('not available')
                    return problem_response(Unavailable('Repeat it with the same Idempotency-Key: it is done once'))
                logger.exception('unexpected')
                return problem_response(
                    Problem('It is not your request. Nothing is half done; repeat it with the same Idempotency-Key.')
                )

        description = (view.__doc__ or '').strip()
        self.operations.append(Operation(method, path, view.__name__, description, self.tag, **about))

    def _caller(self, access: Access) -> Caller | None:
        authorization = self.current_request.headers.get('authorization')
        if access is Access.PUBLIC and not authorization:
            return None
        caller = auth.caller(authorization)
        logger.append_keys(user_id=caller.user_id)
        if not access.admits(caller):
            raise Forbidden(f'Only {access.value} may do this')
        return caller

    def _body(self, takes: type[Command] | None) -> bytes:
        raw = cast(bytes, self.current_request.raw_body or b'')
        if len(raw) > MAX_BODY_BYTES:
            raise BodyTooLarge(f'A body may have {MAX_BODY_BYTES} bytes at most; this one has {len(raw)}')
        if takes:
            content_type = self.current_request.headers.get('content-type', '').partition(';')[0].strip().lower()
            if content_type != JSON_TYPE:
                raise UnsupportedMediaType(f'Send application/json, not {content_type or "a body without a Content-Type"}')
            try:
                from_json(raw, allow_inf_nan=False)
            except ValueError as error:
                raise MalformedBody(f'The body is not JSON: {error}') from error
        return raw


class _Download(Response):
    """Bytes in base64, which the gateway decodes for everybody. Chalice's own would refuse who asks for another type."""

    def to_dict(self, _: list[str] | None = None) -> dict[str, Any]:
        encoded = base64.b64encode(self.body).decode()
        return {**Response('', self.headers, self.status_code).to_dict(), 'body': encoded, 'isBase64Encoded': True}


def problem_response(problem: Problem) -> Response:
    body = {
        'type': PROBLEM_TYPE + problem.type,
        'title': problem.title,
        'status': problem.status,
        'detail': problem.detail,
        'errors': problem.errors,
    }
    headers: dict[str, str | list[str]] = {**_PROBLEM}
    if isinstance(problem, Unauthorized):
        headers['WWW-Authenticate'] = 'Bearer'
    return Response(body, status_code=problem.status, headers=headers)


def _once(key: Key, view: Callable[[db.Transaction], Answer], *, by: str) -> Answer:
    def work(tx: db.Transaction) -> Answer:
        answer = view(tx)
        key.remember(tx, answer)
        return answer

    try:
        return db.atomically(work, by=by)
    except Replayed as replayed:
        return key.replay(replayed.row)
    except Problem:
        # What the first attempt did may be the very reason why this one is refused.
        if earlier := key.answered():
            return earlier
        raise


def _answer(status: int, view: View | None) -> Answer:
    return Answer(status, view.model_dump_json() if view else '')


def _check_path(params: Mapping[str, str]) -> None:
    for name, value in params.items():
        if not ids.of_path(name).match(value):
            raise NotFound(f'{name} is not an id of anything here')


def _command(model: type[Command], raw: bytes) -> Command:
    try:
        command = model.model_validate_json(raw)
    except ValidationError as error:
        body = from_json(raw)
        errors: list[FieldError] = [
            {'pointer': _pointer(body, found['loc'], is_missing=found['type'] == 'missing'), 'detail': _said(found)}
            for found in error.errors(include_url=False)[:_ERRORS_TOLD]
        ]
        raise Invalid.of(errors) from error
    if unreadable := list(islice(text.unreadable(from_json(raw)), _ERRORS_TOLD)):
        raise Invalid.of(unreadable)
    return command


def _query(model: type[Query], params: Mapping[str, str] | None) -> Query:
    try:
        return model.model_validate(dict(params or {}))
    except ValidationError as error:
        errors: list[FieldError] = [
            {'parameter': '.'.join(map(str, found['loc'])), 'detail': _said(found)} for found in error.errors(include_url=False)
        ]
        raise Invalid.of(errors) from error


def _said(found: Any) -> str:
    return str(found['msg']).removeprefix('Value error, ')


def _pointer(body: Any, location: tuple[int | str, ...], *, is_missing: bool) -> str:
    """RFC 6901. pydantic names the branch of a union in its path; only what leads through the body is kept."""
    parts = []
    for position, part in enumerate(location, start=1):
        try:
            body = body[part]
        except (IndexError, KeyError, TypeError):
            if not (is_missing and position == len(location)):
                continue
        parts.append(text.escaped(part))
    return '#' + ''.join(f'/{part}' for part in parts)
