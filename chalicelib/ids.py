"""Identifiers: a prefix that says what they name, and a ULID, so that they sort by the time they were made."""

import re

from ulid import ULID

_ULID = r'[0-7][0-9A-HJKMNP-TV-Z]{25}'
PATTERN = re.compile(rf'^[a-z]{{3}}_{_ULID}$')


def new(prefix: str) -> str:
    return f'{prefix}_{ULID()}'


def pattern(prefix: str) -> str:
    return rf'^{prefix}_{_ULID}$'
