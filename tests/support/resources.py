"""The template's own tables, queues and bucket, made in moto; and what is in them."""

import pickle
from typing import Any

import boto3
import moto.backends
from moto.core import DEFAULT_ACCOUNT_ID

from chalicelib import settings
from infra.build import template
from tests.support import fast_moto

TABLES = {'Market': settings.MARKET_TABLE, 'Journal': settings.JOURNAL_TABLE, 'Balances': settings.BALANCES_TABLE}
QUEUES = {
    'ReleaseQueue': 'release',
    'OrderQueue': 'orders',
    'ProviderQueue': 'provider',
    'UploadQueue': 'uploads',
    'ReleaseDeadLetters': 'dead-letters',
}
_TABLE_PROPERTIES = ('AttributeDefinitions', 'KeySchema', 'GlobalSecondaryIndexes', 'BillingMode')


def create() -> None:
    resources = template.assemble()['Resources']
    sqs = boto3.client('sqs')
    for logical_id, name in TABLES.items():
        create_table(logical_id, name)
    for logical_id, name in QUEUES.items():
        timeout = resources[logical_id]['Properties'].get('VisibilityTimeout', 30)
        sqs.create_queue(QueueName=name, Attributes={'VisibilityTimeout': str(timeout)})
    bucket = resources['Files']['Properties']
    boto3.client('s3').create_bucket(Bucket=settings.FILES_BUCKET)
    boto3.client('s3').create_bucket(Bucket=settings.SEALS_BUCKET, ObjectLockEnabledForBucket=True)
    boto3.client('s3').put_public_access_block(
        Bucket=settings.FILES_BUCKET, PublicAccessBlockConfiguration=bucket['PublicAccessBlockConfiguration']
    )


def create_table(logical_id: str, name: str) -> None:
    properties = template.assemble()['Resources'][logical_id]['Properties']
    made = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
    boto3.client('dynamodb').create_table(TableName=name, **made)


def clear() -> None:
    """Empties all of it in place, which takes no time."""
    fast_moto.forget_tokens()
    for name in TABLES.values():
        table(name).items.clear()
    for queue in _backend('sqs').queues.values():
        queue._messages.clear()
        queue.pending_messages.clear()
        queue.deleted_messages.clear()
    for name in (settings.FILES_BUCKET, settings.SEALS_BUCKET):
        bucket(name).keys.clear()


def bucket(name: str) -> Any:
    return _backend('s3', 'global').buckets[name]


def table(name: str) -> Any:
    return _backend('dynamodb').tables[name]


def rows(name: str) -> list[dict[str, Any]]:
    """Every row of a table in Python's own types, read without a request."""
    return [
        {attribute: _python(value) for attribute, value in item.attrs.items()}
        for partition in table(name).items.values()
        for item in partition.values()
    ]


def messages(queue: str) -> list[str]:
    """The bodies that wait in a queue."""
    return [message.body for message in _backend('sqs').queues[queue]._messages]


def snapshot() -> dict[str, Any]:
    """All tables, to compare with later: whether nothing changed."""
    return {name: sorted(rows(name), key=lambda row: (row['pk'], row['sk'])) for name in TABLES.values()}


def save() -> dict[str, bytes]:
    """The tables as they are, to be put back with `restore` as often as wanted."""
    return {name: pickle.dumps(dict(table(name).items)) for name in TABLES.values()}  # copy.deepcopy takes ten times as long


def restore(saved: dict[str, bytes]) -> None:
    fast_moto.forget_tokens()
    for name, items in saved.items():
        table(name).items.clear()
        table(name).items.update(pickle.loads(items))


def drain(queue: str) -> list[str]:
    """Takes all messages out of a queue, and returns their bodies."""
    bodies = messages(queue)
    _backend('sqs').queues[queue]._messages.clear()
    return bodies


def _backend(service: str, region: str = settings.REGION) -> Any:
    return moto.backends.get_backend(service)[DEFAULT_ACCOUNT_ID][region if service != 's3' else 'aws']


def _python(value: Any) -> Any:
    if value.type == 'N':
        return int(value.value)
    if value.type == 'L':
        return [_python(inner) for inner in value.value]
    return value.value
