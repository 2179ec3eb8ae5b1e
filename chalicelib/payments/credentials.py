"""What a provider knows us by: from Secrets Manager, kept for five minutes, and never in the environment.

The secret `gigmarket/STAGE/PROVIDER` is JSON: `{"api_key": "...", "webhook_secrets": ["...", "..."]}`. More than one webhook
secret is valid at a time, so that they can be changed while webhooks come in.
"""

import json
from dataclasses import dataclass, field

import botocore.exceptions

from chalicelib import aws, clock, settings
from chalicelib.observe import logger
from chalicelib.payments.port import OutcomeUnknown

KEPT_MS = 5 * clock.MINUTE
_ABSENT = ('ResourceNotFoundException', 'AccessDeniedException')
"""What is not there may not be looked for either: the permission is for names as AWS completes them."""


@dataclass(frozen=True)
class Credentials:
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


_kept: dict[str, tuple[int, Credentials | None]] = {}


def of(provider: str) -> Credentials:
    """Raises `OutcomeUnknown` where this stage has none: what was asked stays due until somebody has put that right."""
    found = find(provider)
    if found is None:
        raise OutcomeUnknown(f'This stage has no usable secret {_name(provider)}')
    return found


def find(provider: str) -> Credentials | None:
    """None where this stage has none, which is remembered as long."""
    fetched_at, found = _kept.get(provider, (-KEPT_MS, None))
    if not 0 <= clock.now_ms() - fetched_at < KEPT_MS:
        found = _fetched(provider)
        _kept[provider] = clock.now_ms(), found
    return found


def forget() -> None:
    _kept.clear()


def _fetched(provider: str) -> Credentials | None:
    try:
        secret = aws.client('secretsmanager').get_secret_value(SecretId=_name(provider))
    except botocore.exceptions.ClientError as error:
        if error.response.get('Error', {}).get('Code') in _ABSENT:
            logger.warning('there is no secret', secret=_name(provider))
            return None
        raise OutcomeUnknown from error
    return _read(provider, secret['SecretString'])


def _read(provider: str, text: str) -> Credentials | None:
    try:
        said = json.loads(text)
        api_key, secrets = said['api_key'], tuple(said['webhook_secrets'])
        is_usable = all(isinstance(one, str) and one for one in (api_key, *secrets))
    except (ValueError, TypeError, KeyError):
        is_usable = False
    if not is_usable:
        logger.error('a secret cannot be read: see docs/providers.md', secret=_name(provider))
        return None
    return Credentials(api_key, secrets)


def _name(provider: str) -> str:
    return f'gigmarket/{settings.STAGE}/{provider}'
