from tests.support.audit import audit
from tests.support.market import (
    ANSWERS,
    DAY,
    GIG,
    balances,
    ok,
    run_timers,
)


def refund(person, order, minor, status=201):
    return ok(person.post(f'/orders/{order["id"]}/refunds', {'amount_minor': minor, 'reason': 'Late'}), status)


def usd(person):
    return next(balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')


def top_up(person, minor):
    ok(person.post('/me/wallet/top-ups', {'amount_minor': minor, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)


def cheap(market, minor=500):
    """A gig at a price."""
    return market.gig(packages=[GIG['packages'][0] | {'price_minor': minor}], extras=[])


def paid_with_credit(market, gig=None):
    """An order, accepted, which was paid as far as it goes with credit."""
    buyer, seller, order = market.buyer, market.seller, market.placed(gig)
    path = f'/orders/{order["id"]}'
    ok(buyer.post(f'{path}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    ok(buyer.post(f'{path}/requirements', ANSWERS))
    ok(seller.post(f'{path}/deliveries', {'message': 'Here it is'}), 201)
    return dict(ok(buyer.post(f'{path}/accept')))


def test_an_order_of_which_only_the_fee_is_left_is_completed_all_the_same(market, buyer, seller, clock):
    order = market.delivered(cheap(market))
    refund(seller, order, 517)
    for _ in range(10):
        refund(seller, order, 1)
    assert balances()[f'fee.buyer:{order["id"]}'] == 1
    assert f'escrow:{order["id"]}' not in balances()
    done = ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert (done['state'], done['funds'], done['next_step']) == ('completed', 'refunding', None)
    audit()
    assert set(run_timers()) == {'send_refund'}
    clock.shift(15 * DAY)
    assert run_timers() == []
    assert (market.order(order['id'])['funds'], balances()) == ('refunded', {})
    audit()


def test_money_has_gone_back_when_all_of_it_has(market, buyer, seller):
    top_up(buyer, 4_000)
    order = paid_with_credit(market)
    refund(seller, order, 7_000)
    last = refund(seller, order, 3_000)
    assert [refund['state'] for refund in last['refunds']] == ['requested', 'succeeded']
    assert last['funds'] == 'refunding', 'the first of them is on its way yet'
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'refunded'
    audit()
