"""One side of a comparison, in a process of its own, with AWS answered below botocore from a recording.

All above the wire runs: serialising, signing, retries, parsing. It needs nothing but what it measures, so that it runs in the
unpacked archive. Usage: worker.py RECORDING (first CASE | app | bare | client)

* `first` makes one invocation and ends. The others read lines `CASE COUNT`, and say how many CPU seconds that took.
* `app` calls the app, `bare` the app without log and metrics, `client` a default client for the same requests to AWS.
"""

import io
import itertools
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WARM_UP = 25


class Wire:
    """Answers whatever is sent to AWS as the recording does, over and over."""

    def __init__(self) -> None:
        self._answers: dict[str, Iterator[Any]] = {}

    def replay(self, exchanges: list[dict[str, Any]]) -> None:
        answers = defaultdict(list)
        for exchange in exchanges:
            answers[exchange['name']].append((exchange['status'], exchange['headers'], exchange['body'].encode('latin-1')))
        self._answers = {name: itertools.cycle(said) for name, said in answers.items()}

    def answer(self, request: Any, event_name: str, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        assert request.headers['Authorization']
        status, headers, body = next(self._answers[event_name])
        return AWSResponse(request.url, status, headers, _Body(body))


class _Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.getvalue()


def app_side(wire: Wire, *, is_bare: bool = False) -> Callable[[dict[str, Any]], Callable[[], Any]]:
    import app as deployed
    from chalicelib import auth, aws

    aws.session().register('before-send', wire.answer)
    if is_bare:
        deployed.app.middleware_handlers.clear()

    def prepare(case: dict[str, Any]) -> Callable[[], Any]:
        event = case['event']
        if case['function'] == 'token':
            authorization = event['headers']['Authorization']
            return lambda: auth.caller(authorization)
        function = getattr(deployed, case['function'])
        return lambda: function(event, None)

    return prepare


def client_side(wire: Wire) -> Callable[[dict[str, Any]], Callable[[], Any]]:
    import boto3
    from botocore import xform_name

    client = boto3.client('dynamodb')
    client.meta.events.register('before-send', wire.answer)

    def prepare(case: dict[str, Any]) -> Callable[[], Any]:
        calls = [
            (getattr(client, xform_name(exchange['name'].rpartition('.')[2])), exchange['asked'])
            for exchange in case['exchanges']
        ]

        def call() -> None:
            for method, asked in calls:
                method(**asked)

        return call

    return prepare


def serve(cases: dict[str, Any], wire: Wire, prepare: Callable[[dict[str, Any]], Callable[[], Any]]) -> None:
    # What is logged is not to mix with what is said here.
    said = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    warm = {}
    for line in sys.stdin:
        name, count = line.split()
        wire.replay(cases[name]['exchanges'])
        if name not in warm:
            warm[name] = prepare(cases[name])
            for _ in range(WARM_UP):
                must_succeed(warm[name]())
        call, calls = warm[name], range(int(count))
        os.getppid()  # valgrind starts a new section of its count wherever this is called, and nothing else calls it
        started = time.process_time()
        for _ in calls:
            call()
        took = time.process_time() - started
        os.getppid()
        print(took, file=said)


def must_succeed(answer: Any) -> None:
    if isinstance(answer, dict):
        assert answer.get('statusCode', 200) < 300, answer
        assert not answer.get('batchItemFailures'), answer


def main(recording: str, side: str, *case: str) -> None:
    cases, wire = json.loads(Path(recording).read_text())['cases'], Wire()
    if side == 'first':
        wire.replay(cases[case[0]]['exchanges'])
        must_succeed(app_side(wire)(cases[case[0]])())
    elif side == 'client':
        serve(cases, wire, client_side(wire))
    else:
        serve(cases, wire, app_side(wire, is_bare=side == 'bare'))


if __name__ == '__main__':
    main(*sys.argv[1:])
