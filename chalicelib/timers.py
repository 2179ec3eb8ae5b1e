"""Timers: a row that is due carries `due_action` and `due_at`, and stands in a sparse, sharded index until it has acted.

Nothing remembers what was swept. A row leaves the index only in the transaction that acts on it, so a lost, late or doubled
message changes nothing: the next sweep finds the row again, and a row that has acted is no longer due.
"""

import contextlib
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from pynamodb.attributes import UnicodeAttribute

from chalicelib import aws, clock, reads, settings
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import Moved
from chalicelib.observe import logger, metrics

Handler = Callable[[str, str], None]
"""Acts on the row with these keys."""

MESSAGE_VERSION = 1
_ROWS_PER_SHARD = 2_000
_DEEP_QUEUE = 5_000
_PARKED_COUNTED = 100
PARKED = 'parked'
"""The shard of rows that fail again and again: nobody sweeps it, and an alarm counts it."""

QUEUES = {
    'release_payment': settings.RELEASE_QUEUE_URL,
    'expire_offer': settings.ORDER_QUEUE_URL,
    'expire_order': settings.ORDER_QUEUE_URL,
    'time_out_order': settings.ORDER_QUEUE_URL,
    'complete_order': settings.ORDER_QUEUE_URL,
    'grant_extension': settings.ORDER_QUEUE_URL,
    'advance_dispute': settings.ORDER_QUEUE_URL,
    'expire_job': settings.ORDER_QUEUE_URL,
    'lapse_award': settings.ORDER_QUEUE_URL,
    'expire_task': settings.ORDER_QUEUE_URL,
    'approve_task': settings.ORDER_QUEUE_URL,
    'close_campaign': settings.ORDER_QUEUE_URL,
    'settle_payment': settings.PROVIDER_QUEUE_URL,
    'send_refund': settings.PROVIDER_QUEUE_URL,
    'send_payout': settings.PROVIDER_QUEUE_URL,
    'read_notice': settings.PROVIDER_QUEUE_URL,
    'send_unmatched': settings.PROVIDER_QUEUE_URL,
    'submit_evidence': settings.PROVIDER_QUEUE_URL,
    'watch_chargeback': settings.PROVIDER_QUEUE_URL,
}


class TimedRow(MarketRow):
    """A row with a timer. At most one at a time: what is due next."""

    due_shard = UnicodeAttribute(null=True)
    due_at = IntegerAttribute(null=True)
    due_action = UnicodeAttribute(null=True)

    def set_timer(self, timer: tuple[str, int] | None) -> None:
        """The action that is due next, and when; None for nothing. Takes effect when the row is written."""
        self.due_action, self.due_at = timer or (None, None)
        self.due_shard = str(zlib.crc32(self.pk.encode()) % settings.DUE_SHARDS) if timer else None

    def is_due(self, action: str) -> bool:
        return self.due_action == action and self.due_at is not None and self.due_at <= clock.now_ms()


def sweep() -> int:
    """Sends all that is due to its queue, and returns how many messages that were."""
    now = clock.now_ms()
    due: dict[str, list[dict[str, Any]]] = defaultdict(list)
    oldest = now
    for shard in range(settings.DUE_SHARDS_READ):
        for row in reads.index_up_to('due', ('due_shard', str(shard)), ('due_at', now), _ROWS_PER_SHARD):
            oldest = min(oldest, row['due_at'])
            if queue_url := QUEUES.get(row['due_action']):
                due[queue_url].append(row)
            else:
                logger.error('nobody acts on this timer', action=row['due_action'], pk=row['pk'])
    metrics.add_metric('OldestTimer', MetricUnit.Milliseconds, now - oldest)
    parked = reads.index_up_to('due', ('due_shard', PARKED), ('due_at', now), _PARKED_COUNTED)
    metrics.add_metric('ParkedTimers', MetricUnit.Count, len(parked))
    metrics.flush_metrics()
    return sum(_send(queue_url, rows) for queue_url, rows in due.items() if not _is_deep(queue_url))


def message(action: str, pk: str, sk: str) -> str:
    return json.dumps({'v': MESSAGE_VERSION, 'action': action, 'pk': pk, 'sk': sk})


def park(pk: str, sk: str) -> None:
    """Takes a row that fails again and again out of the sweep; its message waits in the dead-letter queue."""
    tx = Transaction()  # which does not read the row that it has changed: it may be the very row that cannot be read
    acted = Moved(f'{pk} {sk} is not due any more')
    is_due = TimedRow.due_shard.exists() & (TimedRow.due_at <= clock.now_ms())
    tx.update(TimedRow(pk, sk), [TimedRow.due_shard.set(PARKED)], when=is_due, otherwise=acted)
    with contextlib.suppress(Moved):
        tx.commit()


def _send(queue_url: str, rows: list[dict[str, Any]]) -> int:
    sent = 0
    for batch in _batches(rows):
        entries = [
            {'Id': str(n), 'MessageBody': message(row['due_action'], row['pk'], row['sk'])} for n, row in enumerate(batch)
        ]
        answer = aws.client('sqs').send_message_batch(QueueUrl=queue_url, Entries=entries)
        for refused in answer.get('Failed', ()):
            logger.warning('a timer message was refused; the next sweep sends it again', reason=refused.get('Code'))
        sent += len(answer.get('Successful', ()))
    return sent


def _batches(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    return (rows[start : start + 10] for start in range(0, len(rows), 10))


def _is_deep(queue_url: str) -> bool:
    """A queue that is not keeping up is left alone: what it would be sent now is still due in a minute."""
    asked = ['ApproximateNumberOfMessages']
    answer = aws.client('sqs').get_queue_attributes(QueueUrl=queue_url, AttributeNames=asked)
    return int(answer['Attributes'][asked[0]]) > _DEEP_QUEUE
