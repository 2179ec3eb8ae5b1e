"""Lets everything that was given up on be tried again. Usage: python -m infra.build.redrive STAGE

Messages go from the dead letters back to their queues, and what can never be read comes back. Parked timers go back into the
sweep, whether their messages are still there or not.
"""

import contextlib
import sys
from typing import Any

import boto3

from chalicelib.timers import PARKED
from infra.build import deploy

QUEUES = ('Release', 'Order', 'Provider', 'Upload')


def redrive(stage: str) -> dict[str, int]:
    """How many messages went back to each queue, as many as were waiting when it began; and how many timers."""
    sqs, outputs = boto3.client('sqs'), deploy.describe(stage)
    timers = {'Timers': _unpark(outputs['MarketTable'])}
    return timers | {name: _move(sqs, outputs[f'{name}DeadLettersUrl'], outputs[f'{name}QueueUrl']) for name in QUEUES}


def _unpark(table: str) -> int:
    dynamodb, count = boto3.client('dynamodb'), 0
    pages = dynamodb.get_paginator('query').paginate(
        TableName=table,
        IndexName='due',
        KeyConditionExpression='due_shard = :parked',
        ExpressionAttributeValues={':parked': {'S': PARKED}},
    )
    for row in (row for page in pages for row in page['Items']):
        with contextlib.suppress(dynamodb.exceptions.ConditionalCheckFailedException):  # it has acted meanwhile
            dynamodb.update_item(
                TableName=table,
                Key={name: row[name] for name in ('pk', 'sk')},
                UpdateExpression='SET due_shard = :swept',
                ConditionExpression='due_shard = :parked',
                ExpressionAttributeValues={':parked': {'S': PARKED}, ':swept': {'S': '0'}},
            )
            count += 1
    return count


def _move(sqs: Any, source: str, target: str) -> int:
    """No more than were there: a message that can never be read is put aside again before this is through, and so on."""
    asked = ['ApproximateNumberOfMessages']
    waiting = int(sqs.get_queue_attributes(QueueUrl=source, AttributeNames=asked)['Attributes'][asked[0]])
    moved = 0
    while moved < waiting:
        messages = sqs.receive_message(
            QueueUrl=source, MaxNumberOfMessages=min(10, waiting - moved), VisibilityTimeout=60, WaitTimeSeconds=2
        ).get('Messages', ())
        for message in messages:
            sqs.send_message(QueueUrl=target, MessageBody=message['Body'])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message['ReceiptHandle'])
        moved += len(messages)
        if not messages:
            break
    return moved


if __name__ == '__main__':
    for queue, count in redrive(sys.argv[1]).items():
        print(f'{count:5} {queue}')
