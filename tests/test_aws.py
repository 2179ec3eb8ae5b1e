"""The SDK as it is set up here: what is done by hand comes out as the SDK would have done it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError

from chalicelib import aws, settings

KEY = {'pk': {'S': 'USER#é'}, 'sk': {'S': 'USER'}}


class _Body:
    def __init__(self, content: Any) -> None:
        self._content = json.dumps(content).encode()

    def stream(self) -> Iterator[bytes]:
        yield self._content


@contextmanager
def answering(*answers: tuple[int, Any]) -> Iterator[list[Any]]:
    """Answers requests to DynamoDB one after the other, and yields them as they would have been sent."""
    events, left, sent = aws.client('dynamodb').meta.events, list(answers), []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        status, body = left.pop(0)
        return AWSResponse(request.url, status, {}, _Body(body))

    events.register_first('before-send.dynamodb', answer)
    try:
        yield sent
    finally:
        events.unregister('before-send.dynamodb', answer)


def get_item() -> Any:
    return aws.client('dynamodb').get_item(TableName=settings.MARKET_TABLE, Key=KEY)


@pytest.fixture
def use(monkeypatch):
    return lambda credentials: monkeypatch.setattr(aws.client('dynamodb')._request_signer, '_credentials', credentials)


@pytest.mark.parametrize('token', [None, 'a token'])
def test_a_request_is_signed_as_the_sdk_would_sign_it(clock, use, token):
    credentials = Credentials('AKIA', 'secret', token)
    use(credentials)
    with answering((200, {})) as sent:
        get_item()
    [request] = sent
    headers = {name: request.headers[name].decode() for name in ('Content-Type', 'X-Amz-Target')}
    theirs = AWSRequest(request.method, request.url, headers, data=request.body)
    SigV4Auth(credentials, 'dynamodb', settings.REGION).add_auth(theirs)
    for name in ('Authorization', 'X-Amz-Date', 'X-Amz-Security-Token'):
        ours = request.headers.get(name)
        assert (ours and ours.decode()) == theirs.headers[name]


def test_a_request_that_is_repeated_is_signed_anew(clock, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda _: clock.shift(1))
    with answering((500, {}), (200, {'Item': KEY})) as sent:
        assert get_item()['Item'] == KEY
    first, second = (request.headers['Authorization'] for request in sent)
    assert first != second
    assert sent[1].headers['X-Amz-Date'] > sent[0].headers['X-Amz-Date']


def test_a_request_goes_to_the_region_s_own_endpoint_and_says_what_it_was_told():
    with answering((200, {})) as sent:
        get_item()
    [request] = sent
    assert request.url == f'https://dynamodb.{settings.REGION}.amazonaws.com/'
    assert request.headers['X-Amz-Target'] == b'DynamoDB_20120810.GetItem'
    assert json.loads(request.body) == {'TableName': settings.MARKET_TABLE, 'Key': KEY}


def test_an_error_is_raised_by_its_name():
    refused = {'__type': 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', 'message': 'no'}
    with answering((400, refused)), pytest.raises(aws.client('dynamodb').exceptions.ConditionalCheckFailedException):
        get_item()


def test_nothing_is_sent_without_credentials(use):
    use(None)
    with answering() as sent, pytest.raises(NoCredentialsError):
        get_item()
    assert sent == []


@pytest.mark.parametrize(
    ('status', 'code', 'is_outage'),
    [
        (503, '503', True),
        (500, 'InternalFailure', True),
        (400, 'ThrottlingException', True),
        (400, 'Throttling', True),
        (400, 'ValidationException', False),
        (400, 'AccessDeniedException', False),
    ],
)
def test_an_outage_is_told_from_a_mistake_of_ours(status, code, is_outage):
    said = {'Error': {'Code': code}, 'ResponseMetadata': {'HTTPStatusCode': status}}
    assert aws.is_outage(ClientError(said, 'Query')) is is_outage


def test_the_sdk_trusts_its_own_bundle_which_the_archive_trims_unless_another_is_named(monkeypatch):
    own = Path(botocore.__file__).parent / 'cacert.pem'
    for named, trusted in (('', str(own)), ('/etc/others.pem', '/etc/others.pem')):
        monkeypatch.setenv('AWS_CA_BUNDLE', named)
        assert aws.session.__wrapped__().get_config_variable('ca_bundle') == trusted
