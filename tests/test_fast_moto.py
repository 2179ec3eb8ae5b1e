"""The faster moto does what moto does."""

import random

import boto3
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

from chalicelib import settings
from tests.support import fast_moto, resources


def key(number):
    return {'pk': {'S': f'P#{number % 4}'}, 'sk': {'S': f'S#{number}'}}


def operation(dice):
    number, kind = dice.randrange(8), dice.choice(['put', 'new', 'add', 'guard', 'check', 'delete'])
    table = {'TableName': settings.MARKET_TABLE}
    match kind:
        case 'put':
            return {'Put': {**table, 'Item': key(number) | {'n': {'N': str(dice.randrange(9))}, 'l': {'L': [{'S': 'x'}]}}}}
        case 'new':
            item = key(number) | {'n': {'N': '1'}}
            return {'Put': {**table, 'Item': item, 'ConditionExpression': 'attribute_not_exists(pk)', **ALL_OLD}}
        case 'add':
            add = {'UpdateExpression': 'ADD n :one', 'ExpressionAttributeValues': {':one': {'N': '1'}}}
            return {'Update': {**table, 'Key': key(number), **add}}
        case 'guard':
            guard = {'UpdateExpression': 'ADD n :m', 'ConditionExpression': 'n >= :need'}
            values = {'ExpressionAttributeValues': {':m': {'N': '-2'}, ':need': {'N': '2'}}}
            return {'Update': {**table, 'Key': key(number), **guard, **values}}
        case 'check':
            return {'ConditionCheck': {**table, 'Key': key(number), 'ConditionExpression': 'attribute_exists(n)'}}
        case _:
            return {'Delete': {**table, 'Key': key(number)}}


ALL_OLD = {'ReturnValuesOnConditionCheckFailure': 'ALL_OLD'}


def play(seed):
    dice, client, said = random.Random(seed), boto3.client('dynamodb'), []
    resources.clear()
    for _ in range(150):
        operations = {str(key_of(one)): one for one in (operation(dice) for _ in range(dice.randint(1, 4)))}
        try:
            client.transact_write_items(TransactItems=list(operations.values()))
            said.append('ok')
        except ClientError as error:
            said.append(str(error.response.get('CancellationReasons')))
    rows = client.scan(TableName=settings.MARKET_TABLE)['Items']
    return said, sorted(map(str, rows))


def key_of(one):
    inner = next(iter(one.values()))
    source = inner.get('Key') or inner['Item']
    return source['pk'], source['sk']


def test_transactions_end_alike(monkeypatch):
    fast = [play(seed) for seed in range(3)]
    monkeypatch.setattr(DynamoDBBackend, 'transact_write_items', fast_moto._transact)
    assert [play(seed) for seed in range(3)] == fast
    assert any('ConditionalCheckFailed' in said for said in fast[0][0])


def test_a_token_is_good_for_one_transaction():
    client = boto3.client('dynamodb')
    add = {'UpdateExpression': 'ADD n :one', 'ExpressionAttributeValues': {':one': {'N': '1'}}}
    once = [{'Update': {'TableName': settings.MARKET_TABLE, 'Key': key(1), **add}}]
    for _ in range(3):
        client.transact_write_items(TransactItems=once, ClientRequestToken='same')
    assert resources.rows(settings.MARKET_TABLE)[0]['n'] == 1
