"""Rows of webhooks, each kept once as it came, until it is of no use any more."""

import contextlib

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock
from chalicelib.db import IntegerAttribute, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.payments.port import Notice
from chalicelib.timers import TimedRow

KEPT_MS = 30 * clock.DAY


class ReceivedNotice(TimedRow, discriminator='notice'):
    provider = UnicodeAttribute()
    kind = UnicodeAttribute()
    our_id = UnicodeAttribute(null=True)
    ref = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    body = UnicodeAttribute()
    received_at = IntegerAttribute()
    read_at = IntegerAttribute(null=True)
    expires_at = IntegerAttribute()


def of(provider: str, notice: Notice, body: bytes) -> ReceivedNotice:
    """A row that is due to be read at once."""
    now = clock.now_ms()
    received = ReceivedNotice(
        f'NOTICE#{provider}#{notice.event_id}',
        'NOTICE',
        provider=provider,
        kind=notice.kind,
        our_id=notice.our_id,
        ref=notice.ref,
        payment_id=notice.payment_id,
        body=body.decode(errors='replace'),
        received_at=now,
        expires_at=(now + KEPT_MS) // 1000,
    )
    received.set_timer(('read_notice', now))
    return received


def add(received: ReceivedNotice) -> bool:
    """Keeps it, and says whether it is new."""
    there = Conflict(f'{received.pk} was received before')
    tx = Transaction()
    tx.put(received, otherwise=there)
    try:
        tx.commit()
    except Conflict as error:
        if error is not there:
            raise
        return False
    return True


def get(pk: str, sk: str) -> ReceivedNotice:
    try:
        return ReceivedNotice.get(pk, sk, consistent_read=True)
    except ReceivedNotice.DoesNotExist as missing:
        raise NotFound(f'There is no notice {pk}') from missing


def postpone(received: ReceivedNotice, until: int) -> None:
    """It is to be read again later. Who was quicker has said so, or has closed it: that stays."""
    seen = received.due_at
    received.set_timer(('read_notice', until))
    tx = Transaction()
    tx.replace(received, when=ReceivedNotice.due_at == seen, otherwise=Moved(f'{received.pk} was read meanwhile'))
    with contextlib.suppress(Moved):
        tx.commit()


def close(received: ReceivedNotice) -> None:
    """Nothing more is to be done about it. Somebody else may have said so already."""
    received.read_at = clock.now_ms()
    received.set_timer(None)
    tx = Transaction()
    tx.replace(received, when=ReceivedNotice.pk.exists(), otherwise=Moved(f'{received.pk} is gone'))
    tx.commit()
