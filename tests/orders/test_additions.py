from chalicelib.orders import limits
from tests.support.audit import audit
from tests.support.market import GIG, TOTAL, balances, ok, run_timers
from tests.support.requests import EXTRA, offer

EXTRA_FEE = 110
EXTRA_TOTAL = EXTRA['price_minor'] + EXTRA_FEE


def extras(order, noun=''):
    return f'/orders/{order["id"]}/extras{noun}'


def pay(market, order, extra_id, method='sandbox_card_ok', status=201):
    return ok(market.buyer.post(extras(order, f'/{extra_id}/payments'), {'method': method}), status)


def test_extras_that_are_open_count_towards_what_an_order_may_cost(market, buyer, seller):
    order = market.started()
    first = offer(market, order, price_minor=1_990_000)
    refused = seller.post(extras(order), EXTRA | {'price_minor': 1})
    assert (refused.status, refused.pointers) == (422, ['#/price_minor'])
    ok(buyer.post(extras(order, f'/{first}/decline')))
    pay(market, order, offer(market, order, price_minor=1_990_000))
    assert seller.post(extras(order), EXTRA | {'price_minor': 1}).pointers == ['#/price_minor']
    audit()


def test_an_order_with_many_extras_and_files_can_be_cancelled(market, buyer, seller, support):
    order = market.started()
    for _ in range(limits.MAX_ADDITIONS):
        pay(market, order, offer(market, order, price_minor=100))
    files = [market.file(seller, 'delivery') for _ in range(18)]
    path = f'/orders/{order["id"]}'
    refused = seller.post(f'{path}/deliveries', {'message': 'Here', 'file_ids': files})
    assert (refused.problem, '17 different files' in refused.body['detail']) == ('conflict', True)
    ok(seller.post(f'{path}/deliveries', {'message': 'Here', 'file_ids': files[1:]}), 201)
    _, dispute = market.contested(order)
    ok(seller.post(f'{dispute}/escalate'))
    everything = TOTAL + limits.MAX_ADDITIONS * 106
    ok(support.post(f'{dispute}/ruling', {'refund_minor': everything, 'reasoning': 'So', 'fault': 'seller'}))
    run_timers()
    assert (market.order(order['id'])['funds'], balances()) == ('refunded', {})
    audit()


def test_an_order_with_many_files_takes_fewer_extras(market, buyer, seller):
    package = GIG['packages'][0] | {'revisions': 5}
    order = market.started(market.gig(packages=[package]))
    path = f'/orders/{order["id"]}'
    for number in range(3):
        files = [market.file(seller, 'delivery') for _ in range(20)]
        ok(seller.post(f'{path}/deliveries', {'message': 'Here', 'file_ids': files}), 201)
        if number < 2:
            ok(buyer.post(f'{path}/revisions', {'reason': 'More'}), 201)
    for _ in range(5):
        pay(market, order, offer(market, order, price_minor=100))
    assert seller.post(extras(order), EXTRA).problem == 'conflict'
    ok(seller.post(f'{path}/cancel', {'reason': 'No time'}))
    run_timers()
    audit()
