"""What somebody who may do anything sees of the deployed stack, and can do to it."""

from typing import Any


class Queue:
    """A queue with its dead letters."""

    def __init__(self, sqs: Any, url: str, dead_letters_url: str) -> None:
        self._sqs, self._url, self._dead_letters_url = sqs, url, dead_letters_url

    def send(self, *bodies: str) -> None:
        """All in one batch."""
        entries = [{'Id': str(number), 'MessageBody': body} for number, body in enumerate(bodies)]
        assert not self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries).get('Failed')

    def is_empty(self) -> bool:
        """Nothing waits, and nothing is being worked on."""
        asked = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=asked)['Attributes']
        return all(attributes[name] == '0' for name in asked)

    def given_up(self) -> list[str]:
        """The bodies of the dead letters, which stay where they are."""
        answer = self._sqs.receive_message(QueueUrl=self._dead_letters_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return sorted(message['Body'] for message in answer.get('Messages', ()))

    def forget_given_up(self) -> None:
        self._sqs.purge_queue(QueueUrl=self._dead_letters_url)

    def retry_after(self, seconds: int) -> None:
        """How long a message that failed, or that a function does not come back about, stays invisible."""
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={'VisibilityTimeout': str(seconds)})


class OrderRow:
    """The row of an order in its table."""

    def __init__(self, dynamodb: Any, table: str, order_id: str) -> None:
        self._dynamodb = dynamodb
        self._where = {'TableName': table, 'Key': {'pk': {'S': f'ORDER#{order_id}'}, 'sk': {'S': 'ORDER'}}}

    def read(self, attribute: str) -> Any:
        return self._dynamodb.get_item(**self._where, ConsistentRead=True)['Item'][attribute]['S']

    def write(self, attribute: str, value: str) -> None:
        self._dynamodb.update_item(
            **self._where,
            UpdateExpression='SET #a = :v',
            ExpressionAttributeNames={'#a': attribute},
            ExpressionAttributeValues={':v': {'S': value}},
        )
