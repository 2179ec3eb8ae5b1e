"""What is deployed is what was built, and nothing besides; and whoever deployed it can take it down."""

import pytest

from infra.build import deploy
from infra.build.destroy import destroy
from infra.build.package import OUT
from infra.local.stack import REGION, STAGE, Stack
from tests.e2e.conftest import sdk_of
from tests.e2e.operators import inventory

ARTIFACTS = f'gigmarket-artifacts-000000000000-{REGION}'


def made_by_template(sdk) -> set[str]:
    resources = sdk('cloudformation').describe_stack_resources(StackName='gigmarket-local')['StackResources']
    names = [resource['PhysicalResourceId'] for resource in resources]
    return {name.rpartition('/')[2] if name.startswith('http') else name for name in names}


@pytest.fixture
def small(tmp_path, stack):
    """A stack of its own, deployed and empty."""
    made = Stack(tmp_path / 'small')
    made.start_emulator()
    made.deploy(OUT / STAGE, lambda _: None)
    yield made
    made.reset()


def test_everything_there_is_comes_from_the_template(sdk):
    there = inventory(sdk)
    assert [kind for kind, names in there.items() if not names] == []
    others = set().union(*there.values()) - made_by_template(sdk)
    assert others == {ARTIFACTS}


def test_deploying_the_same_again_changes_nothing(stack, sdk, outputs):
    parameters = {'Stage': STAGE, 'LocalPort': str(stack.addresses.emulator_port), 'WebOrigin': '*'}
    before = inventory(sdk)
    with stack.environment():
        assert deploy.deploy(STAGE, OUT / STAGE, parameters, lambda _: None) == outputs
    assert inventory(sdk) == before


@pytest.mark.parametrize(('with_data', 'kept'), [(False, ('table', 'user pool')), (True, ())])
def test_a_stage_that_is_taken_down_keeps_its_data_unless_it_is_told_not_to(small, with_data, kept):
    sdk = sdk_of(small)
    before = inventory(sdk)
    with small.environment():
        buckets = {deploy.describe(STAGE)[f'{name}Bucket'] for name in ('Files', 'Seals')}
        destroy(STAGE, with_data=with_data)
    after = inventory(sdk)
    del after['log group']  # on the emulator, a function that is just finishing makes its own again
    assert after.pop('bucket') == ({ARTIFACTS} if with_data else {ARTIFACTS, *buckets})
    assert {kind: names for kind, names in after.items() if names} == {kind: before[kind] for kind in kept}
