"""Webhooks of Xendit: a token that is always the same, and that says nothing of what comes with it.

So nothing in them is believed. They name a payment, refund or payout, about which Xendit is then asked.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.errors import MalformedBody, Unauthorized
from chalicelib.payments.port import Notice


def read(headers: Mapping[str, str], body: bytes, tokens: Iterable[str]) -> Notice:
    said = (headers.get('x-callback-token') or '').encode()
    if not any(hmac.compare_digest(said, token.encode()) for token in tokens):
        raise Unauthorized('This does not have the token of Xendit')
    delivered = (headers.get('webhook-id') or '').encode()
    event_id = hashlib.sha256(delivered + b'\n' + body).hexdigest()
    try:
        return _notice(event_id, json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MalformedBody('This is no webhook of Xendit') from error


def _notice(event_id: str, said: dict[str, Any]) -> Notice:
    """An invoice comes as it is; payouts and refunds come as the data of an event."""
    event = str(said.get('event') or '')
    if not event:
        return Notice(event_id, 'payment' if 'external_id' in said else '', _text(said, 'external_id'), _text(said, 'id'))
    about = said['data']
    about = about['data'] if 'event' in about else about
    kind = next((kind for kind in ('payout', 'refund') if event.startswith(f'{kind}.')), '')
    payment_id = _text(about.get('metadata') or {}, 'payment_id')
    return Notice(event_id, kind, _text(about, 'reference_id'), _text(about, 'id'), payment_id)


def _text(about: dict[str, Any], name: str) -> str | None:
    value = about.get(name)
    return value if isinstance(value, str) and value else None
