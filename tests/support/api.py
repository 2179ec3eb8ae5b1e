"""The API as one person sees it, and the event functions as Lambda calls them."""

import json
from typing import Any
from urllib.parse import urlencode

from chalice.test import Client
from ulid import ULID

import app as deployed
from tests.support import tokens

_client = Client(deployed.app)


class Answer:
    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers: dict[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.raw: bytes = response.body

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def problem(self) -> str:
        """The stable part of the problem's type."""
        assert self.headers['content-type'] == 'application/problem+json', self.raw
        return str(self.body['type']).rpartition(':')[2]

    @property
    def pointers(self) -> list[str]:
        return [error.get('pointer') or error['parameter'] for error in self.body['errors']]

    def __repr__(self) -> str:
        return f'{self.status} {self.raw.decode()[:2000]}'


class Person:
    def __init__(self, name: str, *groups: str) -> None:
        self.name = name
        self.token: str | None = tokens.long_lived(name, *groups)
        self._id: str | None = None

    @property
    def id(self) -> str:
        if self._id is None:
            self._id = str(self.get('/me').body['id'])
        return self._id

    def get(self, path: str, **query: Any) -> Answer:
        return self.request('GET', path + (f'?{urlencode(query)}' if query else ''))

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.request('POST', path, body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> Answer:
        return self.request('PATCH', path, body, **more)

    def put(self, path: str, body: Any, **more: Any) -> Answer:
        return self.request('PUT', path, body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.request('DELETE', path, **more)

    def request(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {'Authorization': f'Bearer {self.token}'} if self.token else {}
        if method != 'GET':
            sent['Idempotency-Key'] = key if key is not None else str(ULID())
        if body is not None:
            sent['Content-Type'] = 'application/json'
        content = body if isinstance(body, bytes) else b'' if body is None else json.dumps(body).encode()
        return Answer(_client.http.request(method, path, headers=sent | (headers or {}), body=content))


class Nobody(Person):
    def __init__(self) -> None:
        self.name, self.token = 'nobody', None


def deliver(function: str, *bodies: Any, receives: int = 1) -> list[str]:
    """Calls a queue function with a batch, and returns the numbers of the messages that are to come again."""
    event = {
        'Records': [
            {
                'messageId': str(number),
                'body': body if isinstance(body, str) else json.dumps(body),
                'attributes': {'ApproximateReceiveCount': str(receives)},
                'eventSource': 'aws:sqs',
                'eventSourceARN': 'arn:aws:sqs:us-east-1:123456789012:queue',
                'receiptHandle': 'handle',
                'messageAttributes': {},
                'awsRegion': 'us-east-1',
                'md5OfBody': '',
            }
            for number, body in enumerate(bodies)
        ]
    }
    answer = getattr(deployed, function)(event, None)
    return [failure['itemIdentifier'] for failure in answer['batchItemFailures']]


def sweep() -> int:
    return tick('sweep_timers')


def tick(function: str) -> int:
    """Calls a function that runs by the clock, and returns what it says it has done."""
    event = {
        'version': '0',
        'account': '123456789012',
        'region': 'us-east-1',
        'detail': {},
        'detail-type': 'Scheduled Event',
        'source': 'aws.events',
        'time': '2026-01-01T00:00:00Z',
        'id': 'tick',
        'resources': [],
    }
    return int(getattr(deployed, function)(event, None))
