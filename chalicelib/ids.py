"""Identifiers: a prefix that says what they name, and a ULID, so that they sort by the time they were made."""

import re

from ulid import ULID

_ULID = r'[0-7][0-9A-HJKMNP-TV-Z]{25}'
PATTERN = re.compile(rf'^[a-z]{{3}}_{_ULID}$')
TRANSACTION = re.compile(r'^[a-z_]{1,40}(:[A-Za-z0-9._-]{1,80}){1,3}$')
"""A transaction of the ledger is named after the fact that it records: release:ord_01..."""


_NAMES = {'txid': TRANSACTION, 'provider': re.compile(r'^[a-z]{2,20}$')}
"""Parameters of paths that are no ids."""


def new(prefix: str) -> str:
    return f'{prefix}_{ULID()}'


def pattern(prefix: str) -> str:
    return rf'^{prefix}_{_ULID}$'


def of_path(parameter: str) -> re.Pattern[str]:
    """What a parameter of a path looks like, by its name."""
    return _NAMES.get(parameter, PATTERN)
