"""One botocore session, and one client per service, for the whole process."""

from functools import cache
from typing import Any

import botocore.config
import botocore.parsers
import botocore.session

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
        return self._parse_body_as_json(raw_body)


class _ParserFactory(botocore.parsers.ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, protocol_name: str) -> Any:
        return _PlainJSONParser() if protocol_name == 'json' else super().create_parser(protocol_name)


@cache
def session() -> botocore.session.Session:
    made = botocore.session.get_session()
    made.register_component('response_parser_factory', _ParserFactory())
    return made


@cache
def client(service: str) -> Any:
    return session().create_client(service, config=_S3 if service == 's3' else _CONFIG)
