"""One fault, of every kind, at every AWS call of every money use case; then redelivery, and everything has to be right.

A failure prints the case and the plan with which it is played again: `run(case, number, kind)`.
"""

import pytest

from tests.faults import cases
from tests.faults.catalogue import BY_NAME


@pytest.mark.proof
@pytest.mark.parametrize('case', BY_NAME.values(), ids=lambda case: case.name)
def test_whatever_fails_once_everything_ends_right(aws, sdk, case):
    wrong, count = [], 0
    for number, kind in cases.faults_of(case):
        found, plan = cases.run(case, {number: kind})
        assert plan.struck, f'{case.name}: nothing struck at call {number}'
        wrong += [f'{case.name} run({number}, {kind!r}): {one}' for one in found]
        count += 1
    assert not wrong, '\n'.join(wrong)
    assert count >= 8
