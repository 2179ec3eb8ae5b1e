"""One request to Xendit, and what its answers mean."""

import json
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from chalicelib import settings
from chalicelib.payments import credentials
from chalicelib.payments.port import OutcomeUnknown

NAME = 'xendit'
CONNECT_S, READ_S = 3, 8
_LONGEST_ANSWER = 4 * 1024 * 1024
_NOT_ABOUT_WHAT_WAS_ASKED = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""A wrong key or a crowd: asked again when somebody has put that right, it may be done."""


class Refused(Exception):
    """Xendit has understood what was asked, and does not do it. `code` is its error code."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.is_unknown_object = status == HTTPStatus.NOT_FOUND
        self.is_repeated = status == HTTPStatus.CONFLICT or 'DUPLICATE' in code


def get(path: str, **query: Any) -> Any:
    return _asked('GET', path + (f'?{urlencode(query, doseq=True)}' if query else ''), None, {})


def post(path: str, body: dict[str, Any], key: str | None = None) -> Any:
    """`key` is the idempotency key."""
    headers = {'Content-Type': 'application/json'} | ({'Idempotency-key': key} if key else {})
    return _asked('POST', path, json.dumps(body).encode(), headers)


def part(ref: str) -> str:
    """An id as a part of a path, whatever is in it."""
    return quote(ref, safe='')


def _asked(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
    """Raises `Refused` and `OutcomeUnknown`. Nothing is repeated, and no redirect followed."""
    sent = headers | urllib3.make_headers(basic_auth=f'{credentials.of(NAME).api_key}:')
    try:
        answer = _pool().request(
            method, settings.XENDIT_API + path, body=body, headers=sent, retries=False, redirect=False, preload_content=False
        )
        status, raw = answer.status, answer.read(_LONGEST_ANSWER)
        answer.release_conn()
        said = json.loads(raw, parse_float=Decimal)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise OutcomeUnknown from error
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return said
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_ABOUT_WHAT_WAS_ASKED:
        raise OutcomeUnknown
    code = said.get('error_code') if isinstance(said, dict) else None
    raise Refused(str(code or 'REFUSED'), status)


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S))
