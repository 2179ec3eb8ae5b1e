"""A thousand workers at once: every position is somebody's once, and no row is in everybody's way."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from chalicelib import aws, db, settings
from chalicelib.auth import Caller
from chalicelib.campaigns import rules, tasks
from chalicelib.campaigns.rules import Shown, Tranche
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Moved
from tests.support import resources
from tests.support.audit import audit
from tests.support.campaigns import draft, running
from tests.support.capacity import billed

POSITIONS, WORKERS, AT_ONCE = 500, 1_000, 50


def workers(count):
    """Rows of users, without signing them up one by one."""
    made = [f'usr_{ULID()}' for _ in range(count)]
    for user_id in made:
        item = {'pk': f'USER#{user_id}', 'sk': 'USER', 'row': 'user', 'id': user_id, 'profile': '{}'}
        aws.client('dynamodb').put_item(TableName=settings.MARKET_TABLE, Item={k: {'S': v} for k, v in item.items()})
    return made


def claim_together(campaign, hopeful):
    """Everybody has read before anybody commits; those who were too late read again with the next ones."""
    prepared = []
    for worker in hopeful:
        tx = Transaction(worker)
        try:
            tasks.claim(tx, Caller(worker), campaign)
        except Conflict:
            continue  # every position is taken: this one goes home
        prepared.append((worker, tx))
    late = []
    for worker, tx in prepared:
        try:
            tx.commit()
        except Moved:
            late.append(worker)
    return late


@pytest.mark.proof
def test_a_thousand_workers_race_for_five_hundred_positions_and_get_five_hundred(buyer):
    campaign, waiting = running(buyer, positions=POSITIONS), workers(WORKERS)
    written: Counter[str] = Counter()

    def count(params, **_):
        for item in json.loads(params['body'])['TransactItems']:
            operation = next(iter(item.values()))
            if operation['TableName'] == settings.MARKET_TABLE:
                key = operation.get('Key') or operation['Item']
                written[f'{key["pk"]["S"]} {key["sk"]["S"]}'] += 1

    events = aws.client('dynamodb').meta.events
    events.register('before-call.dynamodb.TransactWriteItems', count, unique_id='written')
    late: list[str] = []
    while waiting or late:
        hopeful = [*late, *(waiting.pop() for _ in range(min(AT_ONCE - len(late), len(waiting))))]
        late = claim_together(campaign, hopeful)
    events.unregister('before-call.dynamodb.TransactWriteItems', unique_id='written')

    claimed = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'task']
    assert sorted(task['position'] for task in claimed) == list(range(1, POSITIONS + 1))
    assert len({task['worker_id'] for task in claimed}) == POSITIONS
    lanes = {key: count for key, count in written.items() if 'LANE' in key}
    share = -(-POSITIONS // rules.MAX_LANES)
    assert len(lanes) == rules.MAX_LANES
    won = Counter((task['position'] - 1) % rules.MAX_LANES for task in claimed)
    assert max(won.values()) <= share
    assert sum(lanes.values()) < 5 * POSITIONS
    mean = sum(lanes.values()) / len(lanes)
    assert max(lanes.values()) <= 3 * mean, 'attempts that came too late are spread as well'
    assert not [key for key, count in written.items() if 'LANE' not in key and count > 10], 'and nothing else is shared'
    audit()


def test_a_campaign_of_ten_thousand_is_paid_for_with_as_many_rows_as_lanes(buyer):
    small, large = draft(buyer, positions=200), draft(buyer, positions=10_000)
    calls = []
    for campaign in (small, large):
        with billed() as bill:
            assert buyer.post(f'/campaigns/{campaign}/payments', {'method': 'sandbox_card_ok'}).status == 201
        calls.append((len(bill.calls), bill.write_units))
    assert calls[0] == calls[1]


def test_a_worker_who_claims_twice_at_once_has_one(buyer):
    campaign, (worker,) = running(buyer), workers(1)
    assert claim_together(campaign, [worker]) == []
    with pytest.raises(Conflict):
        db.atomically(lambda tx: tasks.claim(tx, Caller(worker), campaign), by=worker)


@given(st.integers(1, 5_000))
def test_every_position_is_in_one_lane(positions):
    lanes = rules.lanes_for(positions)
    places = [rules.Place(lane, n) for lane in range(lanes) for n in range(rules.size(lane, lanes, positions))]
    numbers = [rules.number(place, lanes) for place in places]
    assert sorted(numbers) == list(range(1, positions + 1))
    assert all(rules.place_of(number, lanes)[:2] == place[:2] for number, place in zip(numbers, places, strict=True))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 10**6)), min_size=1, max_size=6), st.sampled_from(['USD', 'IDR']))
def test_shares_of_the_fee_add_up_to_what_was_paid_however_often_positions_were_added(paid, currency):
    quantum, first, tranches = (100 if currency == 'IDR' else 1), 1, []
    for size, fee in paid:
        tranches.append(Tranche(first, size, fee * quantum))
        first += size
    shares = [rules.fee_share(number, tranches, currency) for number in range(1, first)]
    assert sum(shares) == sum(tranche.fee_minor for tranche in tranches)
    assert all(share % quantum == 0 and share >= 0 for share in shares)


def test_what_was_given_back_is_taken_first():
    shown = [Shown(0, 3, frozenset({1})), Shown(1, 2, frozenset()), Shown(2, 3, frozenset())]
    assert rules.free_places(shown, 3, 9) == [(0, 1, False), (1, 2, True)]
    assert rules.occupied(shown) == 7
