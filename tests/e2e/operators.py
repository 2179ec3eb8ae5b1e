"""What somebody who may do anything sees of the deployed stack, and can do to it."""

from collections.abc import Callable
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


def inventory(sdk: Callable[[str], Any]) -> dict[str, set[str]]:
    """Everything that there is in the account, by kind; queues by name, because their addresses vary."""
    return {
        'table': set(sdk('dynamodb').list_tables()['TableNames']),
        'queue': {url.rpartition('/')[2] for url in sdk('sqs').list_queues().get('QueueUrls', ())},
        'bucket': {bucket['Name'] for bucket in sdk('s3').list_buckets()['Buckets']},
        'user pool': {pool['Id'] for pool in sdk('cognito-idp').list_user_pools(MaxResults=60)['UserPools']},
        'function': {function['FunctionName'] for function in sdk('lambda').list_functions()['Functions']},
        'role': {role['RoleName'] for role in sdk('iam').list_roles()['Roles']},
        'schedule': {rule['Name'] for rule in sdk('events').list_rules()['Rules']},
        'API': {api['id'] for api in sdk('apigateway').get_rest_apis()['items']},
        'distribution': {one['Id'] for one in sdk('cloudfront').list_distributions()['DistributionList'].get('Items', ())},
        'log group': {group['logGroupName'] for group in sdk('logs').describe_log_groups()['logGroups']},
        'topic': {topic['TopicArn'] for topic in sdk('sns').list_topics()['Topics']},
        'alarm': {alarm['AlarmName'] for alarm in sdk('cloudwatch').describe_alarms()['MetricAlarms']},
    }
