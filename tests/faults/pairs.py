"""Two faults in one run: the second strikes while the app recovers from the first, or further on in the same attempt."""

import random
from collections.abc import Iterator
from functools import cache

from tests.faults import cases
from tests.faults.cases import Case

CORE = (
    'pay',
    'settle a confirmed payment',
    'accept',
    'release',
    'cancel',
    'refund',
    'ask for a payout',
    'send a payout',
)
SEED = 20261124
Pair = tuple[tuple[int, str], tuple[int, str]]


def sample(case: Case, count: int) -> Iterator[Pair]:
    """So many different pairs, the same ones every time."""
    chance = random.Random(f'{SEED} {case.name}')
    seconds = cache(lambda first: cases.seconds_of(case, first))
    firsts, seen = list(cases.faults_of(case)), set[Pair]()
    for _ in range(50 * count):
        first = chance.choice(firsts)
        if later := seconds(first):
            pair = (first, chance.choice(later))
            if pair not in seen:
                seen.add(pair)
                yield pair
        if len(seen) == count:
            return


def every(case: Case) -> Iterator[Pair]:
    return ((first, second) for first in cases.faults_of(case) for second in cases.seconds_of(case, first))


def wrongs(case: Case, pair: Pair) -> list[str]:
    found, plan = cases.run(case, dict(pair))
    said = ' '.join(f'{number}:{kind}' for number, kind in pair)
    if len(plan.struck) < 2:
        found.append(f'only {plan.struck} struck')
    return [f'python -m tests.faults {case.name!r} {said}: {one}' for one in found]
