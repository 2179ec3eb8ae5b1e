"""Sends what the queues of a stage gave up on back to them, to be tried again. Usage: python -m infra.build.redrive STAGE

A timer whose row was parked acts all the same: its handler looks at the row, not at the index. What can never be read
comes back.
"""

import sys
from typing import Any

import boto3

from infra.build import deploy

QUEUES = ('Release', 'Order', 'Provider', 'Upload')


def redrive(stage: str) -> dict[str, int]:
    """How many messages went back to each queue: as many as were waiting when it began."""
    sqs, outputs = boto3.client('sqs'), deploy.describe(stage)
    return {name: _move(sqs, outputs[f'{name}DeadLettersUrl'], outputs[f'{name}QueueUrl']) for name in QUEUES}


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
