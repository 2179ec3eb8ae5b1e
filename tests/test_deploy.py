"""What a deployment does before anything is deployed; the deployment itself is tried on the local stack."""

import json
from typing import Any

import boto3
import pytest

from infra.build import deploy

STACK = 'gigmarket-dev'
TEMPLATE = json.dumps(
    {
        'Parameters': {'Stage': {'Type': 'String'}, 'DueShards': {'Type': 'Number', 'Default': 4}},
        'Resources': {'Topic': {'Type': 'AWS::SNS::Topic'}},
    }
)


@pytest.fixture
def cfn(aws):
    client = boto3.client('cloudformation')
    yield client
    client.delete_stack(StackName=STACK)


def test_a_parameter_that_is_not_given_stays_as_it_was(cfn):
    assert deploy._parameters(cfn, STACK, {'Stage', 'DueShards'}, {'Stage': 'dev'}) == [
        {'ParameterKey': 'Stage', 'ParameterValue': 'dev'}
    ]
    given = [{'ParameterKey': 'Stage', 'ParameterValue': 'dev'}, {'ParameterKey': 'DueShards', 'ParameterValue': '16'}]
    cfn.create_stack(StackName=STACK, TemplateBody=TEMPLATE, Parameters=given)
    assert deploy._parameters(cfn, STACK, {'Stage', 'DueShards', 'New'}, {'Stage': 'dev'}) == [
        {'ParameterKey': 'Stage', 'ParameterValue': 'dev'},
        {'ParameterKey': 'DueShards', 'UsePreviousValue': True},
    ]
    assert deploy._parameters(cfn, STACK, {'Stage'}, {'Stage': 'dev'}) == given[:1]


def test_a_parameter_that_there_is_not_is_told(cfn):
    with pytest.raises(SystemExit, match='no parameter Stag; there are DueShards, Stage'):
        deploy._parameters(cfn, STACK, {'Stage', 'DueShards'}, {'Stag': 'dev'})


@pytest.mark.no_aws
@pytest.mark.parametrize(
    ('status', 'is_taken_away'), [('ROLLBACK_COMPLETE', True), ('ROLLBACK_FAILED', True), ('UPDATE_ROLLBACK_COMPLETE', False)]
)
def test_only_a_stack_that_never_came_to_be_is_taken_away(status, is_taken_away):
    class Cfn:
        def __init__(self) -> None:
            self.deleted: list[str] = []

        def describe_stacks(self, **_: Any) -> Any:
            return {'Stacks': [{'StackStatus': status}]}

        def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
            self.deleted.append(StackName)

        def get_waiter(self, name: str) -> Any:
            assert name == 'stack_delete_complete'
            return type('Waiter', (), {'wait': lambda *_, **__: None})()

    cfn = Cfn()
    deploy._clear_away_a_failure(cfn, STACK, lambda _: None)
    assert cfn.deleted == ([STACK] if is_taken_away else [])
