"""Faults at the level of one attempt of one call, to AWS or to a payment provider over HTTP, wherever in the app it is made.

Calls are numbered in the order in which they are made; the retries of an SDK share the number. Wrapped are `_do_get_response`
of botocore and `_make_request` of urllib3, through which Stripe's SDK and our client of Xendit both send: public hooks can
watch an attempt, but not answer in its place.
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.endpoint
import stripe
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

KINDS = (
    'crash_before',  # the process dies before the call is sent
    'crash_after',  # it dies when the call was done
    'refused',  # no connection, at any attempt
    'lost',  # done, and the answer is lost, at every attempt
    'lost_once',  # done, and the answer to the first attempt is lost
    'throttled',  # refused for load, at every attempt
    'throttled_once',
    'conflict',  # another transaction holds an item, another request the idempotency key; of what has neither: it broke
)


class Crash(BaseException):
    """The process is gone: no handler of the app's may see this."""


@dataclass
class Plan:
    """At which call which fault strikes."""

    faults: dict[int, str]
    calls: list[str] = field(default_factory=list)
    struck: list[tuple[int, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f'plan={self.faults} struck={self.struck} calls={self.calls}'


_plan: Plan | None = None
_send = botocore.endpoint.Endpoint._do_get_response


@contextmanager
def faults(plan: dict[int, str]) -> Iterator[Plan]:
    """Within it, calls are counted, and the planned faults strike."""
    global _plan  # noqa: PLW0603 - the SDKs call us, and there is one process
    _plan = Plan(plan)
    try:
        yield _plan
    finally:
        _plan = None


def _kind(plan: Plan, name: str, call: dict[str, Any]) -> str | None:
    """Which fault strikes an attempt, if any. `call` is what all attempts of a call share."""
    if 'fault_number' not in call:
        plan.calls.append(name)
        call['fault_number'], call['fault_attempt'] = len(plan.calls), 0
    call['fault_attempt'] += 1
    kind = plan.faults.get(call['fault_number'])
    if kind is None or (kind.endswith('_once') and call['fault_attempt'] > 1):
        return None
    plan.struck.append((call['fault_number'], name, kind))
    return kind


def _attempt(endpoint: Any, request: Any, operation: Any, context: dict[str, Any]) -> Any:
    kind = _kind(_plan, name_of(operation), context) if _plan else None
    if kind is None:
        return _send(endpoint, request, operation, context)
    return _strike(kind, endpoint, request, operation, context)


def _strike(kind: str, endpoint: Any, request: Any, operation: Any, context: dict[str, Any]) -> Any:
    name = name_of(operation)
    match kind:
        case 'crash_before':
            raise Crash
        case 'crash_after':
            _send(endpoint, request, operation, context)
            raise Crash
        case 'refused':
            return None, ConnectTimeoutError(endpoint_url=request.url)
        case 'lost' | 'lost_once':
            _send(endpoint, request, operation, context)
            return None, ReadTimeoutError(endpoint_url=request.url)
        case 'throttled' | 'throttled_once':
            return _answer(endpoint, request, operation, context, 'ThrottlingException')
        case 'conflict' if name == 'dynamodb.TransactWriteItems':
            reasons = [{'Code': 'TransactionConflict', 'Message': 'injected'}]
            return _answer(endpoint, request, operation, context, 'TransactionCanceledException', CancellationReasons=reasons)
        case 'conflict' if name.startswith('dynamodb.'):
            return _answer(endpoint, request, operation, context, 'TransactionConflictException')
        case 'conflict':
            return _answer(endpoint, request, operation, context, 'InternalError', status=500)
    raise AssertionError(kind)


def name_of(operation: Any) -> str:
    return f'{operation.service_model.service_name}.{operation.name}'


def is_http(name: str) -> bool:
    """Whether a call is one to a provider over HTTP: `POST /v1/refunds`."""
    return ' /' in name


def _answer(endpoint: Any, request: Any, operation: Any, context: Any, code: str, *, status: int = 400, **more: Any) -> Any:
    """An error as the service would say it, parsed by botocore, while the service never hears of the call."""
    body = io.BytesIO(json.dumps({'__type': f'aws#{code}', 'message': 'injected', **more}).encode())
    body.stream = lambda **_: iter([body.read()])
    response = AWSResponse(request.url, status, {'content-type': 'application/x-amz-json-1.0'}, body)
    emitter = endpoint._event_emitter

    class Answering:
        def emit(self, event: str, **about: Any) -> Any:
            return [(None, response)] if event.startswith('before-send') else emitter.emit(event, **about)

    endpoint._event_emitter = Answering()
    try:
        return _send(endpoint, request, operation, context)
    finally:
        endpoint._event_emitter = emitter


def _attempt_http(pool: Any, conn: Any, method: str, url: str, **more: Any) -> Any:
    path = url.partition('?')[0]
    kind = _kind(_plan, f'{method} {path}', _http_call if _http_call is not None else {}) if _plan else None
    if kind is None:
        return _send_http(pool, conn, method, url, **more)
    try:
        if kind in ('crash_after', 'lost', 'lost_once'):
            _send_http(pool, conn, method, url, **more).close()
    finally:
        conn.close()
    if kind.startswith('crash'):
        raise Crash
    if kind == 'refused':
        raise urllib3.exceptions.NewConnectionError(conn, 'injected')
    if kind.startswith('lost'):
        raise urllib3.exceptions.ReadTimeoutError(pool, url, 'injected')
    return _answer_http(_STATUSES.get(kind) or _conflict(more['headers']))


_STATUSES = {'throttled': 429, 'throttled_once': 503}


def _conflict(headers: Mapping[str, str]) -> int:
    return 409 if 'idempotency-key' in {name.lower() for name in headers} else 500


def _answer_http(status: int) -> urllib3.HTTPResponse:
    """An error in the words of both, while the provider never hears of the call."""
    said = {'error': {'type': 'api_error', 'message': 'injected'}, 'error_code': 'INJECTED'}
    body = io.BytesIO(json.dumps(said).encode())
    return urllib3.HTTPResponse(body, {'Content-Type': 'application/json'}, status, preload_content=False)


def _one_call(client: Any, *asked: Any, **more: Any) -> Any:
    """Stripe's SDK makes a call, in one attempt or more."""
    global _http_call  # noqa: PLW0603 - as above
    _http_call = {}
    try:
        return _call_stripe(client, *asked, **more)
    finally:
        _http_call = None


_http_call: dict[str, Any] | None = None
_send_http = urllib3.HTTPConnectionPool._make_request
_call_stripe = stripe.HTTPClient.request_with_retries
botocore.endpoint.Endpoint._do_get_response = _attempt
urllib3.HTTPConnectionPool._make_request = _attempt_http
stripe.HTTPClient.request_with_retries = _one_call
