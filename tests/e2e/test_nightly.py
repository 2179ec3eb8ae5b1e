"""What runs at night, invoked on the deployed stack: with the roles, the tables and the bucket that it has there."""

import json
import subprocess
import sys

import pytest

from infra.build.package import ROOT


@pytest.fixture
def invoke(sdk):
    def call(function: str) -> int:
        found = sdk('cloudformation').describe_stack_resource(StackName='gigmarket-local', LogicalResourceId=function)
        answer = sdk('lambda').invoke(
            FunctionName=found['StackResourceDetail']['PhysicalResourceId'], Payload=json.dumps(_TICK).encode()
        )
        said = json.loads(answer['Payload'].read())
        assert 'FunctionError' not in answer, said
        return int(said)

    return call


_TICK = {
    'version': '0',
    'account': '000000000000',
    'region': 'us-east-1',
    'detail': {},
    'detail-type': 'Scheduled Event',
    'source': 'aws.events',
    'time': '2026-01-01T00:00:00Z',
    'id': 'tick',
    'resources': [],
}


def test_the_nightly_functions_find_nothing_wrong_and_a_seal_is_made(people, invoke, stack, sdk, outputs):
    people.deal().completed()
    days = invoke('CloseDays')
    assert days <= 1, 'the day before this one, if no other test was quicker'
    assert invoke('CloseDays') == 0
    assert invoke('ReconcileProviders') == 0
    assert invoke('AuditLedger') == 0
    objects = sdk('s3').list_objects_v2(Bucket=outputs['SealsBucket'])['Contents']
    assert [one['Key'] for one in objects if one['Key'].startswith('seals/2')]
    command = "from infra.build.audit import audit; print(audit('local').findings)"  # in a process that keeps its settings
    with stack.environment():
        said = subprocess.run([sys.executable, '-c', command], cwd=ROOT, check=True, capture_output=True, text=True)
    assert said.stdout == '[]\n'
