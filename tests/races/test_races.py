"""Pairs and triples of use cases in every order in which their AWS calls can come.

A failure prints the line that plays it again: `python -m tests.races NAME TURNS`.
"""

import pytest

from tests.races.catalogue import ALL
from tests.races.running import explore

pytestmark = pytest.mark.proof


@pytest.mark.parametrize('race', ALL, ids=lambda race: race.name)
def test_whoever_is_quicker_it_ends_well(aws, race):
    explored = explore(race, preemptions=race.preemptions)
    assert not explored.wrong, '\n'.join(explored.wrong)
    assert explored.count >= 2
