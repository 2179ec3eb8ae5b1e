"""What queues do to messages: double them, mix them up, lose them, deliver them late; and what else may be in a batch."""

import itertools
import json
from collections import Counter
from types import SimpleNamespace

import pytest

from chalicelib import queues, settings, timers
from chalicelib.errors import Unavailable
from infra.build import redrive
from tests.faults.cases import DAY, world_of
from tests.faults.injector import KINDS, Crash, faults
from tests.support import resources
from tests.support.api import deliver, sweep
from tests.support.audit import violations
from tests.support.market import ok, run_timers

pytestmark = pytest.mark.proof
ACTIONS = ('expire_order', 'time_out_order', 'complete_order', 'grant_extension')
GARBAGE = ('', 'not json', '[]', 'null', '7', '{}', '{"v": 2}', '{"v": 1, "action": "release_payment", "pk": 7, "sk": "ORDER"}')


def _ten_cleared(world):
    gig = world.market.gig()
    orders = [world.market.completed(gig) for _ in range(10)]
    world.clock.shift(14 * DAY + 1)
    return orders


def _four_timers(world):
    gig = world.market.gig()
    extending = world.market.started(gig)
    ok(world.seller.post(f'/orders/{extending["id"]}/extensions', {'days': 2, 'reason': 'More'}), 201)
    world.market.delivered(gig)
    world.market.paid(gig)
    world.market.placed(gig)
    world.clock.shift(14 * DAY + 1)
    return extending


def _of_every_kind(world):
    gig = world.market.gig()
    makers = (world.market.placed, world.market.paid, world.market.started, world.market.delivered, world.market.completed)
    orders = [make(gig) for make in makers * 3]
    ok(world.buyer.post(f'/orders/{orders[1]["id"]}/cancel', {'reason': 'Changed my mind'}))
    return orders


TEN, FOUR, MANY = (
    SimpleNamespace(name=prepare.__name__, prepare=prepare) for prepare in (_ten_cleared, _four_timers, _of_every_kind)
)


def _due(world):
    return [timers.message(row['due_action'], row['pk'], row['sk']) for row in world.due]


def _releases(world):
    return [body for body in _due(world) if json.loads(body)['action'] == 'release_payment']


def _states():
    return Counter((row['state'], row['funds']) for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'order')


def _released():
    return _states()['completed', 'released']


def _calls_per_message():
    with world_of(TEN) as world, faults({}) as plan:
        assert deliver('release_payments', *_releases(world)) == []
    assert len(plan.calls) % 10 == 0
    return len(plan.calls) // 10


@pytest.mark.parametrize('kind', ['throttled', 'refused', 'lost', 'conflict'])
def test_one_of_ten_fails_at_any_of_its_calls_and_comes_again_alone(aws, kind):
    each = _calls_per_message()
    for number in range(1, 10 * each + 1):
        position = str((number - 1) // each)
        with world_of(TEN) as world:
            bodies = _releases(world)
            with faults({number: kind}) as plan:
                failed = deliver('release_payments', *bodies)
            assert plan.struck
            assert failed in ([], [position]), (number, failed)
            assert _released() >= 9
            assert not failed or deliver('release_payments', bodies[int(position)], receives=2) == []
            assert _released() == 10
            assert violations() == [], f'{kind} at call {number}'


@pytest.mark.parametrize('kind', ['crash_before', 'crash_after'])
def test_a_process_dies_at_any_call_of_a_batch_and_the_whole_batch_comes_again(aws, kind):
    for number in range(1, 10 * _calls_per_message() + 1):
        with world_of(TEN) as world:
            with faults({number: kind}), pytest.raises(Crash):
                deliver('release_payments', *_releases(world))
            assert violations() == []
            assert deliver('release_payments', *_releases(world), receives=2) == []
            assert (_released(), violations()) == (10, []), f'{kind} at call {number}'


@pytest.mark.parametrize('garbage', GARBAGE)
def test_garbage_in_any_place_of_a_batch_is_put_aside_and_the_rest_is_done(aws, garbage):
    for position in range(10):
        with world_of(TEN) as world:
            bodies = _releases(world)
            bodies[position] = garbage
            assert deliver('release_payments', *bodies) == []
            assert (_released(), resources.drain('dead-letters')) == (9, [garbage])
            assert violations() == []


def test_messages_come_twice_and_in_any_order(aws):
    ends = set()
    for order in itertools.permutations(range(4)):
        with world_of(FOUR) as world:
            bodies = [
                _due_of(world, action) for action in ('expire_order', 'time_out_order', 'complete_order', 'grant_extension')
            ]
            mixed = [bodies[number] for number in order]
            assert deliver('advance_orders', *mixed, *reversed(mixed)) == []
            assert violations() == []
            ends.add(frozenset(_states().items()))
    assert ends == {
        frozenset(
            {
                (('expired', 'none'), 1),
                (('cancelled', 'refunding'), 1),
                (('completed', 'clearing'), 1),
                (('in_progress', 'held'), 1),
            }
        )
    }


def _due_of(world, action):
    row = min((row for row in world.due if row['due_action'] == action), key=lambda row: row['due_at'])
    return timers.message(action, row['pk'], row['sk'])


@pytest.mark.parametrize('kind', KINDS)
def test_a_sweep_that_fails_at_any_call_is_made_up_for_by_the_next(aws, kind):
    with world_of(TEN), faults({}) as plan:
        assert sweep() == 10
    for number in range(1, len(plan.calls) + 1):
        with world_of(TEN) as world:
            with faults({number: kind}):
                _sweep_or_die()
            sweep()
            assert set(resources.messages('release')) == set(_releases(world))
            assert deliver('release_payments', *resources.drain('release')) == []
            assert (_released(), violations()) == (10, []), f'{kind} at call {number}'


def _sweep_or_die():
    try:
        sweep()
    except (Crash, Exception):
        return


def test_three_days_without_a_sweep_are_worked_off(aws, monkeypatch):
    monkeypatch.setattr(timers, '_ROWS_PER_SHARD', 2)
    with world_of(MANY) as world:
        world.clock.shift(17 * DAY + 1)
        done = Counter()
        while swept := run_timers():
            done.update(swept)
            assert sum(done.values()) < 100
        world.settle_down()
        assert violations() == []
        states = _states()
        assert (states['expired', 'none'], states['completed', 'released'], states['completed', 'clearing']) == (3, 3, 3)
        assert states['cancelled', 'refunded'] == 3


def test_a_timer_outlives_its_dead_letter(aws, monkeypatch):
    from chalicelib.orders import events

    with world_of(TEN) as world:
        body, *others = _releases(world)
        with monkeypatch.context() as patch:
            patch.setattr(events, 'RELEASES', {'release_payment': _broken})
            assert deliver('release_payments', body, receives=queues.MAX_RECEIVES) == ['0']
        assert sweep() == 9
        assert deliver('release_payments', *resources.drain('release')) == []
        assert (sweep(), _released()) == (0, 9)
        assert redrive._unpark(settings.MARKET_TABLE) == 1
        assert run_timers() == ['release_payment']
        assert (_released(), violations()) == (10, [])
        assert len(others) == 9


def test_what_is_sent_back_to_a_queue_and_was_done_meanwhile_changes_nothing(aws):
    with world_of(TEN) as world:
        assert deliver('release_payments', *_releases(world)) == []
        before = resources.snapshot()
        assert deliver('release_payments', *_releases(world), receives=queues.MAX_RECEIVES) == []
        assert resources.snapshot() == before


def test_an_outage_of_the_provider_parks_nothing(aws, monkeypatch):
    from chalicelib.payments.sandbox.provider import Sandbox

    def silent(*_):
        raise Unavailable('The provider does not answer')

    with world_of(MANY) as world:
        with monkeypatch.context() as patch:
            patch.setattr(Sandbox, 'find_refund', silent)
            message = _due_of(world, 'send_refund')
            for receives in range(1, queues.MAX_RECEIVES):
                assert deliver('settle_with_provider', message, receives=receives) == ['0']
            assert deliver('settle_with_provider', message, receives=queues.MAX_RECEIVES) == []
        world.settle_down()
        assert (_states()['cancelled', 'refunded'], violations()) == (1, [])


def _broken(*_):
    raise ConnectionError
