"""Requests and events as Lambda gets them, and what AWS answers meanwhile: recorded from the app itself, on moto.

Usage: python -m tests.bench.recording FILE
"""

import copy
import hashlib
import json
import sys
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from moto import mock_aws
from ulid import ULID

from tests import conftest

assert conftest  # which has set the environment, before the app is imported

import app as deployed  # noqa: E402
from chalicelib import aws, timers  # noqa: E402
from chalicelib.users import actions as users  # noqa: E402
from tests.support import fast_moto, resources, tokens  # noqa: E402
from tests.support.api import Person  # noqa: E402
from tests.support.market import PDF, Market, arrive, ok, run_timers  # noqa: E402

LISTED = 20
_PACKAGE = {'description': 'What you get in this package, in a sentence', 'delivery_days': 3, 'revisions': 2}
_DETAILS = {
    'description': 'A logo that works on a stamp, on a parcel and on a screen, made for your shop and for nobody else. ' * 2,
    'tags': ['logo', 'brand', 'vector', 'minimal'],
    'packages': [
        _PACKAGE | {'tier': 'basic', 'name': 'One logo', 'price_minor': 10_000},
        _PACKAGE | {'tier': 'standard', 'name': 'Logo and variants', 'price_minor': 20_000},
        _PACKAGE | {'tier': 'premium', 'name': 'Logo, variants and guide', 'price_minor': 40_000},
    ],
}
_PAYOUT = {'amount_minor': 1_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
_UPLOAD = {
    'purpose': 'requirement',
    'filename': 'brief.pdf',
    'content_type': 'application/pdf',
    'size_bytes': len(PDF),
    'sha256': hashlib.sha256(PDF).hexdigest(),
}
# What CloudFront and API Gateway send along with every request.
_HEADERS = {
    'Accept': 'application/json',
    'Accept-Encoding': 'gzip, deflate, br',
    'Accept-Language': 'en-GB,en;q=0.9,id;q=0.8',
    'CloudFront-Forwarded-Proto': 'https',
    'CloudFront-Viewer-Country': 'ID',
    'Host': 'market.example.com',
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Via': '2.0 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)',
    'X-Amz-Cf-Id': 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrst',
    'X-Amzn-Trace-Id': 'Root=1-67891233-abcdef012345678912345678',
    'X-Forwarded-For': '203.0.113.7, 198.51.100.9',
    'X-Forwarded-Port': '443',
    'X-Forwarded-Proto': 'https',
}


class Tape:
    """Plays an event to a function, and keeps every exchange with AWS."""

    def __init__(self) -> None:
        self._exchanges: list[dict[str, Any]] = []
        self._asked: tuple[str, Any] = ('', None)
        for service in ('dynamodb', 's3', 'sqs'):
            events = aws.client(service).meta.events
            events.register_first('before-send', self._before)
            events.register('response-received', self._after)

    def of(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        self._exchanges = []
        answer = getattr(deployed, function)(copy.deepcopy(event), None)
        if function == 'app':
            assert answer['statusCode'] in (200, 201), answer
        elif isinstance(answer, dict):
            assert not answer['batchItemFailures'], answer
        return {'function': function, 'event': event, 'exchanges': self._exchanges}

    def _before(self, request: Any, event_name: str, **_: Any) -> None:
        self._asked = event_name, request.body

    def _after(self, response_dict: dict[str, Any], **_: Any) -> None:
        name, asked = self._asked
        body, headers = response_dict['body'], dict(response_dict['headers'])
        content = body if isinstance(body, bytes) else body.read()
        if content is not body:
            body._raw_stream.seek(0)
        is_dynamodb = name.startswith('before-send.dynamodb')
        if is_dynamodb:  # as DynamoDB says it: without spaces, and with a checksum, which the SDK looks at
            content = json.dumps(json.loads(content), separators=(',', ':')).encode()
            headers['x-amz-crc32'] = str(zlib.crc32(content))
        self._exchanges.append(
            {
                'name': name,
                'asked': json.loads(asked) if is_dynamodb else None,
                'status': response_dict['status_code'],
                'headers': headers,
                'body': content.decode('latin-1'),
            }
        )


def record() -> dict[str, Any]:
    fast_moto.install()
    with mock_aws():
        resources.create()
        now = datetime.now(UTC)
        with time_machine.travel(now - timedelta(days=30)):
            market = Market(Person('buyer'), Person('seller'))
            gig = market.gig(**_DETAILS)
            market.completed(gig)
        with time_machine.travel(now - timedelta(days=15)):
            assert run_timers() == ['release_payment']
            completed, delivered = market.completed(gig), market.delivered(gig)
        for n in range(LISTED):
            market.gig(title=f'I will design logo number {n} for your shop')
        payout = ok(market.seller.post('/payouts', _PAYOUT), 201)
        file_id = ok(market.buyer.post('/files', _UPLOAD), 201)['id']
        arrive(file_id, PDF)
        orders = [_write('/orders', {'quote_id': market.quote(gig)['id']}, market.buyer) for _ in range(2)]
        tape = Tape()
        events = {
            'sweep_timers': _TICK,
            'release_payments': _message(timers.message('release_payment', f'ORDER#{completed["id"]}', 'ORDER')),
            'advance_orders': _message(timers.message('complete_order', f'ORDER#{delivered["id"]}', 'ORDER')),
            'settle_with_provider': _message(
                timers.message('send_payout', f'USER#{market.seller.id}', f'PAYOUT#{payout["id"]}')
            ),
            'inspect_files': _message(json.dumps({'Records': [{'s3': {'object': {'key': f'incoming/{file_id}'}}}]})),
        }
        cases = {
            'get': tape.of('app', _request('GET', '/gigs/{gig_id}', path={'gig_id': gig['id']})),
            'list': tape.of('app', _request('GET', '/gigs', query={'limit': str(LISTED)})),
            'place': tape.of('app', orders[0]),
            **{name: tape.of(name, event) for name, event in events.items()},
        }
        for name, event in (('place_first', orders[1]), ('announce_first', _write('/files', _UPLOAD, market.buyer))):
            users.identify.cache_clear()
            cases[name] = tape.of('app', event)
        # In a process that knows the caller already, a token is all that there is to look at.
        cases['token'] = {**cases['place_first'], 'function': 'token'}
    return {'cases': cases, 'keys': json.loads(tokens.publish(tokens.KEY).read_text())}


def _write(path: str, body: dict[str, Any], person: Person) -> dict[str, Any]:
    headers = {
        'Authorization': f'Bearer {person.token}',
        'Content-Type': 'application/json',
        'Idempotency-Key': str(ULID()),
    }
    return _request('POST', path, body=json.dumps(body), headers=headers)


def _request(
    method: str,
    resource: str,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    sent, called = _HEADERS | (headers or {}), resource.format(**path or {})
    return {
        'resource': resource,
        'path': called,
        'httpMethod': method,
        'headers': sent,
        'multiValueHeaders': {name: [value] for name, value in sent.items()},
        'queryStringParameters': query,
        'multiValueQueryStringParameters': {name: [value] for name, value in query.items()} if query else None,
        'pathParameters': path,
        'stageVariables': None,
        'requestContext': {
            'accountId': '123456789012',
            'apiId': 'abcdefghij',
            'domainName': 'abcdefghij.execute-api.us-east-1.amazonaws.com',
            'httpMethod': method,
            'identity': {'sourceIp': '203.0.113.7', 'userAgent': _HEADERS['User-Agent']},
            'path': f'/api{called}',
            'protocol': 'HTTP/1.1',
            'requestId': 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
            'requestTimeEpoch': 1_795_500_000_000,
            'resourcePath': resource,
            'stage': 'api',
        },
        'body': body,
        'isBase64Encoded': False,
    }


def _message(body: str) -> dict[str, Any]:
    return {
        'Records': [
            {
                'messageId': '059f36b4-87a3-44ab-83d2-661975830a7d',
                'receiptHandle': 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a',
                'body': body,
                'attributes': {'ApproximateReceiveCount': '1', 'SentTimestamp': '1795500000000'},
                'messageAttributes': {},
                'md5OfBody': hashlib.md5(body.encode()).hexdigest(),
                'eventSource': 'aws:sqs',
                'eventSourceARN': 'arn:aws:sqs:us-east-1:123456789012:queue',
                'awsRegion': 'us-east-1',
            }
        ]
    }


_TICK = {
    'version': '0',
    'id': 'fe8d3c65-xmpl-c5c3-2c87-81584709a377',
    'detail-type': 'Scheduled Event',
    'source': 'aws.events',
    'account': '123456789012',
    'time': '2026-11-24T08:00:00Z',
    'region': 'us-east-1',
    'resources': ['arn:aws:events:us-east-1:123456789012:rule/sweep'],
    'detail': {},
}

if __name__ == '__main__':
    Path(sys.argv[1]).write_text(json.dumps(record(), indent=1))
