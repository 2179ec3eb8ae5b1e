"""Every race, by its name."""

from tests.races import pairs

ALL = (*pairs.PAIRS, *pairs.TRIPLES)
RACES = {race.name: race for race in ALL}
