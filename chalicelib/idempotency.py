"""Idempotency-Key: a write's answer is kept in the very transaction that makes it true.

So there is no moment in which the effect exists without its record or the record without its effect, and a key is never
stuck: the same request again is answered from the record, another request under the same key is refused.
"""

import hashlib
import json
from typing import Any, NamedTuple

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import IdempotencyKeyMissing, IdempotencyKeyReused, Replayed

KEPT_MS = 30 * clock.DAY
MAX_LENGTH = 255


class Answered(MarketRow, discriminator='answer'):
    fingerprint = UnicodeAttribute()
    status = IntegerAttribute()
    body = UnicodeAttribute()
    expires_at = IntegerAttribute()


class Answer(NamedTuple):
    status: int
    body: str


class Key(NamedTuple):
    """One principal's key for one operation, and a fingerprint of the request it was sent with."""

    pk: str
    fingerprint: str

    @classmethod
    def of(cls, header: str | None, *, user_id: str, operation: str, path: dict[str, str], body: Any) -> 'Key':
        value = (header or '').strip()
        if len(value) > 1 and value[0] == value[-1] == '"':  # the IETF draft writes it as a quoted string
            value = value[1:-1]
        if not value or len(value) > MAX_LENGTH or not value.isprintable():
            raise IdempotencyKeyMissing(
                f'Send an Idempotency-Key header of 1 to {MAX_LENGTH} printable characters, new for each new request '
                'and the same whenever you repeat one',
                errors=[{'parameter': 'Idempotency-Key', 'detail': 'Missing, empty, too long or not printable'}],
            )
        canonical = json.dumps([path, body], sort_keys=True, separators=(',', ':'))
        return cls(f'IDEM#{user_id}#{operation}#{value}', hashlib.sha256(canonical.encode()).hexdigest())

    def remember(self, tx: Transaction, answer: Answer) -> None:
        expires_at_s = (clock.now_ms() + KEPT_MS) // 1000
        row = Answered(
            self.pk,
            'IDEM',
            fingerprint=self.fingerprint,
            status=answer.status,
            body=answer.body,
            expires_at=expires_at_s,
        )
        tx.put(row, otherwise=Replayed())

    def answered(self) -> Answer | None:
        """What this request was answered before, if it was. One read."""
        row = reads.find(settings.MARKET_TABLE, self.pk, 'IDEM')
        return self.replay(row) if row else None

    def replay(self, row: dict[str, Any]) -> Answer:
        if row['fingerprint'] != self.fingerprint:
            raise IdempotencyKeyReused(
                'This Idempotency-Key belongs to an earlier request with another body or path. '
                'Repeat that request unchanged, or send this one under a new key.'
            )
        return Answer(row['status'], row['body'])
