import pytest

from chalicelib.orders import limits
from tests.support.audit import audit
from tests.support.market import COMMISSION, DAY, FEE, GIG, NET, PRICE, TOTAL, balances, ok, run_provider, run_timers
from tests.support.requests import EXTRA, offer

EXTRA_PRICE, EXTRA_FEE = 2_000, 110
EXTRA_TOTAL = EXTRA_PRICE + EXTRA_FEE


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


@pytest.mark.proof
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


def approve(market, payment, *, approved=True):
    ok(market.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': approved}))
    assert run_provider() == ['settle_payment']
    return ok(market.buyer.get(f'/payments/{payment["id"]}'))


def extra_of(order):
    return order['added_extras'][-1]


def test_an_extra_is_offered_at_a_price(market, seller, buyer):
    order = market.started()
    extra_id = offer(market, order)
    offered = market.order(order['id'])
    assert extra_of(offered) | {'offered_at': None} == {
        'id': extra_id,
        'title': EXTRA['title'],
        'price_minor': EXTRA_PRICE,
        'buyer_fee_minor': EXTRA_FEE,
        'tax_minor': 0,
        'additional_days': 1,
        'revisions': 1,
        'state': 'offered',
        'payment_id': None,
        'offered_at': None,
    }
    for same in ('buyer_lines', 'buyer_total_minor', 'delivery_due_at', 'funds', 'next_step_at'):
        assert offered[same] == order[same], 'an offer changes nothing yet'
    audit()


def test_an_extra_that_is_paid_is_part_of_the_order(market, seller, clock):
    order = market.started()
    payment = pay(market, order, offer(market, order))
    assert (payment['state'], payment['purpose'], payment['amount_minor']) == ('succeeded', 'extra', EXTRA_TOTAL)
    after = market.order(order['id'])
    assert (extra_of(after)['state'], extra_of(after)['payment_id']) == ('paid', payment['id'])
    assert (after['payment_id'], after['state'], after['funds']) == (order['payment_id'], 'in_progress', 'held')
    assert (after['delivery_due_at'], after['next_step_at']) == ('2026-11-28T08:00:00Z', '2026-12-28T08:00:00Z')
    assert [(line['kind'], line['amount_minor']) for line in after['buyer_lines']] == [
        ('package', PRICE),
        ('extra', EXTRA_PRICE),
        ('buyer_fee', FEE + EXTRA_FEE),
    ]
    assert after['buyer_total_minor'] == TOTAL + EXTRA_TOTAL
    assert [line['amount_minor'] for line in after['seller_lines']] == [PRICE + EXTRA_PRICE, -COMMISSION - 400]
    assert (after['revisions'], after['delivery_days']) == (order['revisions'] + 1, order['delivery_days'] + 1)
    assert balances() == {f'escrow:{order["id"]}': PRICE + EXTRA_PRICE, f'fee.buyer:{order["id"]}': FEE + EXTRA_FEE}
    audit()


def test_the_seller_gets_what_an_extra_brings_with_the_rest(market, buyer, seller, clock):
    order = market.delivered()
    pay(market, order, offer(market, order))
    assert market.order(order['id'])['delivery_due_at'] == order['delivery_due_at'], 'it was delivered in time'
    revised = ok(buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'The second colour'}), 201)
    assert revised['delivery_due_at'] == '2026-11-28T08:00:00Z', 'the agreed time, with the day of the extra'
    for _ in range(2):
        ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here'}), 201)
        last = buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'More'})
    assert last.problem == 'order-state', 'one revision of the package, and one of the extra'
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert balances() == {
        f'seller.clearing:{seller.id}:{order["id"]}': NET + 1_600,
        f'fee.commission:{order["id"]}': COMMISSION + 400,
    }
    audit()
    clock.shift(14 * DAY + 1)
    assert run_timers() == ['release_payment']
    assert balances() == {f'seller.available:{seller.id}': NET + 1_600}
    audit()


def test_an_extra_before_the_requirements_counts_when_the_work_begins(market, buyer, clock):
    from tests.support.market import ANSWERS

    order = market.paid()
    pay(market, order, offer(market, order, additional_days=4))
    assert market.order(order['id'])['delivery_due_at'] is None
    started = ok(buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS))
    assert started['delivery_due_at'] == '2026-12-01T08:00:00Z'
    audit()


@pytest.mark.parametrize(('who', 'how', 'state'), [('buyer', 'decline', 'declined'), ('seller', 'withdraw', 'withdrawn')])
def test_an_offer_that_was_turned_down_cannot_be_paid(market, who, how, state):
    order = market.started()
    extra_id = offer(market, order)
    after = ok(getattr(market, who).post(extras(order, f'/{extra_id}/{how}')))
    assert extra_of(after)['state'] == state
    assert market.buyer.post(extras(order, f'/{extra_id}/payments'), {'method': 'sandbox_card_ok'}).problem == 'conflict'
    for person, noun in ((market.buyer, 'decline'), (market.seller, 'withdraw')):
        assert person.post(extras(order, f'/{extra_id}/{noun}')).problem == 'conflict'
    assert market.order(order['id'])['buyer_total_minor'] == TOTAL
    audit()


def test_an_extra_is_paid_once(market, buyer):
    order = market.started()
    extra_id = offer(market, order)
    path, body = extras(order, f'/{extra_id}/payments'), {'method': 'sandbox_card_ok'}
    first = ok(buyer.post(path, body, key='same'), 201)
    assert ok(buyer.post(path, body, key='same'), 201) == first
    assert buyer.post(path, body).problem == 'conflict'
    assert market.order(order['id'])['buyer_total_minor'] == TOTAL + EXTRA_TOTAL
    audit()


def test_two_payments_of_an_extra_at_once_are_one(market, buyer, meanwhile):
    order = market.started()
    extra_id = offer(market, order)
    meanwhile(lambda: pay(market, order, extra_id))
    assert buyer.post(extras(order, f'/{extra_id}/payments'), {'method': 'sandbox_card_ok'}).problem == 'conflict'
    assert balances()[f'escrow:{order["id"]}'] == PRICE + EXTRA_PRICE
    audit()


def test_an_extra_is_withdrawn_or_paid(market, seller, buyer, meanwhile):
    order = market.started()
    extra_id = offer(market, order)
    meanwhile(lambda: pay(market, order, extra_id))
    assert seller.post(extras(order, f'/{extra_id}/withdraw')).problem == 'conflict'
    other_id = offer(market, order)
    meanwhile(lambda: ok(seller.post(extras(order, f'/{other_id}/withdraw'))))
    assert buyer.post(extras(order, f'/{other_id}/payments'), {'method': 'sandbox_card_ok'}).problem == 'conflict'
    audit()


def test_while_it_is_being_paid_an_extra_is_neither_withdrawn_nor_declined(market, buyer, seller):
    order = market.started()
    extra_id = offer(market, order)
    payment = pay(market, order, extra_id, 'sandbox_card_confirm')
    assert payment['state'] == 'requires_action'
    assert seller.post(extras(order, f'/{extra_id}/withdraw')).problem == 'conflict'
    assert buyer.post(extras(order, f'/{extra_id}/decline')).problem == 'conflict'
    assert approve(market, payment)['state'] == 'succeeded'
    audit()


@pytest.mark.parametrize('method', ['sandbox_card_declined', 'sandbox_card_confirm'])
def test_an_extra_that_was_not_paid_may_be_tried_again(market, buyer, method):
    order = market.started()
    extra_id = offer(market, order)
    payment = pay(market, order, extra_id, method)
    if method == 'sandbox_card_confirm':
        payment = approve(market, payment, approved=False)
    assert payment['state'] == 'failed'
    assert extra_of(market.order(order['id']))['payment_id'] is None
    audit()
    assert pay(market, order, extra_id)['state'] == 'succeeded'
    audit()


def test_a_payment_of_an_extra_that_nobody_confirms_ends(market, seller, clock):
    order = market.started()
    extra_id = offer(market, order)
    payment = pay(market, order, extra_id, 'sandbox_card_confirm')
    clock.shift(31 * 60)
    assert run_timers() == ['settle_payment']
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['failure'] == 'expired'
    ok(seller.post(extras(order, f'/{extra_id}/withdraw')))
    audit()


@pytest.mark.parametrize('end', ['cancelled', 'completed', 'disputed'])
def test_an_extra_that_is_paid_when_the_order_takes_it_no_more_goes_back(market, buyer, seller, end):
    order = market.delivered()
    extra_id = offer(market, order)
    payment = pay(market, order, extra_id, 'sandbox_card_confirm')
    if end == 'disputed':
        market.disputed(order)
    else:
        who, noun, body = (seller, 'cancel', {'reason': 'No time'}) if end == 'cancelled' else (buyer, 'accept', None)
        ok(who.post(f'/orders/{order["id"]}/{noun}', body))
    assert approve(market, payment)['state'] == 'returned'
    before = market.order(order['id'])
    assert (extra_of(before)['state'], before['buyer_total_minor']) == ('offered', TOTAL)
    assert set(run_timers()) == {'send_refund'}
    after = market.order(order['id'])
    assert after['funds'] == {'cancelled': 'refunded', 'completed': 'clearing', 'disputed': 'held'}[end]
    assert f'refund:{after["refunds"][-1]["id"]}' not in balances()
    audit()


def test_an_extra_that_came_back_can_be_paid_when_the_dispute_is_over(market, buyer, seller):
    order = market.delivered()
    extra_id = offer(market, order)
    payment = pay(market, order, extra_id, 'sandbox_card_confirm')
    _, path = market.disputed(order)
    assert approve(market, payment)['state'] == 'returned'
    ok(buyer.post(f'{path}/withdraw'))
    assert pay(market, order, extra_id)['state'] == 'succeeded'
    run_timers()
    assert market.order(order['id'])['buyer_total_minor'] == TOTAL + EXTRA_TOTAL
    audit()


def test_an_order_takes_twenty_offers(market, seller, monkeypatch):
    monkeypatch.setattr(limits, 'MAX_ADDITIONS', 2)
    order = market.started()
    for _ in range(2):
        ok(seller.post(extras(order, f'/{offer(market, order)}/withdraw')))
    assert seller.post(extras(order), EXTRA).problem == 'conflict'


@pytest.mark.parametrize(
    ('wrong', 'pointer'),
    [
        ({'price_minor': 0}, '#/price_minor'),
        ({'price_minor': -1}, '#/price_minor'),
        ({'price_minor': 0.5}, '#/price_minor'),
        ({'price_minor': '2000'}, '#/price_minor'),
        ({'price_minor': 1_990_001}, '#/price_minor'),
        ({'price_minor': 10**13}, '#/price_minor'),
        ({'title': 'x'}, '#/title'),
        ({'additional_days': 61}, '#/additional_days'),
        ({'additional_days': -1}, '#/additional_days'),
        ({'revisions': 21}, '#/revisions'),
        ({'currency': 'IDR'}, '#/currency'),
    ],
)
def test_an_extra_has_limits(market, seller, wrong, pointer):
    order = market.started()
    answer = seller.post(extras(order), EXTRA | wrong)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert market.order(order['id'])['added_extras'] == []


def test_extras_in_rupiah_cost_whole_rupiah(market, seller, buyer):
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = market.started(market.gig(currency='IDR', packages=[package], extras=[]))
    for minor in (1, 150):
        assert seller.post(extras(order), EXTRA | {'price_minor': minor}).pointers == ['#/price_minor']
    payment = pay(market, order, offer(market, order, price_minor=100))
    assert payment['amount_minor'] == 100, 'the fee on it is nothing that can be paid'
    audit()


def test_an_extra_of_one_cent_brings_its_seller_a_cent(market, buyer, seller):
    order = market.delivered()
    pay(market, order, offer(market, order, price_minor=1))
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert balances()[f'seller.clearing:{seller.id}:{order["id"]}'] == NET + 1
    audit()


@pytest.mark.parametrize('prepare', ['placed', 'completed', 'cancelled'])
def test_only_a_paid_order_that_runs_takes_extras(market, seller, prepare):
    order = getattr(market, prepare)()
    assert seller.post(extras(order), EXTRA).problem == 'order-state'


def test_what_was_offered_before_the_end_cannot_be_paid_after_it(market, buyer, seller):
    order = market.delivered()
    extra_id = offer(market, order)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    refused = buyer.post(extras(order, f'/{extra_id}/payments'), {'method': 'sandbox_card_ok'})
    assert refused.problem == 'order-state'
    audit()


def test_extras_are_offered_by_the_seller_and_paid_by_the_buyer(market, buyer, seller, stranger, support):
    order = market.started()
    for person, status in ((buyer, 403), (support, 403), (stranger, 404)):
        assert person.post(extras(order), EXTRA).status == status
    path = extras(order, f'/{offer(market, order)}')
    for person, status in ((seller, 403), (support, 403), (stranger, 404)):
        assert person.post(f'{path}/payments', {'method': 'sandbox_card_ok'}).status == status
        assert person.post(f'{path}/decline').status == status
    assert buyer.post(f'{path}/withdraw').status == 403
    audit()


def test_an_extra_of_another_order_is_not_found(market, buyer, seller):
    order, other = market.started(), market.started()
    extra_id = offer(market, other)
    for person, noun, body in (
        (buyer, 'payments', {'method': 'sandbox_card_ok'}),
        (buyer, 'decline', None),
        (seller, 'withdraw', None),
    ):
        assert person.post(extras(order, f'/{extra_id}/{noun}'), body).status == 404
    assert extra_of(market.order(other['id']))['state'] == 'offered'
    assert balances()[f'escrow:{order["id"]}'] == PRICE


def test_revisions_without_end_stay_without_end(market, buyer):
    package = GIG['packages'][0] | {'revisions': None}
    order = market.started(market.gig(packages=[package], extras=[]))
    pay(market, order, offer(market, order))
    assert market.order(order['id'])['revisions'] is None
    audit()


def test_an_extra_is_in_the_log(market, buyer, seller):
    order = market.started()
    pay(market, order, offer(market, order))
    ok(seller.post(extras(order, f'/{offer(market, order)}/withdraw')))
    ok(buyer.post(extras(order, f'/{offer(market, order)}/decline')))
    names = [event['name'] for event in ok(buyer.get(f'/orders/{order["id"]}/events'))['items']]
    assert names[4:] == [
        'ExtraOffered',
        'PaymentStarted',
        'ExtraPaid',
        'ExtraOffered',
        'ExtraWithdrawn',
        'ExtraOffered',
        'ExtraDeclined',
    ]
