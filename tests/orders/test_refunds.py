import pytest

from tests.support import resources
from tests.support.audit import audit
from tests.support.market import ANSWERS, DAY, FEE, GIG, NET, PRICE, TOTAL, balances, give_promo, ok, run_timers
from tests.support.requests import offer


def refund(person, order, minor, status=201):
    return ok(person.post(f'/orders/{order["id"]}/refunds', {'amount_minor': minor, 'reason': 'Late'}), status)


def refund_refused(person, order, minor):
    return person.post(f'/orders/{order["id"]}/refunds', {'amount_minor': minor, 'reason': 'Late'})


def refund_parts(order):
    """Of each refund, oldest first: all of it, and what of it went to the wallet and to given credit."""
    return [(one['amount_minor'], one['wallet_minor'], one['promo_minor']) for one in order['refunds']]


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


def test_a_dispute_that_leaves_only_the_fee_ends_all_the_same(market, buyer, seller, clock):
    order = market.delivered(cheap(market))
    refund(seller, order, 517)
    for _ in range(9):
        refund(seller, order, 1)
    assert balances()[f'escrow:{order["id"]}'] == balances()[f'fee.buyer:{order["id"]}'] == 1
    _, path = market.disputed(order, refund_minor=1)
    ok(seller.post(f'{path}/response', {'accepts': True}))
    after = market.order(order['id'])
    assert (after['state'], after['funds'], after['next_step']) == ('completed', 'refunding', None)
    audit()
    clock.shift(15 * DAY)
    run_timers()
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


@pytest.mark.parametrize('prepare', ['paid', 'started', 'delivered', 'revised'])
def test_a_part_goes_back_before_completion(market, seller, buyer, prepare):
    order = getattr(market, prepare)()
    after = refund(seller, order, 2_110)
    assert (after['state'], after['funds'], after['refunded_minor']) == (order['state'], 'held', 2_110)
    assert (after['next_step'], after['next_step_at']) == (order['next_step'], order['next_step_at'])
    assert balances() == {
        f'escrow:{order["id"]}': PRICE - 2_000,
        f'fee.buyer:{order["id"]}': FEE - 110,
        f'refund:{after["refunds"][0]["id"]}': 2_110,
    }
    assert usd(seller)['pending_minor'] == 6_400, 'the commission is of what is left'
    assert [(one['reason'], one['amount_minor']) for one in usd(buyer)['pending']] == [('refund', 2_110)]
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['refunds'][0]['state'] == 'succeeded'
    audit()


def test_the_commission_is_of_what_is_left(market, buyer, seller, clock):
    order = market.delivered()
    refund(seller, order, 2_110)
    done = ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert balances() == {
        f'seller.clearing:{seller.id}:{order["id"]}': 6_400,
        f'fee.commission:{order["id"]}': 1_600,
        f'refund:{done["refunds"][0]["id"]}': 2_110,
    }
    run_timers()
    clock.shift(14 * DAY + 1)
    run_timers()
    assert (usd(seller)['available_minor'], balances()) == (6_400, {f'seller.available:{seller.id}': 6_400})
    audit()


def test_a_part_goes_back_in_clearing_and_the_commission_with_it(market, seller):
    order = market.completed()
    after = refund(seller, order, 2_500)
    assert (after['funds'], after['release_at']) == ('clearing', order['release_at'])
    assert balances() == {
        f'seller.clearing:{seller.id}:{order["id"]}': NET - 2_000,
        f'fee.commission:{order["id"]}': 1_500,
        f'refund:{after["refunds"][0]["id"]}': 2_500,
    }
    assert usd(seller)['pending_minor'] == NET - 2_000
    run_timers()
    audit()


def test_all_of_the_price_may_go_back_in_clearing(market, seller, clock):
    order = market.completed()
    after = refund(seller, order, PRICE)
    assert (after['state'], after['funds'], after['next_step'], after['release_at']) == ('completed', 'refunding', None, None)
    assert usd(seller)['pending'] == []
    run_timers()
    assert (market.order(order['id'])['funds'], balances()) == ('refunded', {})
    clock.shift(15 * DAY)
    assert run_timers() == []
    assert seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1, 'reason': 'More'}).problem == 'order-state'
    audit()


def test_several_in_a_row_until_nothing_is_left(market, seller, clock):
    order = market.completed()
    for minor in (1, 3_333, 4_999, 1_666):
        refund(seller, order, minor)
        audit()
    assert refund_refused(seller, order, 2).pointers == ['#/amount_minor']
    assert refund(seller, order, 1)['funds'] == 'refunding'
    assert set(run_timers()) == {'send_refund'}
    assert (market.order(order['id'])['funds'], balances()) == ('refunded', {})
    audit()


def test_a_seller_gives_back_what_was_released_from_what_they_have(market, seller, support, clock):
    order = market.released(clock)
    after = refund(seller, order, 2_500)
    assert (after['funds'], usd(seller)['available_minor'], usd(seller)['owed_minor']) == ('released', NET - 2_000, 0)
    run_timers()
    audit()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    run_timers()
    before = resources.snapshot()
    refused = refund_refused(seller, order, 5_000)
    assert (refused.status, refused.problem) == (409, 'insufficient-funds')
    assert resources.snapshot() == before
    refund(support, order, 5_000)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 3_000), 'support may put a seller in debt'
    run_timers()
    audit()


def test_a_debt_from_a_refund_is_paid_by_the_next_order(market, seller, support, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    refund(support, order, PRICE)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, NET)
    assert refund_refused(support, order, 1).problem == 'order-state', 'nothing is left of it'
    market.released(clock)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 0)
    run_timers()
    audit()


def test_what_the_card_does_not_take_goes_to_the_wallet(market, seller, buyer):
    order = market.delivered(method='sandbox_card_no_refund')
    refund(seller, order, 2_110)
    run_timers()
    after = market.order(order['id'])
    assert [(one['state'], one['failure']) for one in after['refunds']] == [('failed', 'not_refundable')]
    assert (after['funds'], after['refunded_minor'], usd(buyer)['wallet_minor']) == ('held', 2_110, 2_110)
    audit()
    done = ok(buyer.post(f'/orders/{order["id"]}/accept'))
    refund(seller, done, 8_000)
    run_timers()
    assert (market.order(order['id'])['funds'], usd(buyer)['wallet_minor']) == ('refunded', 10_110)
    audit()


@pytest.mark.proof
def test_an_order_is_refunded_twenty_times_at_most_and_cancelled_all_the_same(market, seller):
    order = market.delivered()
    for _ in range(20):
        refund(seller, order, 1)
    assert refund_refused(seller, order, 1).problem == 'conflict'
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    run_timers()
    assert (market.order(order['id'])['funds'], balances()) == ('refunded', {})
    audit()


@pytest.mark.parametrize('minor', [-1, 0, 0.5, 100.0, '100', None, True, TOTAL, TOTAL + 1, 10**12, 10**13])
@pytest.mark.parametrize('who', ['seller', 'support'])
def test_amounts_that_cannot_go_back(market, seller, support, who, minor):
    order, _ = market.delivered(), support.id
    before = resources.snapshot()
    answer = refund_refused({'seller': seller, 'support': support}[who], order, minor)
    assert (answer.status, answer.pointers) == (422, ['#/amount_minor'])
    assert resources.snapshot() == before


def test_rupiah_go_back_in_whole_rupiah(market, seller, buyer, clock):
    ok(buyer.patch('/me', {'country': 'ID'}))
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = market.completed(market.gig(currency='IDR', packages=[package], extras=[]))
    for minor in (1, 50, 150, 7_777_650):
        assert refund_refused(seller, order, minor).pointers == ['#/amount_minor']
    for minor in (100, 3_333_300, 100):
        refund(seller, order, minor)
    run_timers()
    audit()
    clock.shift(15 * DAY)
    run_timers()
    audit()


@pytest.mark.parametrize(('who', 'status'), [('buyer', 403), ('stranger', 404), ('nobody', 401)])
def test_others_give_nothing_back(request, market, who, status):
    order = market.delivered()
    assert refund_refused(request.getfixturevalue(who), order, 100).status == status
    assert balances() == {f'escrow:{order["id"]}': PRICE, f'fee.buyer:{order["id"]}': FEE}


@pytest.mark.parametrize('prepare', ['placed', 'cancelled', 'expired'])
def test_nothing_goes_back_of_what_was_not_paid_or_is_back_already(market, seller, clock, prepare):
    order = market.expired(clock) if prepare == 'expired' else getattr(market, prepare)()
    assert refund_refused(seller, order, 100).problem == 'order-state'


def test_there_is_no_such_order(seller, support):
    for person in (seller, support):
        assert refund_refused(person, {'id': 'ord_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, 100).status == 404
        assert refund_refused(person, {'id': 'nonsense'}, 100).status == 404


def test_money_goes_back_in_the_order_card_wallet_promo(market, buyer, seller):
    top_up(buyer, 4_000)
    give_promo(buyer, 1_000)
    order = paid_with_credit(market)
    card = TOTAL - 5_000
    assert (usd(buyer)['wallet_minor'], usd(buyer)['promo_minor']) == (0, 0)
    after = refund(seller, order, card - 50)
    assert refund_parts(after) == [(card - 50, 0, 0)]
    after = refund(seller, order, 1_050)
    assert refund_parts(after)[1:] == [(1_050, 1_000, 0)], 'the rest of the card, and then the wallet'
    assert usd(buyer)['wallet_minor'] == 1_000
    after = refund(seller, order, PRICE - card - 1_000)
    assert refund_parts(after)[2:] == [(PRICE - card - 1_000, 3_000, PRICE - card - 4_000)]
    assert after['funds'] == 'refunding'
    assert (usd(buyer)['wallet_minor'], usd(buyer)['promo_minor']) == (4_000, PRICE - card - 4_000)
    audit()
    run_timers()
    assert market.order(order['id'])['funds'] == 'refunded'
    audit()


def test_what_was_paid_with_credit_alone_is_back_at_once(market, buyer, seller):
    top_up(buyer, 20_000)
    order = paid_with_credit(market)
    assert refund(seller, order, PRICE)['funds'] == 'refunded'
    assert usd(buyer)['wallet_minor'] == 20_000 - FEE
    assert run_timers() == []
    audit()


def test_a_refund_spans_the_payments_of_an_order_and_of_its_extra(market, buyer, seller):
    order = market.delivered()
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    after = refund(seller, order, TOTAL + 110)
    assert sorted(one['amount_minor'] for one in after['refunds']) == [110, TOTAL]
    assert after['refunded_minor'] == TOTAL + 110
    audit()
    assert run_timers() == ['send_refund'] * 2
    audit()
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    assert run_timers() == ['send_refund']
    after = market.order(order['id'])
    assert (after['funds'], after['refunded_minor'], balances()) == ('refunded', TOTAL + extra['amount_minor'], {})
    audit()


def test_the_same_request_gives_back_once(market, seller):
    order = market.delivered()
    path, body = f'/orders/{order["id"]}/refunds', {'amount_minor': 100, 'reason': 'Late'}
    first = ok(seller.post(path, body, key='same'), 201)
    assert ok(seller.post(path, body, key='same'), 201)['refunds'] == first['refunds']
    assert seller.post(path, body | {'amount_minor': 200}, key='same').status == 422
    assert len(market.order(order['id'])['refunds']) == 1
    audit()


def test_two_refunds_at_once_are_both_made_or_one_is_refused(market, seller, support, meanwhile):
    order = market.completed()
    meanwhile(lambda: refund(support, order, 6_000))
    answer = refund_refused(seller, order, 6_000)
    assert (answer.status, answer.pointers) == (422, ['#/amount_minor'])
    meanwhile(lambda: refund(support, order, 2_000))
    assert refund(seller, order, 2_000)['funds'] == 'refunding'
    audit()


def test_a_refund_and_the_acceptance_at_once_make_one_story(market, seller, buyer, meanwhile):
    order = market.delivered()
    meanwhile(lambda: ok(buyer.post(f'/orders/{order["id"]}/accept')))
    after = refund(seller, order, 2_500)
    assert (after['state'], after['funds']) == ('completed', 'clearing')
    assert balances()[f'seller.clearing:{seller.id}:{order["id"]}'] == NET - 2_000
    audit()


def test_a_seller_whose_money_leaves_at_the_same_moment_gives_nothing_back(market, seller, support, clock, meanwhile):
    order, _ = market.released(clock), support.id
    payout = {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    meanwhile(lambda: ok(seller.post('/payouts', payout), 201))
    assert refund_refused(seller, order, 100).problem == 'insufficient-funds'
    run_timers()
    audit()
    meanwhile(lambda: market.paid_out(500))
    refund(support, order, 5_000)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 4_000)


FAULTS = ('buyer_faults', 'seller_faults')


def faults(market):
    return tuple(ok(person.get('/me'))[name] for person in (market.buyer, market.seller) for name in FAULTS)


@pytest.fixture
def late(market, clock):
    """An order whose seller is so late that the buyer may cancel alone."""
    order = market.started()
    clock.shift(5 * DAY)
    return order


@pytest.mark.parametrize(
    ('prepare', 'who', 'counted'),
    [
        ('placed', 'buyer', (0, 0, 0, 0)),
        ('placed', 'seller', (0, 0, 0, 0)),
        ('paid', 'buyer', (1, 0, 0, 0)),
        ('paid', 'seller', (0, 0, 0, 1)),
        ('started', 'seller', (0, 0, 0, 1)),
        ('delivered', 'seller', (0, 0, 0, 1)),
        ('late', 'buyer', (0, 0, 0, 1)),
        ('started', 'support', (0, 0, 0, 0)),
    ],
)
def test_a_cancellation_goes_on_the_record_of_whose_fault_it_is(request, market, prepare, who, counted):
    order = request.getfixturevalue('late') if prepare == 'late' else getattr(market, prepare)()
    cancelled = ok(request.getfixturevalue(who).post(f'/orders/{order["id"]}/cancel', {'reason': 'So'}))
    assert faults(market) == counted
    assert cancelled['fault'] == ('buyer' if counted[0] else 'seller' if counted[3] else 'none')
    run_timers()
    audit()


@pytest.mark.parametrize(('prepare', 'days', 'counted'), [('paid', 14, (1, 0, 0, 0)), ('started', 33, (0, 0, 0, 1))])
def test_an_order_that_nobody_moves_goes_on_the_record_of_who_had_to(market, clock, prepare, days, counted):
    getattr(market, prepare)()
    clock.shift(days * DAY + 1)
    assert 'time_out_order' in run_timers()
    run_timers()
    assert faults(market) == counted
    audit()


def test_an_order_that_is_not_paid_in_time_is_nobodys_fault(market, clock):
    market.expired(clock)
    assert faults(market) == (0, 0, 0, 0)


@pytest.mark.parametrize(('fault', 'counted'), [('buyer', (1, 0, 0, 0)), ('seller', (0, 0, 0, 1)), ('none', (0, 0, 0, 0))])
def test_support_says_whose_fault_it_is(market, support, fault, counted):
    order = market.delivered()
    cancelled = ok(support.post(f'/orders/{order["id"]}/cancel', {'reason': 'So', 'fault': fault}))
    assert (cancelled['fault'], faults(market)) == (fault, counted)
    audit()


@pytest.mark.parametrize('who', ['buyer', 'seller'])
def test_nobody_else_says_whose_fault_it_is(market, who):
    order = market.paid()
    answer = getattr(market, who).post(f'/orders/{order["id"]}/cancel', {'reason': 'So', 'fault': 'none'})
    assert (answer.status, answer.pointers) == (422, ['#/fault'])
    assert (market.order(order['id'])['state'], faults(market)) == (order['state'], (0, 0, 0, 0))


def test_a_fault_is_counted_once_however_often_it_is_asked_for(market, seller):
    order = market.paid()
    for _ in range(2):
        ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'So'}, key='same'))
    assert seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'So'}).problem == 'order-state'
    assert faults(market) == (0, 0, 0, 1)
