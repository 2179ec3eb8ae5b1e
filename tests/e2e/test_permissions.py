"""What each function may do and what it may not: its very policy, given to a user who then tries.

Nothing that is tried has an effect: conditions never hold, and keys lead nowhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ulid import ULID

KEY = {'pk': {'S': 'PROBE'}, 'sk': {'S': 'PROBE'}}
NEVER = {'ConditionExpression': 'attribute_exists(pk)'}
SET = {'UpdateExpression': 'SET probed = :p', 'ExpressionAttributeValues': {':p': {'S': 'probed'}}}
DENIED = {'AccessDenied', 'AccessDeniedException'}

Try = Callable[[Callable[[str], Any], dict[str, str]], Any]
TRIES: dict[str, Try] = {}


def _table(name: str, output: str, *indexes: str) -> None:
    """Everything that DynamoDB lets one try with a table."""

    def add(what: str, call: Callable[[Any, str], Any]) -> None:
        TRIES[f'{name} {what}'] = lambda sdk, outputs: call(sdk('dynamodb'), outputs[output])

    def query(index: str) -> Callable[[Any, str], Any]:
        attribute = INDEXES[index]
        return lambda db, table: db.query(
            TableName=table,
            IndexName=index,
            KeyConditionExpression='#h = :h',
            ExpressionAttributeNames={'#h': attribute},
            ExpressionAttributeValues={':h': {'S': 'PROBE'}},
        )

    def write(db: Any, kind: str, item: dict[str, Any]) -> Any:
        return db.transact_write_items(TransactItems=[{kind: item | NEVER}])

    add('GetItem', lambda db, table: db.get_item(TableName=table, Key=KEY))
    add('BatchGetItem', lambda db, table: db.batch_get_item(RequestItems={table: {'Keys': [KEY]}}))
    add(
        'Query',
        lambda db, table: db.query(
            TableName=table, KeyConditionExpression='pk = :p', ExpressionAttributeValues={':p': {'S': 'PROBE'}}
        ),
    )
    for index in indexes:
        add(f'Query {index}', query(index))
    add('Scan', lambda db, table: db.scan(TableName=table, Limit=1))
    add('PutItem', lambda db, table: db.put_item(TableName=table, Item=KEY, **NEVER))
    add('UpdateItem', lambda db, table: db.update_item(TableName=table, Key=KEY, **SET, **NEVER))
    add('DeleteItem', lambda db, table: db.delete_item(TableName=table, Key=KEY, **NEVER))
    add(
        'BatchWriteItem delete',
        lambda db, table: db.batch_write_item(RequestItems={table: [{'DeleteRequest': {'Key': KEY}}]}),
    )
    add('transaction: check', lambda db, table: write(db, 'ConditionCheck', {'TableName': table, 'Key': KEY}))
    add('transaction: put', lambda db, table: write(db, 'Put', {'TableName': table, 'Item': KEY}))
    add('transaction: update', lambda db, table: write(db, 'Update', {'TableName': table, 'Key': KEY} | SET))
    add('transaction: delete', lambda db, table: write(db, 'Delete', {'TableName': table, 'Key': KEY}))
    where = "WHERE pk = 'PROBE' AND sk = 'PROBE'"
    add('PartiQL select', lambda db, table: db.execute_statement(Statement=f'SELECT * FROM "{table}" {where}'))
    add('PartiQL update', lambda db, table: db.execute_statement(Statement=f'UPDATE "{table}" SET probed = \'p\' {where}'))
    add('PartiQL delete', lambda db, table: db.execute_statement(Statement=f'DELETE FROM "{table}" {where}'))
    add('DescribeTable', lambda db, table: db.describe_table(TableName=table))


def _prefix(prefix: str, bucket: str = 'FilesBucket') -> None:
    """What S3 lets one try with the objects below a prefix."""

    def add(what: str, call: Callable[[Any, dict[str, str]], Any]) -> None:
        TRIES[f'{prefix}/ {what}'] = lambda sdk, outputs: call(sdk('s3'), {'Bucket': outputs[bucket], 'Key': f'{prefix}/probe'})

    add('GetObject', lambda s3, where: s3.get_object(**where))
    add('PutObject', lambda s3, where: s3.put_object(**where, IfMatch='"never"'))
    add('DeleteObject', lambda s3, where: s3.delete_object(**where))
    add('ListBucket', lambda s3, where: s3.list_objects_v2(Bucket=where['Bucket'], Prefix=f'{prefix}/'))


def _queue(output: str) -> None:
    def add(what: str, call: Callable[[Any, str], Any]) -> None:
        TRIES[f'{output} {what}'] = lambda sdk, outputs: call(sdk('sqs'), outputs[f'{output}Url'])

    add('SendMessage', lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody='\0'))
    add('ReceiveMessage', lambda sqs, url: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0))
    add('DeleteMessage', lambda sqs, url: sqs.delete_message(QueueUrl=url, ReceiptHandle='nothing'))


INDEXES = {
    'due': 'due_shard',
    'newest': 'shelf',
    'by_category': 'category_shelf',
    'by_seller': 'seller_shelf',
    'by_buyer': 'buyer_shelf',
    'held_for': 'held_for',
    'open_cases': 'case_queue',
    'by_owner': 'owner_id',
    'by_day': 'day',
}
_table('market', 'MarketTable', 'due', 'newest', 'by_category', 'by_seller', 'by_buyer', 'held_for', 'open_cases')
_table('journal', 'JournalTable', 'by_owner', 'by_day')
_table('balances', 'BalancesTable')
for folder in ('incoming', 'files', 'media'):
    _prefix(folder)
_prefix('seals', 'SealsBucket')
for pair in ('Release', 'Order', 'Provider', 'Upload'):
    _queue(f'{pair}Queue')
    _queue(f'{pair}DeadLetters')
TRIES |= {
    'seals ListBucketVersions': lambda sdk, outputs: sdk('s3').list_object_versions(Bucket=outputs['SealsBucket']),
    'whole bucket ListBucket': lambda sdk, outputs: sdk('s3').list_objects_v2(Bucket=outputs['FilesBucket']),
    'pages PutObject': lambda sdk, outputs: sdk('s3').put_object(Bucket=outputs['SiteBucket'], Key='p', IfMatch='"never"'),
    'accounts ListUsers': lambda sdk, outputs: sdk('cognito-idp').list_users(UserPoolId=outputs['UserPoolId']),
    'users ListUsers': lambda sdk, _: sdk('iam').list_users(),
    'functions Invoke': lambda sdk, _: sdk('lambda').invoke(FunctionName='probe'),
    'stacks DescribeStacks': lambda sdk, _: sdk('cloudformation').describe_stacks(),
}

_SETTLING = {
    'market Query',
    'market PutItem',
    'market UpdateItem',
    'market transaction: put',
    'market transaction: update',
    'journal PutItem',
    'journal transaction: put',
    'balances UpdateItem',
    'balances transaction: update',
}
_READING = {'journal GetItem', 'journal BatchGetItem', 'journal Query', 'journal Query by_day', 'journal Scan'}
ALLOWED = {
    'APIHandler': _SETTLING
    | {
        'market GetItem',
        'market BatchGetItem',
        'market transaction: check',
        *(f'market Query {index}' for index in ('newest', 'by_category', 'by_seller', 'by_buyer', 'held_for', 'open_cases')),
        'journal Query by_owner',
        'journal BatchGetItem',
        'balances BatchGetItem',
        'incoming/ PutObject',
        'files/ GetObject',
        'media/ GetObject',
        'ProviderQueue SendMessage',
    },
    'SweepTimers': {
        'market Query due',
        'ReleaseQueue SendMessage',
        'OrderQueue SendMessage',
        'ProviderQueue SendMessage',
    },
    # What a seller owes is paid first, whoever brings the money.
    'ReleasePayments': _SETTLING
    | {
        'balances BatchGetItem',
        'ReleaseQueue ReceiveMessage',
        'ReleaseQueue DeleteMessage',
        'ReleaseDeadLetters SendMessage',
    },
    'AdvanceOrders': _SETTLING
    | {
        'market GetItem',
        'market BatchGetItem',
        'balances BatchGetItem',
        'OrderQueue ReceiveMessage',
        'OrderQueue DeleteMessage',
        'OrderDeadLetters SendMessage',
    },
    'SettleWithProvider': _SETTLING
    | {
        'market GetItem',
        'balances BatchGetItem',
        'journal Query by_owner',
        'ProviderQueue ReceiveMessage',
        'ProviderQueue DeleteMessage',
        'ProviderDeadLetters SendMessage',
    },
    'InspectFiles': {
        'market GetItem',
        'market UpdateItem',
        'market transaction: update',
        'incoming/ GetObject',
        'incoming/ DeleteObject',
        'incoming/ ListBucket',
        'files/ PutObject',
        'media/ PutObject',
        'UploadQueue ReceiveMessage',
        'UploadQueue DeleteMessage',
        'UploadDeadLetters SendMessage',
    },
    'CloseDays': {
        *_READING,
        'journal PutItem',
        'journal transaction: put',
        'seals/ GetObject',
        'seals/ PutObject',
        'seals/ ListBucket',
    },
    'AuditLedger': {
        *_READING,
        'balances GetItem',
        'balances Scan',
        'seals/ GetObject',
        'seals/ ListBucket',
        'seals ListBucketVersions',
    },
    'ReconcileProviders': {
        *(what for what in _SETTLING if not what.startswith('balances')),
        'market GetItem',
        'market BatchGetItem',
        'market Query open_cases',
        'journal GetItem',
        'journal Query',
        'journal Query by_day',
    },
}


@pytest.fixture(scope='module', autouse=True)
def probed(sdk, outputs):
    """The objects are there: what is missing is told apart only from who may list."""
    for bucket, folder in (('FilesBucket', 'files'), ('FilesBucket', 'media'), ('SealsBucket', 'seals')):
        sdk('s3').put_object(Bucket=outputs[bucket], Key=f'{folder}/probe', Body=b'')
    yield
    found = sdk('s3').list_object_versions(Bucket=outputs['SealsBucket'], Prefix='seals/probe')
    for version in found.get('Versions', []) + found.get('DeleteMarkers', []):
        sdk('s3').delete_object(Bucket=outputs['SealsBucket'], Key='seals/probe', VersionId=version['VersionId'])


def done(client: Callable[[str], Any], outputs: dict[str, str]) -> set[str]:
    """What is not denied, whatever else becomes of it."""
    return {what for what, attempt in TRIES.items() if not is_denied(partial(attempt, client, outputs))}


def is_denied(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response['Error']['Code'] in DENIED
    return False


@pytest.mark.parametrize('function', ALLOWED)
def test_a_function_may_do_what_it_needs_and_nothing_else(function, as_function, outputs):
    assert done(lambda service: as_function(function, service), outputs) == ALLOWED[function]


def test_whoever_may_do_everything_is_denied_nothing(allowed, outputs):
    """So that a try which is denied is denied for want of a permission."""
    everything = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}
    assert done(allowed(everything), outputs) == set(TRIES)


def test_no_function_may_change_the_journal_and_only_those_that_check_it_read_it_whole():
    on_journal = {name: {what for what in may if what.startswith('journal')} for name, may in ALLOWED.items()}
    assert {name for name, may in on_journal.items() if 'journal Scan' in may} == {'CloseDays', 'AuditLedger'}
    for may in on_journal.values():
        assert not [what for what in may if 'pdate' in what or 'elete' in what or 'check' in what]


def test_no_policy_is_for_everything(policy_of):
    policies = [policy_of(function) for function in ALLOWED]
    statements = [statement for policy in policies for statement in policy['Statement']]
    assert all(statement['Effect'] == 'Allow' for statement in statements)
    named = [one for statement in statements for one in _listed(statement['Action']) + _listed(statement['Resource'])]
    assert not [one for one in named if one.endswith(':*') or one == '*']
    assert len({str(policy) for policy in policies}) == len(policies)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


class Probe:
    """One row in each of the three tables, written in one transaction."""

    def __init__(self, dynamodb: Any, outputs: dict[str, str]) -> None:
        self._dynamodb = dynamodb
        key = {'pk': {'S': f'PROBE#{ULID()}'}, 'sk': {'S': 'PROBE'}}
        self._rows = {name: {'TableName': outputs[f'{name}Table'], 'Key': key} for name in ('Market', 'Journal', 'Balances')}

    def write(self, dynamodb: Any) -> None:
        market, journal, balances = self._rows.values()
        puts = [{'Put': {'TableName': row['TableName'], 'Item': row['Key']}} for row in (market, journal)]
        dynamodb.transact_write_items(TransactItems=[*puts, {'Update': balances | SET}])

    def there(self) -> list[str]:
        return [name for name, row in self._rows.items() if 'Item' in self._dynamodb.get_item(**row, ConsistentRead=True)]

    def take_away(self) -> None:
        for row in self._rows.values():
            self._dynamodb.delete_item(**row)


@pytest.fixture
def probe(sdk, outputs):
    made = Probe(sdk('dynamodb'), outputs)
    yield made
    made.take_away()


@pytest.mark.parametrize('function', ['APIHandler', 'ReleasePayments', 'AdvanceOrders', 'SettleWithProvider'])
@pytest.mark.parametrize('action', ['dynamodb:PutItem', 'dynamodb:UpdateItem'])
def test_a_transaction_is_refused_whole_if_any_part_of_it_is_not_allowed(function, action, policy_of, allowed, probe):
    policy = policy_of(function)
    less = policy | {'Statement': [_without(action, statement) for statement in policy['Statement']]}
    assert is_denied(lambda: probe.write(allowed(less)('dynamodb')))
    assert probe.there() == []
    probe.write(allowed(policy)('dynamodb'))
    assert probe.there() == ['Market', 'Journal', 'Balances']


def _without(action: str, statement: dict[str, Any]) -> dict[str, Any]:
    kept = [one for one in _listed(statement['Action']) if one != action]
    return statement | {'Action': kept or ['none:None']}
