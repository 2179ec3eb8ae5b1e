"""One fault, of every kind, at every call of every money use case; then redelivery, and everything has to be right.

Of the use cases with Stripe and Xendit only the calls to the provider are struck here: their AWS calls are those of the
sandbox's cases too. Half of these faults strike an SDK that gives up at once, and half one that tries again; `make prove`
strikes all calls in both ways. A failure prints the case and the plan with which it is played again: `run(case, number, kind)`.
"""

from collections.abc import Callable

import pytest

from tests.faults import cases
from tests.faults.cases import Case
from tests.faults.catalogue import BY_NAME, PROVIDED
from tests.faults.injector import is_http

AWS_ALONE = [case for name, case in BY_NAME.items() if name not in PROVIDED]


def _any(_: str) -> bool:
    return True


def wrongs(case: Case, *, part: slice = slice(None), is_struck: Callable[[str], bool] = _any) -> tuple[int, list[str]]:
    """How many runs were made, and all that was wrong."""
    wrong, faults = [], list(cases.faults_of(case, is_struck=is_struck))[part]
    for number, kind in faults:
        found, plan = cases.run(case, {number: kind})
        names = {name for _, name, _ in plan.struck}
        assert any(map(is_struck, names)), f'{case.name}: {kind} at call {number} has struck {names}'
        wrong += [f'{case.name} run({number}, {kind!r}): {one}' for one in found]
    return len(faults), wrong


@pytest.mark.proof
@pytest.mark.parametrize('case', AWS_ALONE, ids=lambda case: case.name)
def test_whatever_fails_once_everything_ends_right(aws, sdk, case):
    count, wrong = wrongs(case)
    assert not wrong, '\n'.join(wrong)
    assert count >= 8


@pytest.mark.proof
@pytest.mark.parametrize('case', PROVIDED.values(), ids=lambda case: case.name)
def test_whatever_a_call_to_a_provider_meets_with_everything_ends_right(aws, sdk, case):
    part = slice(sdk == 1, None, 2)  # what ends with another attempt, where there is one
    count, wrong = wrongs(case, part=part, is_struck=is_http)
    assert not wrong, '\n'.join(wrong)
    assert count >= 4
