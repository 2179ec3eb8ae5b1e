"""Where positions are, what each of them costs, and who may claim one. Pure; amounts are whole minor units."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.errors import Forbidden
from chalicelib.money import nth_share, percentage

MAX_LANES = 16
_PER_LANE = 10


class Tranche(NamedTuple):
    """Positions that were paid for at once: `first` is the number of the first of them."""

    first: int
    size: int
    fee_minor: int


class Place(NamedTuple):
    """One position: the lane it is in, and how many are before it there. `is_fresh`: nobody has had it yet."""

    lane: int
    ordinal: int
    is_fresh: bool = True


class Shown(NamedTuple):
    """What a lane says: how many of its positions were ever claimed, and which of them are free again."""

    lane: int
    taken: int
    returned: frozenset[int]


def lanes_for(positions: int) -> int:
    """How many rows the positions of a campaign are spread over, from its first payment on."""
    return min(MAX_LANES, -(-positions // _PER_LANE))


def size(lane: int, lanes: int, positions: int) -> int:
    """How many positions a lane has: their numbers go round."""
    return max(0, -(-(positions - lane) // lanes))


def number(place: Place, lanes: int) -> int:
    """The number of a position within its campaign, from 1."""
    return place.ordinal * lanes + place.lane + 1


def place_of(position: int, lanes: int) -> Place:
    ordinal, lane = divmod(position - 1, lanes)
    return Place(lane, ordinal, is_fresh=False)


def free_places(shown: Iterable[Shown], lanes: int, positions: int) -> list[Place]:
    """One that is free in each lane that has any: what was given back is taken first."""
    places = []
    for lane in shown:
        if lane.returned:
            places.append(Place(lane.lane, min(lane.returned), is_fresh=False))
        elif lane.taken < size(lane.lane, lanes, positions):
            places.append(Place(lane.lane, lane.taken))
    return places


def occupied(shown: Iterable[Shown]) -> int:
    """How many positions are claimed, submitted, or approved."""
    return sum(lane.taken - len(lane.returned) for lane in shown)


def fee(positions: int, pay_minor: int, fee_bps: int, currency: str) -> int:
    return percentage(positions * pay_minor, fee_bps, currency)


def fee_share(position: int, tranches: Sequence[Tranche], currency: str) -> int:
    """A position's part of what was paid as the fee: all parts of a tranche add up to it, to the last unit."""
    tranche = next(one for one in tranches if one.first <= position < one.first + one.size)
    return nth_share(tranche.fee_minor, tranche.size, position - tranche.first + 1, currency)


class Gate(NamedTuple):
    min_success_percent: int
    min_rated: int


def must_be_targeted(profile: Mapping[str, Any], countries: Sequence[str], languages: Sequence[str]) -> None:
    if countries and profile.get('country') not in countries:
        raise Forbidden(f'This campaign is for workers in {", ".join(countries)}; say where you are in your profile')
    spoken = {language.partition('-')[0] for language in profile.get('languages') or ()}
    if languages and not spoken & {language.partition('-')[0] for language in languages}:
        raise Forbidden(f'This campaign is for workers who speak {", ".join(languages)}; say what you speak in your profile')


def must_pass(gate: Gate, approved: int, rejected: int) -> None:
    """By what became of a worker's tasks in the last 60 days."""
    rated = approved + rejected
    if rated < gate.min_rated or approved * 100 < rated * gate.min_success_percent:
        raise Forbidden(
            f'This campaign wants {gate.min_success_percent} % of at least {gate.min_rated} tasks approved in 60 days; '
            f'of your {rated} rated tasks {approved} were'
        )
