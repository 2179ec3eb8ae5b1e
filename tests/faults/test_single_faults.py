"""One fault, of every kind, at every call of every money use case; then redelivery, and everything has to be right.

Half of the faults strike an SDK that gives up at once, and half one that tries again; `make prove` strikes all of them in both
ways. Of the use cases with Stripe and Xendit only the calls to the provider are struck here: their AWS calls are those of the
sandbox's cases too. A failure prints the case and the plan with which it is played again: `run(case, number, kind)`.
"""

from collections.abc import Callable

import pytest

from tests.faults import cases
from tests.faults.cases import Case
from tests.faults.catalogue import BY_NAME, PROVIDED
from tests.faults.injector import KINDS, is_http

AWS_ALONE = [case for name, case in BY_NAME.items() if name not in PROVIDED]


def _any(_: str) -> bool:
    return True


def wrongs(case: Case, attempts: int, *, is_struck: Callable[[str], bool] = _any) -> tuple[int, list[str]]:
    """How many runs were made, and all that was wrong."""
    wrong, faults = [], [one for one in cases.faults_of(case, is_struck=is_struck) if _is_for(one, attempts)]
    for number, kind in faults:
        found, plan = cases.run(case, {number: kind})
        names = {name for _, name, _ in plan.struck}
        assert any(map(is_struck, names)), f'{case.name}: {kind} at call {number} has struck {names}'
        wrong += [f'{case.name} run({number}, {kind!r}): {one}' for one in found]
    return len(faults), wrong


def _is_for(fault: tuple[int, str], attempts: int) -> bool:
    """Whether a fault strikes an SDK that tries so often: the kinds take turns from call to call."""
    number, kind = fault
    return (number + KINDS.index(kind)) % 2 == (attempts == 1)


@pytest.mark.proof
@pytest.mark.parametrize('case', AWS_ALONE, ids=lambda case: case.name)
def test_whatever_fails_once_everything_ends_right(aws, sdk, case):
    count, wrong = wrongs(case, sdk)
    assert not wrong, '\n'.join(wrong)
    assert count >= 4


@pytest.mark.proof
@pytest.mark.parametrize('case', PROVIDED.values(), ids=lambda case: case.name)
def test_whatever_a_call_to_a_provider_meets_with_everything_ends_right(aws, sdk, case):
    count, wrong = wrongs(case, sdk, is_struck=is_http)
    assert not wrong, '\n'.join(wrong)
    assert count >= 4
