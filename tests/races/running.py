"""One schedule of a race, and what is wrong after it; or all of them."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.cases import DELIVERIES, World, world_of
from tests.races import explorer
from tests.races.explorer import Played
from tests.races.pairs import Race
from tests.support.audit import violations


@dataclass
class Explored:
    """What came of the schedules of a race."""

    count: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def explore(race: Race, *, preemptions: int | None = None, stops_at_first: bool = False) -> Explored:
    explored = Explored()
    for played, end, wrong in runs(race, preemptions):
        explored.count += 1
        explored.ends[end] += 1
        explored.wrong += [f'python -m tests.races {race.name!r} {played.turns}: {one}' for one in wrong]
        if wrong and stops_at_first:
            return explored
    explored.wrong += [f'{race.name}: no schedule ends in {end}' for end in race.ends if end not in explored.ends]
    return explored


def replay(race: Race, turns: str) -> tuple[Played, str, list[str]]:
    """What was played, how it ended, and what is wrong."""
    with world_of(race) as world:
        played = explorer.play([functools.partial(act, world) for act in race.acts], turns)
        return played, *_ended(race, world, played)


def runs(race: Race, preemptions: int | None) -> Iterator[tuple[Played, str, list[str]]]:
    ended: list[tuple[str, list[str]]] = []

    def run(turns: str) -> Played:
        with world_of(race) as world:
            played = explorer.play([functools.partial(act, world) for act in race.acts], turns, preemptions=preemptions)
            ended.append(_ended(race, world, played))
        return played

    for played in explorer.schedules(run):
        yield played, *ended.pop()


def _ended(race: Race, world: World, played: Played) -> tuple[str, list[str]]:
    wrong = [f'at once: {one}' for one in violations(is_quiet=False)]
    said = list(played.said)
    for number, act in enumerate(race.acts):
        for _ in range(DELIVERIES):
            if said[number] != 'again':
                break
            said[number] = act(world)
    try:
        world.settle_down()
    except AssertionError as otherwise:
        wrong.append(str(otherwise))
    end = f'{race.look(world)}: {" ".join(said)}'
    if race.ends and end not in race.ends:
        wrong.append(f'it ended otherwise: {end}')
    return end, wrong + violations()
