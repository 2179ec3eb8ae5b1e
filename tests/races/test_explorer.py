"""Whether the explorer takes every turn there is, once, and the same ones again."""

import math

import pytest

from chalicelib import aws, settings
from tests.races import explorer


def reads(count):
    def act():
        for number in range(count):
            aws.client('dynamodb').get_item(TableName=settings.MARKET_TABLE, Key={'pk': {'S': 'A'}, 'sk': {'S': str(number)}})
        return count

    return act


def all_of(*counts, preemptions=None):
    acts = [reads(count) for count in counts]
    return list(explorer.schedules(lambda turns: explorer.play(acts, turns, preemptions=preemptions)))


@pytest.mark.parametrize(('one', 'other'), [(0, 0), (1, 0), (1, 1), (2, 3), (4, 4)])
def test_two_take_turns_in_every_way(one, other):
    played = all_of(one, other)
    assert len({run.turns for run in played}) == len(played) == math.comb(one + other, one)
    assert all(run.said == (one, other) for run in played)


def test_three_take_turns_in_every_way():
    assert len(all_of(2, 2, 2)) == math.factorial(6) // 8


@pytest.mark.parametrize(('most', 'count'), [(0, 2), (1, 6), (2, 14)])
def test_a_turn_is_taken_away_at_most_so_often(most, count):
    assert len(all_of(3, 3, preemptions=most)) == count


def test_a_schedule_is_played_again():
    acts = [reads(3), reads(3)]
    for turns in ('010101', '111000', '0110'):
        played = explorer.play(acts, turns)
        assert played.turns.startswith(turns)
        assert explorer.play(acts, played.turns) == played


def test_a_schedule_of_something_else_is_refused():
    with pytest.raises(AssertionError, match='no schedule of these'):
        explorer.play([reads(1), reads(1)], '00')


def test_what_breaks_in_an_act_is_raised():
    def broken():
        reads(1)()
        raise LookupError

    with pytest.raises(LookupError):
        explorer.play([broken, reads(1)])
