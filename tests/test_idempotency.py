"""Writes that are sent again: every operation, with the same body, another body, by somebody else, and after it was done."""

from typing import Any

import pytest

from tests.support import resources
from tests.support.market import GIG, Market, ok
from tests.support.requests import writes

pytestmark = pytest.mark.proof

STAFF = {'set_user_level', 'deny_gig', 'request_payout'}


@pytest.fixture(scope='module')
def saved(aws: None) -> tuple[Any, dict[str, Any]]:
    from chalicelib.users import actions as users
    from tests.support.api import Person

    resources.clear()
    users.identify.cache_clear()
    made = writes(Market(Person('buyer'), Person('seller')))
    return resources.save(), made


def operations() -> list[str]:
    import app

    listed = [operation for routes in app.ROUTES.all() for operation in routes.operations]
    return [one.name for one in listed if one.method != 'GET' and one.is_keyed and one.name not in STAFF]


@pytest.mark.parametrize('operation', operations())
def test_a_repeated_write_is_done_once_and_answered_the_same(saved, operation):
    tables, made = saved
    resources.restore(tables)
    who, method, path, body, other = made[operation]
    first = who.request(method, path, body, key='a key')
    assert first.status < 300, first
    after = resources.snapshot()
    again = who.request(method, path, body, key='"a key"')
    assert (again.status, again.raw) == (first.status, first.raw)
    assert resources.snapshot() == after
    if other is not None:
        refused = who.request(method, path, other, key='a key')
        assert (refused.status, refused.problem) == (422, 'idempotency-key-reused')
        assert resources.snapshot() == after


@pytest.mark.parametrize('operation', operations())
def test_a_write_that_is_refused_leaves_no_record(saved, operation, stranger):
    """So that the same key can be used once what was wrong is mended."""
    tables, made = saved
    resources.restore(tables)
    _, method, path, body, _ = made[operation]
    stranger.get('/me')
    before = resources.snapshot()
    answer = stranger.request(method, path, body, key='a key')
    if answer.status >= 400:
        assert resources.snapshot() == before


def test_a_key_is_its_owners(market, buyer, seller):
    mine = ok(buyer.patch('/me', {'headline': 'Buyer'}, key='same'))
    theirs = ok(seller.patch('/me', {'headline': 'Seller'}, key='same'))
    assert (mine['headline'], theirs['headline']) == ('Buyer', 'Seller')


def test_a_key_is_for_one_operation(market, seller):
    gig = ok(seller.post('/gigs', GIG, key='same'), 201)
    assert ok(seller.patch('/me', {'headline': 'Seller'}, key='same'))['headline'] == 'Seller'
    refused = seller.post('/gigs', GIG | {'title': 'Another'}, key='same')
    assert (refused.status, refused.problem) == (422, 'idempotency-key-reused')
    assert ok(seller.post('/gigs', GIG, key='same'), 201) == gig


def test_the_order_of_fields_and_white_space_do_not_make_another_request(market, seller):
    first = seller.patch('/me', b'{"headline": "A", "country": "ID"}', key='same')
    again = seller.patch('/me', b'{"country":"ID","headline":"A"}', key='same')
    assert first.raw == again.raw


def test_the_same_key_on_another_order_is_another_request(market, buyer):
    first, second = market.paid(), market.paid()
    ok(buyer.post(f'/orders/{first["id"]}/cancel', {'reason': 'A'}, key='same'))
    refused = buyer.post(f'/orders/{second["id"]}/cancel', {'reason': 'A'}, key='same')
    assert (refused.status, refused.problem) == (422, 'idempotency-key-reused')


def test_a_write_is_remembered_for_thirty_days(market, buyer, clock):
    from chalicelib import settings

    buyer.patch('/me', {'headline': 'A'}, key='same')
    row = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'answer')
    assert row['expires_at'] - 1795507200 == 30 * 24 * 3600


def test_payouts_and_staff_writes_are_repeatable_too(market, seller, admin, support, clock):
    from tests.support.market import run_timers

    market.completed()
    clock.shift(15 * 24 * 3600)
    run_timers()
    payout = {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    gig = market.gig()
    for who, method, path, body, other in (
        (seller, 'POST', '/payouts', payout, payout | {'amount_minor': 1_000}),
        (admin, 'PUT', f'/users/{seller.id}/level', {'level': 'level_1'}, {'level': 'level_2'}),
        (support, 'POST', f'/gigs/{gig["id"]}/deny', {'reason': 'Stolen'}, {'reason': 'Other'}),
    ):
        first = who.request(method, path, body, key='k')
        assert first.status < 300, first
        after = resources.snapshot()
        assert who.request(method, path, body, key='k').raw == first.raw
        assert who.request(method, path, other, key='k').problem == 'idempotency-key-reused'
        assert resources.snapshot() == after
