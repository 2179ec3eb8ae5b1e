"""What is proved, cut into jobs that a process does one after another. Each says how many runs it made, and what was wrong."""

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import cases, pairs
from tests.faults import test_mutants as fault_mutants
from tests.faults.catalogue import BY_NAME, PROVIDED
from tests.ledger import test_machine
from tests.ledger.machine import Market
from tests.races import test_mutants as race_mutants
from tests.races.catalogue import RACES
from tests.races.running import explore
from tests.support import patience

LIVES = 20_000
_LIVES_AT_ONCE = 1_000
Result = tuple[int, list[str]]


def single_faults(name: str, attempts: int) -> Result:
    """One fault, of every kind, at every call; with Stripe and Xendit, not at those in the middle of a row of reads."""
    case, count, wrong = BY_NAME[name], 0, []
    once = '--once ' if attempts == 1 else ''
    with patience.sdk_attempts(attempts):
        for number, kind in cases.faults_of(case, is_thinned=name in PROVIDED):
            found, _ = cases.run(case, {number: kind})
            wrong += [f'python -m tests.faults {name!r} {once}{number}:{kind}: {one}' for one in found]
            count += 1
    return count, wrong


def fault_pairs(name: str, remainder: int, of: int) -> Result:
    """Every pair of faults in one run, or every so many-th of them."""
    count, wrong = 0, []
    for index, pair in enumerate(pairs.every(BY_NAME[name])):
        if index % of == remainder:
            wrong += pairs.wrongs(BY_NAME[name], pair)
            count += 1
    return count, wrong


def races(name: str) -> Result:
    """Every schedule; of the longest races and of triples, those with few preemptions."""
    explored = explore(RACES[name], preemptions=RACES[name].long_preemptions)
    return explored.count, explored.wrong


def ledger_lives(seed: int, count: int) -> Result:
    """Random lives of a ledger, each of up to fifty steps."""
    begun = 0

    class Counted(Market):
        def __init__(self) -> None:
            nonlocal begun
            begun += 1
            super().__init__()

    quietly = test_machine.QUIETLY | {'derandomize': False, 'database': None}
    try:
        settings = hypothesis.settings(max_examples=count, stateful_step_count=50, **quietly)
        run_state_machine_as_test(hypothesis.seed(seed)(Counted), settings=settings)
    except Exception as failure:
        return begun, [f'python -m tests.prove ledger_lives {seed} {count}: {failure!r}']
    return begun, []


def mutants(module: str, number: int) -> Result:
    """Broken variants: wrong is what is not found."""
    tests = {'faults': fault_mutants, 'races': race_mutants}[module]
    test: Callable[..., None] = next(value for name, value in vars(tests).items() if name.startswith('test_'))
    mutant, about = tests.MUTANTS[number]
    with pytest.MonkeyPatch.context() as patch:
        try:
            test(None, patch, mutant, about)
        except AssertionError:
            return 1, [f'nobody finds {mutant.__name__} in {about!r}']
    return 1, []


KINDS: dict[str, Callable[..., Result]] = {
    job.__name__: job for job in (single_faults, fault_pairs, races, ledger_lives, mutants)
}


def every() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """All jobs, the long ones first."""
    yield from (('fault_pairs', (name, part, 4)) for name in pairs.CORE for part in range(4))
    yield from (('races', (name,)) for name in sorted(RACES, key=lambda name: RACES[name].preemptions is None))
    yield from (('ledger_lives', (seed, _LIVES_AT_ONCE)) for seed in range(LIVES // _LIVES_AT_ONCE))
    yield from (('single_faults', (name, attempts)) for name in BY_NAME for attempts in (1, 3))
    yield from (('mutants', ('faults', number)) for number in range(len(fault_mutants.MUTANTS)))
    yield from (('mutants', ('races', number)) for number in range(len(race_mutants.MUTANTS)))
