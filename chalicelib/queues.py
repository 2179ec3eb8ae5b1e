"""Queue records: acted on one by one, and reported one by one.

What cannot be read is put aside at once, since reading it again changes nothing. What fails comes again until the queue
gives up on it; but an outage of somebody else's, or a crowd, is no fault of the row's, which
stays due for as long as it lasts. What is no
longer possible, because the order has moved on, is done: it is logged and left alone.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import aws, settings, timers
from chalicelib.errors import IllegalTransition, Moved, NotFound, Unavailable
from chalicelib.observe import logger

MAX_RECEIVES = 5
"""As in the queues' redrive policy: the last time that a message is tried."""

Batch = dict[str, list[dict[str, str]]]


def act_on_timers(records: list[dict[str, Any]], handlers: Mapping[str, timers.Handler]) -> Batch:
    """Timer messages: each to the handler of its action, which gets the keys of the row that is due."""

    def act(record: dict[str, Any]) -> None:
        try:
            handler, pk, sk = _read(record['body'], handlers)
        except (KeyError, TypeError, ValueError):
            put_aside(record)
            return
        try:
            handler(pk, sk)
        except IllegalTransition as moved_on:
            logger.info('left alone', pk=pk, because=str(moved_on))
        except NotFound:
            timers.park(pk, sk)
            put_aside(record)
        except Exception as failure:
            if int(record['attributes']['ApproximateReceiveCount']) < MAX_RECEIVES:
                raise
            if isinstance(failure, (Unavailable, Moved)) or aws.is_outage(failure):
                logger.exception('left to the next sweep', pk=pk)
                return
            timers.park(pk, sk)
            raise

    return each(records, act)


def each(records: list[dict[str, Any]], act: Callable[[dict[str, Any]], None]) -> Batch:
    """The partial batch response of SQS: exactly the records that are to come again."""
    # A seventh of a cold start, which the API function would pay as well.
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response  # noqa: PLC0415

    def logged(record: Any) -> None:
        try:
            act(record.raw_event)
        except Exception:
            logger.exception('will be tried again', message_id=record.message_id)
            raise

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event={'Records': records}, record_handler=logged, processor=processor)  # type: ignore[return-value]


def put_aside(record: dict[str, Any]) -> None:
    logger.error('put aside: this message can never be acted on', message_id=record['messageId'])
    aws.client('sqs').send_message(QueueUrl=settings.DEAD_LETTERS_URL, MessageBody=record['body'])


def _read(body: str, handlers: Mapping[str, timers.Handler]) -> tuple[timers.Handler, str, str]:
    message = json.loads(body)
    if message['v'] != timers.MESSAGE_VERSION:
        raise ValueError(f'Unknown version {message["v"]}')
    pk, sk = message['pk'], message['sk']
    if not (isinstance(pk, str) and isinstance(sk, str)):
        raise TypeError('Keys are strings')
    return handlers[message['action']], pk, sk
