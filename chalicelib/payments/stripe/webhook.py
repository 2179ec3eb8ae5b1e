"""Webhooks of Stripe: signed, and not older or newer than five minutes.

The SDK refuses what is old and takes what claims to be of the future; and the API function would load it for nothing else.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from chalicelib import clock
from chalicelib.errors import MalformedBody, Unauthorized
from chalicelib.payments.port import Notice
from chalicelib.payments.stripe.reading import our_id

TOLERANCE_MS = 5 * clock.MINUTE
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        'payment_intent': ('payment', 'payment_id'),
        'refund': ('refund', 'refund_id'),
        'transfer': ('payout', 'payout_id'),
        'dispute': ('chargeback', ''),
    }
)
"""By the object that an event is about, whatever has happened to it: what we do, and where our id is."""


def read(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> Notice:
    _check(headers.get('stripe-signature') or '', body, secrets)
    try:
        event = json.loads(body)
        about = event['data']['object']
        return _notice(str(event['id']), about)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MalformedBody('This is no event of Stripe') from error


def _notice(event_id: str, about: dict[str, Any]) -> Notice:
    kind, name = _KINDS.get(about.get('object', ''), ('', ''))
    payment_id = our_id(about, 'payment_id') or None
    return Notice(event_id, kind, (our_id(about, name) or None) if name else None, about.get('id'), payment_id)


def _check(header: str, body: bytes, secrets: Iterable[str]) -> None:
    parts = [part.strip().partition('=') for part in header.split(',')]
    stamp = next((value for name, _, value in parts if name == 't'), '')
    signatures = [value.encode() for name, _, value in parts if name == 'v1']
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise Unauthorized('The Stripe-Signature header has no time')
    expected = [hmac.digest(secret.encode(), f'{stamp}.'.encode() + body, 'sha256').hex().encode() for secret in secrets]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise Unauthorized('This is not signed by Stripe')
    if abs(clock.now_ms() - int(stamp) * clock.SECOND) > TOLERANCE_MS:
        raise Unauthorized('This was signed too long ago, or will be')
