"""One botocore session, and one client per service, for the whole process."""

import hmac
import time
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import botocore.client
import botocore.config
import botocore.exceptions
import botocore.httpsession
import botocore.parsers
import botocore.serialize
import botocore.session
from pydantic_core import from_json

_CONFIG = botocore.config.Config(
    parameter_validation=False,  # a fifth of the cost of a write; a wrong parameter is refused by the service as well
    user_agent='gigmarket',  # given, because botocore otherwise rebuilds its own twice per request
    connect_timeout=2,
    read_timeout=5,
    retries={'total_max_attempts': 3, 'mode': 'standard'},
)
# botocore would sign URLs with version 2 in some regions and name the global host, which redirects; browsers do not follow a
# redirected POST. Version 4 on the region's own host; where the endpoint is an IP address the path style remains.
_S3 = _CONFIG.merge(
    botocore.config.Config(
        signature_version='s3v4', s3={'addressing_style': 'virtual', 'us_east_1_regional_endpoint': 'regional'}
    )
)


class _PlainJSONParser(botocore.parsers.JSONParser):  # type: ignore[misc]
    """Hands the JSON body over as it came.

    botocore walks every value of an answer beside its model, which is four fifths of the cost of a DynamoDB query. The walk
    only turns timestamps and binary values into Python's own, and nothing here asks a JSON service for either.
    """

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:  # noqa: ARG002
        return from_json(raw_body) if raw_body else {}


class _ParserFactory(botocore.parsers.ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, protocol_name: str) -> Any:
        return _PlainJSONParser() if protocol_name == 'json' else super().create_parser(protocol_name)


class _PlainJSONSerializer(botocore.serialize.JSONSerializer):  # type: ignore[misc]
    """Sends the parameters as they are: the same walk, the other way."""

    def _serialize(self, serialized: dict[str, Any], value: dict[str, Any], *_: Any) -> None:
        serialized.update(value)


class _DynamoDB(botocore.client.BaseClient):  # type: ignore[misc]
    """Does for each request only what differs from request to request. All the rest is half of what a call costs."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts | {'serializer': _PlainJSONSerializer()})

    def _resolve_endpoint_ruleset(self, *_: Any, **__: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The endpoint that the client was made with, its headers and its properties."""
        return self.meta.endpoint_url, {}, {}

    def _register_handlers(self) -> None:
        self.meta.events.register('request-created.dynamodb', self._sign)

    def _sign(self, request: Any, **_: Any) -> None:
        """Signature version 4 of a POST to /, over the headers that have to be signed and no others."""
        if self._get_credentials() is None:
            raise botocore.exceptions.NoCredentialsError
        credentials = self._get_credentials().get_frozen_credentials()
        now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
        scope = f'{now[:8]}/{self.meta.region_name}/dynamodb/aws4_request'
        signed = {
            'content-type': request.headers['Content-Type'],
            'host': request.url.split('/')[2],
            'x-amz-date': now,
            **({'x-amz-security-token': credentials.token} if credentials.token else {}),
            'x-amz-target': request.headers['X-Amz-Target'],
        }
        names = ';'.join(signed)
        lines = ''.join(f'{name}:{value}\n' for name, value in signed.items())
        canonical = f'POST\n/\n\n{lines}\n{names}\n{sha256(request.data).hexdigest()}'
        key = f'AWS4{credentials.secret_key}'.encode()
        for part in (*scope.split('/'), f'AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}'):
            key = hmac.digest(key, part.encode(), 'sha256')
        request.headers['X-Amz-Date'] = now
        if credentials.token:
            request.headers['X-Amz-Security-Token'] = credentials.token
        request.headers['Authorization'] = (
            f'AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={key.hex()}'
        )


_OUTAGES = frozenset(
    {
        'InternalError',
        'InternalServerError',
        'ProvisionedThroughputExceededException',
        'RequestLimitExceeded',
        'RequestThrottled',
        'RequestTimeout',
        'ServiceUnavailable',
        'SlowDown',
        'Throttling',
        'ThrottlingException',
    }
)


def is_outage(failure: BaseException) -> bool:
    """Whether a service did not answer, or had no capacity: nothing is wrong with what it was asked."""
    cause = getattr(failure, 'cause', None) or failure  # where PynamoDB keeps it
    if isinstance(cause, botocore.exceptions.ClientError):
        status = cause.response.get('ResponseMetadata', {}).get('HTTPStatusCode', 0)
        return status >= HTTPStatus.INTERNAL_SERVER_ERROR or cause.response.get('Error', {}).get('Code') in _OUTAGES
    return isinstance(cause, botocore.exceptions.ConnectionError | botocore.exceptions.HTTPClientError)


@cache
def session() -> botocore.session.Session:
    made = botocore.session.get_session()
    # Its own bundle, of which the archive keeps a few authorities; certifi's has all, and would be read for every connection.
    if not made.get_config_variable('ca_bundle'):
        made.set_config_variable('ca_bundle', botocore.httpsession.DEFAULT_CA_BUNDLE)
    made.register_component('response_parser_factory', _ParserFactory())
    made.register('creating-client-class.dynamodb', lambda base_classes, **_: base_classes.insert(0, _DynamoDB))
    return made


@cache
def client(service: str) -> Any:
    return session().create_client(service, config=_S3 if service == 's3' else _CONFIG)
