"""What happens in the life of an order, seen from outside."""

import pytest

from chalicelib import settings
from chalicelib.orders import limits, store
from chalicelib.orders.rows import Delivery, Extension
from chalicelib.orders.schemas import OrderView
from tests.support.market import ANSWERS, COMMISSION, FEE, GIG, NET, PRICE, balances, ok, run_timers
from tests.support.resources import rows

DAY = 24 * 3600


def events(person, order):
    return [event['name'] for event in ok(person.get(f'/orders/{order["id"]}/events'))['items']]


def test_an_order_goes_from_quote_to_released_payment(market, buyer, seller, clock):
    order = market.completed()
    assert (order['state'], order['funds']) == ('completed', 'clearing')
    assert run_timers() == []
    clock.shift(14 * DAY + 1)
    assert run_timers() == ['release_payment']
    assert market.order(order['id'])['funds'] == 'released'
    assert balances() == {f'seller.available:{seller.id}': NET}
    assert events(seller, order) == [
        'OrderPlaced',
        'PaymentStarted',
        'PaymentCaptured',
        'RequirementsSubmitted',
        'OrderDelivered',
        'OrderCompleted',
        'PaymentReleased',
    ]


def test_money_is_where_the_state_says(market, seller):
    order = market.paid()
    assert balances() == {f'escrow:{order["id"]}': PRICE, f'fee.buyer:{order["id"]}': FEE}
    ok(market.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS))
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Done'}), 201)
    ok(market.buyer.post(f'/orders/{order["id"]}/accept'))
    assert balances() == {
        f'seller.clearing:{seller.id}:{order["id"]}': NET,
        f'fee.commission:{order["id"]}': COMMISSION,
    }


def test_an_order_keeps_the_quote_it_was_placed_on(market, seller, admin):
    gig = market.gig()
    quote = market.quote(gig, extras=[{'id': 'fast'}, {'id': 'again', 'quantity': 2}])
    ok(seller.patch(f'/gigs/{gig["id"]}', {'packages': [gig['packages'][0] | {'price_minor': 99_900}], 'extras': []}))
    ok(admin.put(f'/users/{seller.id}/level', {'level': 'top_rated'}))
    order = ok(market.buyer.post('/orders', {'quote_id': quote['id']}), 201)
    kept = (
        'buyer_lines',
        'buyer_total_minor',
        'seller_lines',
        'seller_net_minor',
        'commission_bps',
        'buyer_fee_bps',
        'policy_version',
        'delivery_days',
        'revisions',
    )
    assert {name: order[name] for name in kept} == {name: quote[name] for name in kept}
    assert order['policy_version'] == '2026-11'
    assert (order['delivery_days'], order['revisions'], order['buyer_total_minor']) == (1, 5, 13_188)


def test_a_quote_buys_one_order(market):
    quote = market.quote()
    order = ok(market.buyer.post('/orders', {'quote_id': quote['id']}), 201)
    again = market.buyer.post('/orders', {'quote_id': quote['id']})
    assert (again.status, again.problem) == (409, 'conflict')
    assert order['id'] in again.body['detail']


def test_a_quote_holds_for_an_hour(market, clock):
    quote = market.quote()
    clock.shift(3601)
    assert market.buyer.post('/orders', {'quote_id': quote['id']}).status == 409


def test_what_is_no_longer_for_sale_cannot_be_ordered(market, seller):
    gig = market.gig()
    quote = market.quote(gig)
    ok(seller.post(f'/gigs/{gig["id"]}/pause'))
    answer = market.buyer.post('/orders', {'quote_id': quote['id']})
    assert (answer.status, answer.problem) == (409, 'conflict')
    ok(seller.post(f'/gigs/{gig["id"]}/activate'))
    ok(market.buyer.post('/orders', {'quote_id': quote['id']}), 201)


def test_a_quote_is_its_buyers(market, stranger):
    assert stranger.post('/orders', {'quote_id': market.quote()['id']}).status == 404


def test_work_starts_at_once_where_nothing_is_asked(market, clock):
    order = market.paid(market.gig(requirements=[]))
    assert order['state'] == 'in_progress'
    assert order['delivery_due_at'] == '2026-11-27T08:00:00Z'


def test_an_unpaid_order_expires(market, clock):
    order = market.placed()
    clock.shift(30 * 60 - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['expire_order']
    assert market.order(order['id'])['state'] == 'expired'
    assert rows(settings.JOURNAL_TABLE) == []


def test_an_order_without_requirements_is_cancelled_and_refunded(market, clock):
    order = market.paid()
    clock.shift(14 * DAY + 1)
    assert run_timers() == ['time_out_order']
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['closed_by']) == ('cancelled', 'refunded', 'system')
    assert 'requirements' in order['closed_because']
    assert balances() == {}


def test_an_order_that_is_never_delivered_is_cancelled_a_month_after_it_was_due(market, clock):
    order = market.started()
    clock.shift(3 * DAY + 30 * DAY + 1)
    assert run_timers() == ['time_out_order']
    assert market.order(order['id'])['state'] == 'cancelled'


def test_silence_accepts_a_delivery_after_three_days(market, clock):
    order = market.delivered()
    clock.shift(3 * DAY - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['complete_order']
    order = market.order(order['id'])
    assert (order['state'], order['release_at']) == ('completed', '2026-12-11T08:00:01Z')


def test_a_top_rated_seller_waits_seven_days(market, seller, admin, clock):
    ok(admin.put(f'/users/{seller.id}/level', {'level': 'top_rated'}))
    order = market.completed()
    assert order['release_at'] == '2026-12-01T08:00:00Z'


def test_late_and_very_late_are_derived_and_let_the_buyer_cancel_alone(market, buyer, clock):
    order = market.started()
    clock.shift(3 * DAY)
    assert (market.order(order['id'])['is_late'], market.order(order['id'])['is_very_late']) == (False, False)
    clock.shift(1)
    assert (market.order(order['id'])['is_late'], market.order(order['id'])['is_very_late']) == (True, False)
    refused = buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Too slow'})
    assert (refused.status, refused.problem) == (409, 'order-state')
    assert 'very late' in refused.body['detail']
    clock.shift(DAY)
    assert market.order(order['id'])['is_very_late'] is True
    cancelled = ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Too slow'}))
    assert (cancelled['state'], cancelled['funds'], cancelled['closed_by']) == ('cancelled', 'refunding', 'buyer')


def test_revisions_are_counted_and_run_out(market, buyer, seller, clock):
    order = market.revised()
    path = f'/orders/{order["id"]}'
    assert (order['state'], order['revisions_used']) == ('revision_requested', 1)
    ok(seller.post(f'{path}/deliveries', {'message': 'Again'}), 201)
    refused = buyer.post(f'{path}/revisions', {'reason': 'Still too small'})
    assert (refused.status, refused.problem) == (409, 'order-state')
    assert 'used up' in refused.body['detail']


def test_revisions_without_end(market, buyer, seller):
    gig = market.gig(packages=[GIG['packages'][0] | {'revisions': None}], extras=[])
    order = market.delivered(gig)
    path = f'/orders/{order["id"]}'
    for number in range(1, 5):
        revised = ok(buyer.post(f'{path}/revisions', {'reason': 'Again'}), 201)
        assert (revised['revisions'], revised['revisions_used']) == (None, number)
        ok(seller.post(f'{path}/deliveries', {'message': 'Again'}), 201)


def test_deliveries_have_an_end_even_if_revisions_do_not(market, buyer, seller, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_DELIVERIES', 1)
    order = market.delivered()
    assert buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Again'}).status == 409


def test_what_a_seller_writes_has_an_end_and_what_is_asked_for_can_be_delivered(market, seller, buyer, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_WRITTEN_BYTES', 1_020)
    order = market.started(market.gig(packages=[GIG['packages'][0] | {'revisions': None}], extras=[]))
    path = f'/orders/{order["id"]}'
    refused = seller.post(f'{path}/extensions', {'days': 1, 'reason': '時間がもっとほしい'})
    assert (refused.status, refused.problem) == (409, 'conflict')
    ok(seller.post(f'{path}/extensions', {'days': 1, 'reason': '時間'}), 201)
    too_long = seller.post(f'{path}/deliveries', {'message': '"' * 506})
    assert (too_long.status, '1012 bytes more' in too_long.body['detail']) == (409, True)
    ok(seller.post(f'{path}/deliveries', {'message': '"' * 505}), 201)
    assert buyer.post(f'{path}/revisions', {'reason': 'Again'}).status == 409
    ok(buyer.post(f'{path}/accept'))


def test_a_seller_cannot_write_away_a_revision_that_was_paid_for(market, seller, buyer, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_WRITTEN_BYTES', 2_010)
    order = market.started()
    path = f'/orders/{order["id"]}'
    assert seller.post(f'{path}/extensions', {'days': 1, 'reason': 'r' * 9}).status == 409
    ok(seller.post(f'{path}/extensions', {'days': 1, 'reason': 'r' * 8}), 201)
    assert seller.post(f'{path}/deliveries', {'message': 'm' * 999}).status == 409
    ok(seller.post(f'{path}/deliveries', {'message': 'm' * 998}), 201)
    ok(buyer.post(f'{path}/revisions', {'reason': 'As agreed'}), 201)
    ok(seller.post(f'{path}/deliveries', {'message': 'm' * 998}), 201)


def test_more_time_cannot_be_asked_for_for_ever(market, seller, buyer, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_EXTENSIONS', 1)
    order = market.started()
    path = f'/orders/{order["id"]}/extensions'
    asked = ok(seller.post(path, {'days': 1, 'reason': 'More'}), 201)['extensions'][0]
    ok(buyer.post(f'{path}/{asked["id"]}/decline'))
    assert seller.post(path, {'days': 1, 'reason': 'More'}).status == 409


def test_the_largest_order_that_there_can_be_is_answered_and_remembered(market):
    """An answer is kept in one row, which has 400 KB."""
    order, wide, file_id = store.load(market.started()['id']), '\U0001f58b', 'fil_01ARZ3NDEKTSV4RRFFQ69G5FAV'
    question = {'kind': 'free_text', 'id': 'q' * 30, 'question': wide * 400, 'mandatory': True}
    order.terms |= {'title': wide * 80, 'requirements': [question] * 15}
    order.terms['package'] |= {'name': wide * 35, 'description': wide * 100}
    order.answers = [{'kind': 'free_text', 'requirement_id': 'q' * 30, 'text': wide * 2_500}] * 15
    about = {'message': '"' * (limits.MAX_WRITTEN_BYTES // limits.MAX_DELIVERIES // 2), 'file_ids': [file_id] * 20}
    order.deliveries = [Delivery(number=n, delivered_at=0, **about) for n in range(limits.MAX_DELIVERIES)]
    asked = {'id': 'ext_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'days': 60, 'reason': '-', 'state': 'declined', 'asked_at': 0}
    order.extensions = [Extension(**asked) for _ in range(limits.MAX_EXTENSIONS)]
    order.closed_because = wide * 1_000
    assert 350_000 < len(OrderView.of(order).model_dump_json().encode()) < 400_000


def test_a_revision_gives_the_seller_the_agreed_time_once_more(market, buyer, clock):
    order = market.delivered()
    clock.shift(DAY)
    revised = ok(buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Bigger'}), 201)
    assert (order['delivery_due_at'], revised['delivery_due_at']) == ('2026-11-27T08:00:00Z', '2026-11-28T08:00:00Z')


def test_the_files_of_all_deliveries_have_an_end(market, seller, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_FILES', 1)
    order = market.started()
    two = [market.file(seller, 'delivery') for _ in range(2)]
    path = f'/orders/{order["id"]}/deliveries'
    assert seller.post(path, {'message': 'Here', 'file_ids': two}).status == 409
    ok(seller.post(path, {'message': 'Here', 'file_ids': two[:1]}), 201)


def test_only_ready_files_of_the_seller_are_delivered(market, buyer, seller):
    order = market.started()
    path = f'/orders/{order["id"]}/deliveries'
    mine = market.file(seller, 'delivery')
    for wrong in (market.file(buyer, 'delivery'), market.file(seller, 'product'), 'fil_01ARZ3NDEKTSV4RRFFQ69G5FAV'):
        refused = seller.post(path, {'message': 'Here', 'file_ids': [mine, wrong]})
        assert (refused.status, refused.pointers) == (409, ['#/file_ids/1'])
    assert seller.get(f'/orders/{order["id"]}').body['deliveries'] == []
    delivered = ok(seller.post(path, {'message': 'Here', 'file_ids': [mine]}), 201)
    assert delivered['deliveries'][0]['file_ids'] == [mine]


def test_delivered_files_are_seen_by_the_buyer_until_the_order_is_cancelled(market, buyer, seller, stranger):
    order = market.started()
    file_id = market.file(seller, 'delivery')
    assert buyer.get(f'/files/{file_id}').status == 404
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here', 'file_ids': [file_id]}), 201)
    assert ok(buyer.get(f'/files/{file_id}'))['download_url']
    assert stranger.get(f'/files/{file_id}').status == 404
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'Sorry'}))
    assert buyer.get(f'/files/{file_id}').status == 404


def test_requirement_files_are_seen_by_the_seller(market, buyer, seller, stranger):
    asks = [{'kind': 'file', 'id': 'logo', 'question': 'Your logo?'}]
    order = market.paid(market.gig(requirements=asks, packages=GIG['packages']))
    file_id = market.file(buyer, 'requirement')
    answers = [{'kind': 'file', 'requirement_id': 'logo', 'file_ids': [file_id]}]
    ok(buyer.post(f'/orders/{order["id"]}/requirements', {'answers': answers}))
    assert ok(seller.get(f'/files/{file_id}'))['state'] == 'ready'
    assert stranger.get(f'/files/{file_id}').status == 404


def test_a_digital_product_is_delivered_the_moment_it_is_paid(market, buyer, clock):
    gig = market.product()
    order = market.paid(gig)
    assert (order['state'], order['licence'], order['refund_rule']) == ('delivered', 'Use it.', 'until_accepted')
    for file_id in order['deliveries'][0]['file_ids']:
        assert ok(buyer.get(f'/files/{file_id}'))['download_url']
    assert events(buyer, order)[-2:] == ['PaymentCaptured', 'OrderDelivered'] or set(events(buyer, order)[-2:]) == {
        'PaymentCaptured',
        'OrderDelivered',
    }
    clock.shift(3 * DAY + 1)
    assert run_timers() == ['complete_order']


def test_a_product_that_may_be_returned_is_returned_until_it_is_accepted(market, buyer):
    order = market.paid(market.product('until_accepted'))
    returned = ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Not what I need'}))
    assert (returned['state'], returned['funds']) == ('cancelled', 'refunding')
    for file_id in order['deliveries'][0]['file_ids']:
        assert buyer.get(f'/files/{file_id}').status == 404


def test_what_was_bought_twice_and_returned_once_can_still_be_read(market, buyer):
    gig = market.product()
    first, second = market.paid(gig), market.paid(gig)
    ok(buyer.post(f'/orders/{first["id"]}/cancel', {'reason': 'Once is enough'}))
    for file_id in second['deliveries'][0]['file_ids']:
        ok(buyer.get(f'/files/{file_id}'))


def test_a_product_without_refunds_is_not_returned(market, buyer):
    order = market.paid(market.product('no_refund'))
    refused = buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Not what I need'})
    assert (refused.status, refused.problem) == (409, 'order-state')


def test_both_sides_list_their_orders(market, buyer, seller, stranger):
    orders = [market.placed()['id'] for _ in range(3)]
    for person, role in ((buyer, 'buyer'), (seller, 'seller')):
        listed = ok(person.get('/orders', role=role, limit=2))
        assert [order['id'] for order in listed['items']] == orders[:0:-1]
        rest = ok(person.get('/orders', role=role, limit=2, cursor=listed['next_cursor']))
        assert [order['id'] for order in rest['items']] == orders[:1]
        assert ok(person.get('/orders', role='buyer' if role == 'seller' else 'seller'))['items'] == []
    assert ok(stranger.get('/orders'))['items'] == []
    assert listed['items'][0]['title'] == 'I will design a logo'


def test_the_log_is_the_same_for_both_sides_and_for_support(market, buyer, seller, support, stranger):
    order = market.completed()
    assert events(buyer, order) == events(seller, order) == events(support, order)
    assert stranger.get(f'/orders/{order["id"]}/events').status == 404
    first = ok(buyer.get(f'/orders/{order["id"]}/events', limit=2))
    assert [event['name'] for event in first['items']] == ['OrderPlaced', 'PaymentStarted']
    assert first['items'][0]['by_role'] == 'buyer'
    rest = ok(buyer.get(f'/orders/{order["id"]}/events', limit=2, cursor=first['next_cursor']))
    assert rest['items'][0]['name'] == 'PaymentCaptured'


@pytest.mark.parametrize('cursor', ['x', 'bm9wZQ', 'WyJVU0VSI3giXQ', '%00', 'W10', 'a' * 1024])
def test_a_cursor_of_another_list_is_refused(market, buyer, cursor):
    order = market.placed()
    answer = buyer.get(f'/orders/{order["id"]}/events', cursor=cursor)
    assert (answer.status, answer.pointers) == (422, ['cursor'])
