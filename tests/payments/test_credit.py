"""Credit: what is in a wallet, what was given, and what is paid with it; and tips."""

import json

import pytest

from chalicelib import db
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Line, Posting
from chalicelib.payments import actions as payments
from tests.support import resources
from tests.support.api import Person
from tests.support.audit import audit
from tests.support.market import (
    COMMISSION,
    DAY,
    FEE,
    GIG,
    NET,
    PRICE,
    TOTAL,
    balances,
    give_promo,
    ok,
    owe,
    run_provider,
    run_timers,
    send_back,
)
from tests.support.requests import offer

TOP_UP = {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}
BOTH = {'method': 'sandbox_card_ok', 'use_credit': True}
CREDIT = {'use_credit': True}
CARD = {'method': 'sandbox_card_ok'}


def balance(person, currency='USD'):
    return next(one for one in ok(person.get('/me/balance'))['balances'] if one['currency'] == currency)


def credit(person):
    return balance(person)['wallet_minor'], balance(person)['promo_minor']


def top_up(person, minor=4_000, **other):
    return ok(person.post('/me/wallet/top-ups', TOP_UP | {'amount_minor': minor} | other), 201)


def pay(market, order, how=BOTH, status=201):
    return ok(market.buyer.post(f'/orders/{order["id"]}/payments', how), status)


def means(payment):
    return payment['amount_minor'], payment['wallet_minor'], payment['promo_minor']


def decide(market, payment, *, approved):
    ok(market.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': approved}))
    assert run_provider() == ['settle_payment']
    return ok(market.buyer.get(f'/payments/{payment["id"]}'))


def tip(person, order, minor=1_000, how=CARD):
    return person.post(f'/orders/{order["id"]}/tips', {'amount_minor': minor} | how)


def test_a_top_up_is_in_the_wallet(buyer):
    payment = top_up(buyer)
    assert (payment['state'], payment['purpose'], payment['order_id']) == ('succeeded', 'top_up', None)
    assert (credit(buyer), balances()) == ((4_000, 0), {f'buyer.wallet:{buyer.id}': 4_000})
    audit()


def test_a_top_up_waits_for_its_confirmation_and_never_comes_too_late(market, buyer, clock):
    payment = top_up(buyer, method='sandbox_card_confirm')
    assert (payment['state'], credit(buyer)) == ('requires_action', (0, 0))
    assert decide(market, payment, approved=True)['state'] == 'succeeded'
    assert credit(buyer) == (4_000, 0)
    declined = top_up(buyer, method='sandbox_card_declined')
    assert (declined['state'], credit(buyer)) == ('failed', (4_000, 0))
    waits = top_up(buyer, method='sandbox_card_confirm')
    clock.shift(31 * 60)
    assert run_timers() == ['settle_payment']
    assert ok(buyer.get(f'/payments/{waits["id"]}'))['failure'] == 'expired'
    audit()


def test_a_top_up_that_is_asked_for_again_is_one(buyer):
    payments = [ok(buyer.post('/me/wallet/top-ups', TOP_UP, key='same'), 201) for _ in range(2)]
    assert payments[0] == payments[1]
    assert buyer.post('/me/wallet/top-ups', TOP_UP | {'amount_minor': 5_000}, key='same').status == 422
    assert credit(buyer) == (4_000, 0)
    audit()


@pytest.mark.parametrize(
    ('wrong', 'pointer'),
    [
        ({'amount_minor': 499}, '#/amount_minor'),
        ({'amount_minor': 0}, '#/amount_minor'),
        ({'amount_minor': -4_000}, '#/amount_minor'),
        ({'amount_minor': 40.5}, '#/amount_minor'),
        ({'amount_minor': 2_000_001}, '#/amount_minor'),
        ({'amount_minor': 5_000_050, 'currency': 'IDR'}, '#/amount_minor'),
        ({'currency': 'EUR'}, '#/currency'),
        ({'method': None}, '#/method'),
        ({'method': ''}, '#/method'),
        ({'use_credit': True}, '#/use_credit'),
    ],
)
def test_a_top_up_has_limits(buyer, wrong, pointer):
    answer = buyer.post('/me/wallet/top-ups', TOP_UP | wrong)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert balances() == {}


def test_credit_pays_for_all_of_it(market, buyer):
    top_up(buyer, 20_000)
    payment = pay(market, market.placed(), CREDIT)
    assert (payment['state'], means(payment)) == ('succeeded', (0, TOTAL, 0))
    assert credit(buyer) == (20_000 - TOTAL, 0)
    audit()


def test_a_method_that_is_not_needed_is_not_used(market, buyer):
    top_up(buyer, TOTAL)
    payment = pay(market, market.placed(), BOTH | {'method': 'sandbox_card_declined'})
    assert (payment['state'], means(payment), credit(buyer)) == ('succeeded', (0, TOTAL, 0), (0, 0))
    audit()


def test_credit_pays_for_a_part_and_the_card_for_the_rest(market, buyer):
    top_up(buyer)
    payment = pay(market, market.placed())
    assert (payment['state'], means(payment), credit(buyer)) == ('succeeded', (TOTAL - 4_000, 4_000, 0), (0, 0))
    audit()


@pytest.mark.parametrize('how', [CARD, CARD | {'use_credit': False}])
def test_credit_is_used_only_where_it_is_asked_for(market, buyer, how):
    top_up(buyer)
    payment = pay(market, market.placed(), how)
    assert (means(payment), credit(buyer)) == ((TOTAL, 0, 0), (4_000, 0))
    audit()


@pytest.mark.parametrize('minor', [0, 4_000, TOTAL - 1])
def test_who_has_too_little_credit_says_how_to_pay_the_rest(market, buyer, minor):
    if minor:
        top_up(buyer, minor)
    order, before = market.placed(), balances()
    refused = buyer.post(f'/orders/{order["id"]}/payments', CREDIT)
    assert (refused.status, refused.pointers) == (422, ['#/method'])
    assert buyer.post(f'/orders/{order["id"]}/payments', {}).pointers == ['#/method']
    assert (balances(), market.order(order['id'])['payment_id']) == (before, None)


@pytest.mark.parametrize(
    ('wallet', 'promo', 'expected'),
    [
        (TOTAL - 1, 0, (50, TOTAL - 50, 0)),
        (TOTAL - 49, 0, (50, TOTAL - 50, 0)),
        (TOTAL - 50, 0, (50, TOTAL - 50, 0)),
        (TOTAL - 51, 0, (51, TOTAL - 51, 0)),
        (TOTAL, 0, (0, TOTAL, 0)),
        (TOTAL - 500, 499, (50, TOTAL - 549, 499)),
        (500, TOTAL - 501, (50, 451, TOTAL - 501)),
        (0, TOTAL - 1, (50, 0, TOTAL - 50)),
    ],
)
def test_credit_leaves_to_the_card_what_a_provider_takes_or_nothing(market, buyer, wallet, promo, expected):
    if wallet:
        top_up(buyer, wallet)
    if promo:
        give_promo(buyer, promo)
    assert means(pay(market, market.placed())) == expected
    assert credit(buyer) == (wallet - expected[1], promo - expected[2])
    audit()


def test_in_rupiah_that_is_ten_thousand(market, buyer):
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = market.placed(market.gig(currency='IDR', packages=[package], extras=[]))
    total = order['buyer_total_minor']
    top_up(buyer, total - 100, currency='IDR')
    assert means(pay(market, order)) == (1_000_000, total - 1_000_000, 0)
    audit()


@pytest.mark.parametrize(('held', 'expected'), [(41, (42, 0, 0)), (42, (0, 0, 42))])
def test_what_is_less_than_a_provider_takes_is_paid_with_credit_alone_or_not_at_all(market, buyer, held, expected):
    give_promo(buyer, held)
    order = market.started()
    extra_id = offer(market, order, price_minor=40)
    assert means(ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', BOTH), 201)) == expected
    audit()


def test_credit_that_was_given_is_used_first(market, buyer):
    top_up(buyer)
    give_promo(buyer, 1_000)
    assert credit(buyer) == (4_000, 1_000)
    assert means(pay(market, market.placed())) == (TOTAL - 5_000, 4_000, 1_000)
    give_promo(buyer, 20_000)
    top_up(buyer)
    assert means(pay(market, market.placed(), CREDIT)) == (0, 0, TOTAL)
    assert credit(buyer) == (4_000, 20_000 - TOTAL)
    audit()


def test_credit_is_of_one_currency(market, buyer):
    top_up(buyer, 30_000_000_00, currency='IDR')
    order = market.placed()
    assert buyer.post(f'/orders/{order["id"]}/payments', CREDIT).pointers == ['#/method']
    assert means(pay(market, order)) == (TOTAL, 0, 0)
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    in_rupiah = market.placed(market.gig(currency='IDR', packages=[package], extras=[]))
    assert means(pay(market, in_rupiah, CREDIT))[1] == in_rupiah['buyer_total_minor']
    audit()


def test_credit_is_set_aside_while_a_payment_waits(market, buyer):
    top_up(buyer)
    give_promo(buyer, 1_000)
    payment = pay(market, market.placed(), BOTH | {'method': 'sandbox_card_confirm'})
    assert (payment['state'], credit(buyer)) == ('requires_action', (0, 0))
    assert balances() == {f'buyer.reserved:{payment["id"]}': 5_000}
    assert [(one['reason'], one['amount_minor'], one['rule']) for one in balance(buyer)['pending']] == [
        ('reserved', 5_000, 'until_paid')
    ]
    audit()
    assert decide(market, payment, approved=True)['state'] == 'succeeded'
    assert balance(buyer)['pending'] == []
    audit()


@pytest.mark.parametrize('end', ['refused', 'expired', 'declined', 'order cancelled'])
def test_credit_is_back_when_a_payment_fails(market, buyer, seller, clock, end):
    top_up(buyer)
    give_promo(buyer, 1_000)
    order = market.placed()
    payment = pay(market, order, BOTH | {'method': f'sandbox_card_{"declined" if end == "declined" else "confirm"}'})
    if end == 'refused':
        payment = decide(market, payment, approved=False)
    if end == 'order cancelled':
        ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    clock.shift(31 * 60)
    run_timers()
    assert ok(buyer.get(f'/payments/{payment["id"]}'))['state'] == 'failed'
    assert (credit(buyer), balance(buyer)['pending']) == ((4_000, 1_000), [])
    audit()


def test_another_attempt_uses_the_credit_that_came_back(market, buyer):
    top_up(buyer)
    order = market.placed()
    pay(market, order, BOTH | {'method': 'sandbox_card_declined'})
    assert means(pay(market, order)) == (TOTAL - 4_000, 4_000, 0)
    audit()


def test_two_orders_do_not_use_the_same_credit(market, buyer, meanwhile):
    top_up(buyer)
    first, second = market.placed(), market.placed()
    assert means(pay(market, first, BOTH | {'method': 'sandbox_card_confirm'})) == (TOTAL - 4_000, 4_000, 0)
    assert means(pay(market, second)) == (TOTAL, 0, 0)
    audit()
    top_up(buyer)
    third, fourth = market.placed(), market.placed()
    meanwhile(lambda: pay(market, third))
    assert means(pay(market, fourth)) == (TOTAL, 0, 0)
    assert credit(buyer) == (0, 0)
    audit()


def test_a_capture_that_comes_too_late_gives_the_card_and_the_credit_back(market, buyer, seller):
    top_up(buyer)
    give_promo(buyer, 1_000)
    order = market.placed()
    payment = pay(market, order, BOTH | {'method': 'sandbox_card_confirm'})
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    assert decide(market, payment, approved=True)['state'] == 'returned'
    after = market.order(order['id'])
    assert (after['funds'], credit(buyer)) == ('refunding', (4_000, 1_000))
    audit()
    assert run_timers() == ['send_refund']
    assert (market.order(order['id'])['funds'], market.order(order['id'])['refunded_minor']) == ('refunded', 0)
    audit()


def test_what_was_paid_with_credit_alone_for_an_order_that_ended_meanwhile_is_back(market, buyer, seller, monkeypatch):
    from chalicelib.payments import actions
    from chalicelib.payments.port import OutcomeUnknown

    def dies(*_):
        raise OutcomeUnknown

    top_up(buyer, TOTAL)
    order = market.placed()
    monkeypatch.setattr(actions, '_ask', dies)
    payment = pay(market, order, CREDIT)
    monkeypatch.undo()
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    assert actions.settle(payment['id']).state == 'returned'
    assert (credit(buyer), market.order(order['id'])['funds']) == ((TOTAL, 0), 'refunded')
    audit()


def test_a_payment_that_failed_and_was_paid_after_all_gives_no_credit_twice(market, buyer):
    from chalicelib.payments import actions
    from chalicelib.payments.sandbox import store as sandbox
    from chalicelib.payments.sandbox.provider import _paid

    top_up(buyer)
    order = market.placed()
    payment = pay(market, order, BOTH | {'method': 'sandbox_card_declined'})
    sandbox.settle(payment['id'], 'succeeded', when='failed', line=_paid(sandbox.get(payment['id'])))
    assert actions.settle(payment['id']).state == 'returned'
    assert run_timers() == ['send_refund']
    assert credit(buyer) == (4_000, 0)
    audit()


def test_the_same_request_uses_credit_once(market, buyer):
    top_up(buyer)
    order = market.placed()
    path = f'/orders/{order["id"]}/payments'
    first = ok(buyer.post(path, BOTH, key='same'), 201)
    assert ok(buyer.post(path, BOTH, key='same'), 201) == first
    assert buyer.post(path, CARD, key='same').status == 422
    assert buyer.post(path, BOTH).problem == 'order-state'
    assert credit(buyer) == (0, 0)
    audit()


def test_credit_pays_for_extras_and_tips(market, buyer, seller):
    top_up(buyer)
    give_promo(buyer, 500)
    order = market.delivered()
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', CREDIT), 201)
    assert means(extra) == (0, 1_610, 500)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert means(ok(tip(buyer, order, 3_000, BOTH), 201)) == (610, 2_390, 0)
    assert (credit(buyer), balance(seller)['available_minor']) == ((0, 0), 2_400)
    audit()


def test_a_tip_is_the_sellers_at_once_less_the_commission(market, buyer, seller):
    order = market.completed()
    payment = ok(tip(buyer, order), 201)
    assert (payment['purpose'], payment['state'], payment['order_id']) == ('tip', 'succeeded', order['id'])
    ok(tip(buyer, order, 101), 201)
    after = market.order(order['id'])
    assert (after['tips_minor'], after['funds'], after['refunded_minor'], after['release_at']) == (
        1_101,
        'clearing',
        0,
        order['release_at'],
    )
    assert balances() == {
        f'seller.available:{seller.id}': 800 + 81,
        f'seller.clearing:{seller.id}:{order["id"]}': NET,
        f'fee.commission:{order["id"]}': COMMISSION,
    }
    audit()


def test_a_tip_pays_what_its_seller_owes(market, buyer, seller, support, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_500, 'reason': 'Late'}), 201)
    assert balance(seller)['owed_minor'] == 1_200
    ok(tip(buyer, order), 201)
    assert (balance(seller)['owed_minor'], balance(seller)['available_minor']) == (400, 0)
    ok(tip(buyer, order), 201)
    assert (balance(seller)['owed_minor'], balance(seller)['available_minor']) == (0, 400)
    run_timers()
    audit()


def repaid(txid, person):
    [row] = [row for row in resources.rows('journal') if row['row'] == 'journal' and row['txid'].startswith(txid)]
    return dict(json.loads(row['lines'])).get(f'receivable.seller:{person.id}', 0)


def owed_and_credit(person):
    return balance(person)['owed_minor'], *credit(person)


@pytest.mark.parametrize(('owed', 'expected'), [(1_000, (0, 3_000, 0)), (4_000, (0, 0, 0)), (9_000, (5_000, 0, 0))])
def test_what_is_owed_is_paid_with_a_top_up_that_was_begun_before(market, buyer, owed, expected):
    payment = top_up(buyer, method='sandbox_card_confirm')
    owe(buyer, owed)
    assert decide(market, payment, approved=True)['state'] == 'succeeded'
    assert (owed_and_credit(buyer), repaid('pay:', buyer)) == (expected, min(owed, 4_000))
    audit()


@pytest.mark.parametrize(('owed', 'expected'), [(200, (0, 0, 300)), (900, (400, 0, 0))])
def test_what_is_owed_is_paid_with_credit_that_is_given(market, buyer, owed, expected):
    boss, second = Person('boss', 'admin'), Person('second', 'admin')
    owe(buyer, owed)
    wanted = {'kind': 'promo_credit', 'user_id': buyer.id, 'currency': 'USD', 'amount_minor': 500}
    proposed = ok(boss.post('/admin/adjustments', {'wanted': wanted, 'reason': 'For the wait'}), 201)
    ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))
    assert owed_and_credit(buyer) == expected


def test_what_is_owed_is_paid_with_what_a_refund_puts_into_the_wallet_and_not_with_what_was_given(market, buyer, seller):
    top_up(buyer)
    give_promo(buyer, 1_000)
    order = market.placed()
    pay(market, order)
    owe(buyer, 1_500)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    assert owed_and_credit(buyer) == (0, 2_500, 1_000)
    run_timers()
    after = market.order(order['id'])
    assert (after['funds'], after['refunded_minor'], repaid('refund:', buyer)) == ('refunded', TOTAL, 1_500)
    audit()


def test_what_is_owed_is_paid_with_a_refund_that_could_not_be_sent(market, buyer, seller):
    order = market.paid(method='sandbox_card_no_refund')
    owe(buyer, 1_500)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    run_timers()
    assert owed_and_credit(buyer) == (0, TOTAL - 1_500, 0)
    audit()


def test_what_is_owed_is_paid_with_a_refund_that_came_back(market, buyer):
    order = market.cancelled()
    run_timers()
    owe(buyer, 1_500)
    send_back(order['refunds'][0], order['payment_id'])
    assert run_timers() == ['read_notice']
    assert owed_and_credit(buyer) == (0, TOTAL - 1_500, 0)
    audit()


@pytest.mark.parametrize('approved', [True, False])
def test_what_is_owed_is_paid_with_credit_that_a_payment_does_not_use_after_all(market, buyer, seller, approved):
    top_up(buyer)
    give_promo(buyer, 1_000)
    order = market.placed()
    payment = pay(market, order, BOTH | {'method': 'sandbox_card_confirm'})
    owe(buyer, 1_500)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    decide(market, payment, approved=approved)
    run_timers()
    assert owed_and_credit(buyer) == (0, 2_500, 1_000)
    audit()


def test_nobody_pays_more_than_they_owe_by_now(market, buyer, meanwhile):
    """The debt that a top-up was to pay is paid by another one first."""
    first, other = (top_up(buyer, method='sandbox_card_confirm') for _ in range(2))
    owe(buyer, 3_000)
    for payment in (first, other):
        ok(buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    resources.drain('provider')
    meanwhile(lambda: payments.settle(other['id']))
    assert payments.settle(first['id']).state == 'succeeded'
    assert owed_and_credit(buyer) == (0, 5_000, 0)
    audit()


@pytest.mark.parametrize('prepare', ['placed', 'paid', 'started', 'delivered', 'cancelled'])
def test_who_has_not_accepted_anything_gives_no_tip(market, buyer, prepare):
    assert tip(buyer, getattr(market, prepare)()).problem == 'order-state'


def test_tips_are_the_buyers_to_give(market, seller, stranger, support):
    order = market.completed()
    for person, status in ((seller, 403), (support, 403), (stranger, 404)):
        assert tip(person, order).status == status
    assert tip(market.buyer, {'id': 'ord_01ARZ3NDEKTSV4RRFFQ69G5FAV'}).status == 404


@pytest.mark.parametrize('minor', [-1, 0, 99, 100.5, '1000', None, 2_000_001, 10**13])
def test_a_tip_has_limits(market, buyer, minor):
    order = market.completed()
    answer = tip(buyer, order, minor)
    assert (answer.status, answer.pointers) == (422, ['#/amount_minor'])
    assert market.order(order['id'])['tips_minor'] == 0


def test_tips_that_wait_for_their_confirmation_come_to_the_price_at_most(market, buyer):
    order = market.completed()
    waiting = [ok(tip(buyer, order, NET, {'method': 'sandbox_card_confirm'}), 201) for _ in range(2)]
    for payment in waiting:
        ok(buyer.post(f'/sandbox/payments/{payment["id"]}/confirmation', {'approved': True}))
        payments.settle(payment['id'])
    assert [ok(buyer.get(f'/payments/{payment["id"]}'))['state'] for payment in waiting] == ['succeeded', 'returned']
    assert market.order(order['id'])['tips_minor'] == NET
    run_timers()
    assert [refund['state'] for refund in market.order(order['id'])['refunds']] == ['succeeded']
    audit()


def test_a_tip_in_rupiah_is_of_whole_rupiah(market, buyer, seller):
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = market.completed(market.gig(currency='IDR', packages=[package], extras=[]))
    assert tip(buyer, order, 1_000_050).pointers == ['#/amount_minor']
    ok(tip(buyer, order, 1_000_300), 201)
    assert balance(seller, 'IDR')['available_minor'] == 800_200
    audit()


def test_a_tip_that_is_sent_twice_is_given_once(market, buyer, seller):
    order = market.completed()
    path, body = f'/orders/{order["id"]}/tips', CARD | {'amount_minor': 1_000}
    first = ok(buyer.post(path, body, key='same'), 201)
    assert ok(buyer.post(path, body, key='same'), 201) == first
    assert market.order(order['id'])['tips_minor'] == 1_000
    audit()


def test_a_tip_that_is_declined_is_none(market, buyer, seller):
    order = market.completed()
    payment = ok(tip(buyer, order, how={'method': 'sandbox_card_declined'}), 201)
    assert (payment['state'], payment['failure']) == ('failed', 'card_declined')
    assert (market.order(order['id'])['tips_minor'], balance(seller)['available_minor']) == (0, 0)
    audit()


def test_a_tip_that_is_confirmed_while_a_bank_decides_goes_back(market, buyer, seller):
    order = market.completed()
    payment = ok(tip(buyer, order, how={'method': 'sandbox_card_confirm'}), 201)
    _, ref = market.charged(order)
    assert decide(market, payment, approved=True)['state'] == 'returned'
    assert run_timers() == ['send_refund']
    audit()
    market.decide(ref, won=True)
    assert (market.order(order['id'])['tips_minor'], market.order(order['id'])['funds']) == (0, 'clearing')
    audit()


def test_a_tip_and_a_release_at_once_are_both_made(market, buyer, seller, clock, meanwhile):
    order = market.completed()
    clock.shift(14 * DAY + 1)
    meanwhile(run_timers)
    ok(tip(buyer, order), 201)
    after = market.order(order['id'])
    assert (after['tips_minor'], after['funds'], balance(seller)['available_minor']) == (1_000, 'released', NET + 800)
    audit()


def test_nobody_tips_more_debt_away_than_there_is(market, buyer, seller, meanwhile):
    """The debt that a tip was to pay is paid by another one first."""
    order = market.completed()
    lines = (Line(f'receivable.seller:{seller.id}', -800, seller.id), Line('psp.clearing:sandbox', 800))
    db.atomically(lambda tx: ledger.post(tx, Posting('lent:1', 'lent', 'USD', lines)), by='provider:sandbox')
    rival = []

    def first():
        if not rival:
            rival.append(ok(tip(buyer, order), 201))

    meanwhile(first)
    ok(tip(buyer, order), 201)
    assert (balance(seller)['owed_minor'], balance(seller)['available_minor']) == (0, 800)
    assert (market.order(order['id'])['tips_minor'], PRICE + FEE) == (2_000, TOTAL)
