"""Every race, by its name."""

from tests.races import hiring, pairs

ALL = (*pairs.PAIRS, *pairs.TRIPLES, *hiring.PAIRS)
RACES = {race.name: race for race in ALL}
