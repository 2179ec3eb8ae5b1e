"""From a row that is due to the function that acts on it."""

import json

import pytest

from chalicelib import queues, settings, timers
from chalicelib.orders import actions
from tests.faults.injector import faults
from tests.support import resources
from tests.support.api import deliver, sweep
from tests.support.audit import audit
from tests.support.market import ok, run_timers

DAY = 24 * 3600


def row(kind):
    return next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == kind)


def message(order, action='release_payment'):
    return {'v': 1, 'action': action, 'pk': f'ORDER#{order["id"]}', 'sk': 'ORDER'}


@pytest.fixture
def due(market, clock):
    """An order whose clearing period is over."""
    order = market.completed()
    clock.shift(14 * DAY + 1)
    return order


def test_every_timer_has_a_queue_and_a_function_that_knows_it():
    from chalicelib.adjustments import events as adjustments
    from chalicelib.campaigns import events as campaigns
    from chalicelib.chargebacks import events as chargebacks
    from chalicelib.disputes import events as disputes
    from chalicelib.jobs import events as jobs
    from chalicelib.offers import events as offers
    from chalicelib.orders import events as orders
    from chalicelib.payments import events as payments
    from chalicelib.payouts import events as payouts
    from chalicelib.proposals import events as proposals
    from chalicelib.webhooks import events as webhooks

    handled = {
        settings.RELEASE_QUEUE_URL: orders.RELEASES.keys(),
        settings.ORDER_QUEUE_URL: offers.TIMERS.keys()
        | orders.TIMERS.keys()
        | disputes.TIMERS.keys()
        | jobs.TIMERS.keys()
        | proposals.TIMERS.keys()
        | campaigns.TIMERS.keys(),
        settings.PROVIDER_QUEUE_URL: payments.TIMERS.keys()
        | payouts.TIMERS.keys()
        | adjustments.TIMERS.keys()
        | chargebacks.TIMERS.keys()
        | webhooks.TIMERS.keys(),
    }
    for url, known in handled.items():
        assert {action for action, queue in timers.QUEUES.items() if queue == url} == set(known)


def test_a_sweep_sends_what_is_due_and_nothing_else(market, due):
    waiting = market.placed()
    assert sweep() == 1
    assert [json.loads(body) for body in resources.drain('release')] == [message(due)]
    assert sweep() == 1, 'what was lost is found again'
    assert all(waiting['id'] not in body for body in resources.messages('orders'))


def test_a_release_that_comes_twice_pays_once(due, seller):
    assert deliver('release_payments', message(due), message(due)) == []
    assert deliver('release_payments', message(due)) == []
    assert sweep() == 0
    audit()


def test_what_cannot_be_read_is_put_aside_and_the_rest_is_done(market, due):
    bad = [
        'not json',
        '[]',
        'null',
        {},
        message(due) | {'v': 2},
        message(due) | {'action': 'pay_me'},
        message(due) | {'action': 'complete_order'},
        message(due) | {'pk': 7},
        message({'id': 'ord_01ARZ3NDEKTSV4RRFFQ69G5FAV'}),
    ]
    assert deliver('release_payments', *bad[:5], message(due), *bad[5:]) == []
    assert market.order(due['id'])['funds'] == 'released'
    aside = resources.drain('dead-letters')
    assert aside == [body if isinstance(body, str) else json.dumps(body) for body in bad]


def test_what_fails_comes_again_alone(market, clock, monkeypatch):
    first, second = market.completed(), market.completed()
    clock.shift(14 * DAY + 1)
    release = actions.release

    def fragile(tx, order):
        if order.id == first['id']:
            raise ConnectionError
        release(tx, order)

    from chalicelib.orders import events

    monkeypatch.setattr(events, 'RELEASES', {'release_payment': events._when_due('release_payment', fragile)})
    assert deliver('release_payments', message(first), message(second)) == ['0']
    assert market.order(second['id'])['funds'] == 'released'
    monkeypatch.undo()
    assert deliver('release_payments', message(first), receives=2) == []
    assert market.order(first['id'])['funds'] == 'released'


def test_what_fails_to_the_last_is_parked_and_acts_when_it_is_sent_again(market, due, monkeypatch):
    from chalicelib.orders import events

    def broken(*_):
        raise ConnectionError

    monkeypatch.setattr(events, 'RELEASES', {'release_payment': events._when_due('release_payment', broken)})
    assert deliver('release_payments', message(due), receives=queues.MAX_RECEIVES - 1) == ['0']
    assert sweep() == 1
    assert deliver('release_payments', message(due), receives=queues.MAX_RECEIVES) == ['0']
    assert sweep() == 0, 'it does not lead its shard for ever'
    monkeypatch.undo()
    assert deliver('release_payments', message(due)) == []
    assert market.order(due['id'])['funds'] == 'released'


def test_a_crowd_parks_nothing(market, due, monkeypatch):
    from chalicelib.errors import Moved
    from chalicelib.orders import events

    def crowded(*_):
        raise Moved('Somebody was quicker')

    monkeypatch.setattr(events, 'RELEASES', {'release_payment': lambda *_: crowded()})
    assert deliver('release_payments', message(due), receives=queues.MAX_RECEIVES - 1) == ['0']
    assert deliver('release_payments', message(due), receives=queues.MAX_RECEIVES) == []
    assert sweep() == 1


@pytest.mark.parametrize('kind', ['throttled', 'refused', 'lost'])
def test_a_table_that_does_not_answer_parks_nothing(market, due, kind):
    with faults({1: kind}):
        assert deliver('release_payments', message(due), receives=queues.MAX_RECEIVES) == []
    assert resources.drain('dead-letters') == []
    assert sweep() == 1


def test_what_is_not_due_any_more_is_not_parked(market, buyer):
    order = market.delivered()
    timers.park(f'ORDER#{order["id"]}', 'ORDER')
    assert row('order')['due_shard'] != 'parked'


def test_a_row_whose_parts_are_missing_is_put_aside_once(market, due, monkeypatch):
    from chalicelib.errors import NotFound
    from chalicelib.orders import events

    def torn(*_):
        raise NotFound('There is no such quote')

    monkeypatch.setattr(events, 'RELEASES', {'release_payment': events._when_due('release_payment', torn)})
    assert deliver('release_payments', message(due)) == []
    assert resources.drain('dead-letters') == [json.dumps(message(due))]
    assert sweep() == 0


def test_a_sweep_counts_what_is_parked(due, capsys):
    timers.park(f'ORDER#{due["id"]}', 'ORDER')
    sweep()
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if 'ParkedTimers' in line]
    assert [line['ParkedTimers'] for line in said] == [[1]]


def test_parking_says_nothing_of_its_own_which_would_hide_what_failed(due):
    key = f'ORDER#{due["id"]}'
    timers.park(key, 'ORDER')
    assert row('order')['due_shard'] == 'parked'
    assert deliver('release_payments', message(due)) == []
    timers.park(key, 'ORDER')
    assert 'due_shard' not in row('order')


def test_a_queue_that_does_not_keep_up_is_left_alone(due, monkeypatch):
    monkeypatch.setattr(timers, '_DEEP_QUEUE', 0)
    assert sweep() == 1
    assert sweep() == 0
    resources.drain('release')
    assert sweep() == 1


def test_a_backlog_is_sent_ten_to_a_batch_and_in_pieces(market, clock, monkeypatch):
    gig = market.gig()
    for _ in range(23):
        market.placed(gig)
    clock.shift(31 * 60)
    monkeypatch.setattr(timers, '_ROWS_PER_SHARD', 4)
    assert sweep() <= 4 * settings.DUE_SHARDS_READ
    monkeypatch.undo()
    resources.drain('orders')
    assert sweep() == 23
    assert len(set(resources.messages('orders'))) == 23


def test_readers_honour_more_shards_than_are_written(market, clock, monkeypatch):
    for _ in range(8):
        market.placed()
    monkeypatch.setattr(settings, 'DUE_SHARDS', 1)
    late = market.placed()
    clock.shift(31 * 60)
    assert sweep() == 9
    assert any(late['id'] in body for body in resources.messages('orders'))


def test_a_row_leaves_the_index_with_its_timer(market, due):
    run_timers()
    assert 'due_shard' not in row('order')
    assert 'held_for' not in row('order')


def test_a_timer_that_nobody_acts_on_does_not_stop_the_others(due, monkeypatch):
    monkeypatch.setattr(timers, 'QUEUES', {})
    assert sweep() == 0
    monkeypatch.undo()
    assert sweep() == 1


def test_the_message_carries_only_where_to_look(due):
    sweep()
    assert set(json.loads(resources.messages('release')[0])) == {'v', 'action', 'pk', 'sk'}


def test_a_refused_batch_entry_is_not_counted(due, monkeypatch):
    from chalicelib import aws

    class Refusing:
        def get_queue_attributes(self, **_):
            return {'Attributes': {'ApproximateNumberOfMessages': '0'}}

        def send_message_batch(self, **_):
            return {'Failed': [{'Id': '0', 'Code': 'InternalError', 'SenderFault': False}]}

    monkeypatch.setattr(
        timers.aws, 'client', lambda service, client=aws.client: Refusing() if service == 'sqs' else client(service)
    )
    assert sweep() == 0


def test_an_order_that_moved_on_while_its_message_travelled_is_left_alone(market, buyer, clock):
    order = market.delivered()
    clock.shift(3 * DAY + 1)
    ok(buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Not yet'}), 201)
    assert deliver('advance_orders', message(order, 'complete_order')) == []
    assert market.order(order['id'])['state'] == 'revision_requested'
