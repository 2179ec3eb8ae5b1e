"""Faults at the level of one attempt of one AWS call, wherever in the app it is made.

Calls are numbered in the order in which they are made; the SDK's retries of a call share its number. Wrapped is botocore's own
`_do_get_response`: its public hooks can watch an attempt, but not answer in its place.
"""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.endpoint
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
    'conflict',  # another transaction holds an item
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
    """Within it, AWS calls are counted, and the planned faults strike."""
    global _plan  # noqa: PLW0603 - botocore calls us, and there is one process
    _plan = Plan(plan)
    try:
        yield _plan
    finally:
        _plan = None


def _attempt(endpoint: Any, request: Any, operation: Any, context: dict[str, Any]) -> Any:
    plan = _plan
    if plan is None:
        return _send(endpoint, request, operation, context)
    name = name_of(operation)
    if 'fault_number' not in context:
        plan.calls.append(name)
        context['fault_number'], context['fault_attempt'] = len(plan.calls), 0
    context['fault_attempt'] += 1
    number = context['fault_number']
    kind = plan.faults.get(number)
    if kind is None or (kind.endswith('_once') and context['fault_attempt'] > 1):
        return _send(endpoint, request, operation, context)
    plan.struck.append((number, name, kind))
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


botocore.endpoint.Endpoint._do_get_response = _attempt
