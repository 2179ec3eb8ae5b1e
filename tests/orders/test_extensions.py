import pytest

from tests.support.market import ok, run_timers

DAY = 24 * 3600


def extend(person, order, days, status=201):
    return ok(person.post(f'/orders/{order["id"]}/extensions', {'days': days, 'reason': 'More to do'}), status)


def test_a_seller_asks_and_the_buyer_grants(market, seller, buyer, clock):
    order = market.started()
    asked = extend(seller, order, 2)
    assert asked['delivery_due_at'] == '2026-11-27T08:00:00Z', 'asking changes nothing yet'
    extension = asked['extensions'][0]
    assert (extension['state'], extension['days']) == ('open', 2)
    granted = ok(buyer.post(f'/orders/{order["id"]}/extensions/{extension["id"]}/accept'))
    assert (granted['delivery_due_at'], granted['extensions'][0]['state']) == ('2026-11-29T08:00:00Z', 'granted')
    assert granted['next_step_at'] == '2026-12-29T08:00:00Z'


def test_a_buyer_declines(market, seller, buyer, clock):
    order = market.started()
    extension = extend(seller, order, 2)['extensions'][0]
    declined = ok(buyer.post(f'/orders/{order["id"]}/extensions/{extension["id"]}/decline'))
    assert (declined['delivery_due_at'], declined['extensions'][0]['state']) == ('2026-11-27T08:00:00Z', 'declined')
    again = buyer.post(f'/orders/{order["id"]}/extensions/{extension["id"]}/accept')
    assert (again.status, again.problem) == (409, 'conflict')
    assert len(extend(seller, order, 3)['extensions']) == 2


def test_silence_grants_after_two_days(market, seller, clock):
    order = market.started()
    extend(seller, order, 5)
    clock.shift(2 * DAY - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['grant_extension']
    order = market.order(order['id'])
    assert (order['delivery_due_at'], order['extensions'][0]['state']) == ('2026-12-02T08:00:00Z', 'granted')


def test_a_request_that_is_no_longer_needed_lapses(market, seller, clock):
    order = market.started()
    extend(seller, order, 5)
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Done after all'}), 201)
    clock.shift(2 * DAY + 1)
    assert run_timers() == ['grant_extension']
    order = market.order(order['id'])
    assert (order['state'], order['extensions'][0]['state']) == ('delivered', 'lapsed')


def test_one_request_at_a_time(market, seller):
    order = market.started()
    extend(seller, order, 2)
    assert seller.post(f'/orders/{order["id"]}/extensions', {'days': 2, 'reason': 'And more'}).status == 409


def test_a_buyer_gives_time_at_once(market, buyer, clock):
    order = extend(buyer, market.started(), 4)
    assert order['delivery_due_at'] == '2026-12-01T08:00:00Z'


def test_a_buyer_takes_up_to_five_days_more_to_review(market, buyer, clock):
    order = market.delivered()
    assert order['next_step_at'] == '2026-11-27T08:00:00Z'
    assert extend(buyer, order, 3)['next_step_at'] == '2026-11-30T08:00:00Z'
    refused = buyer.post(f'/orders/{order["id"]}/extensions', {'days': 3, 'reason': 'More'})
    assert (refused.status, refused.pointers) == (422, ['#/days'])
    assert extend(buyer, order, 2)['next_step_at'] == '2026-12-02T08:00:00Z'
    assert buyer.post(f'/orders/{order["id"]}/extensions', {'days': 1, 'reason': 'More'}).status == 409


@pytest.mark.parametrize('days', [0, -1, 61, 1.5, '2', None])
def test_an_extension_has_limits(market, seller, days):
    answer = seller.post(f'/orders/{market.started()["id"]}/extensions', {'days': days, 'reason': 'More'})
    assert (answer.status, answer.pointers) == (422, ['#/days'])


def test_there_is_no_such_extension(market, buyer):
    order = market.started()
    assert buyer.post(f'/orders/{order["id"]}/extensions/ext_01ARZ3NDEKTSV4RRFFQ69G5FAV/accept').status == 404
