"""A bank claims back part of a payment, or what has gone back already: nobody gets it twice, and we do not keep it."""

import pytest

from chalicelib.money import Money
from chalicelib.payments.port import Outcome, Status
from chalicelib.payments.sandbox import provider as sandbox
from chalicelib.payments.sandbox import store as sandbox_store
from chalicelib.payments.sandbox.provider import Sandbox
from tests.support import resources
from tests.support.api import deliver
from tests.support.audit import audit
from tests.support.market import ANSWERS, DAY, NET, TOTAL, balances, claim_part, ok, run_provider, run_timers, send_back
from tests.support.requests import offer


def usd(person):
    return next(balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')


def claim(payment_id, minor, prefix='scb_'):
    ref = claim_part({'id': payment_id, 'currency': 'USD'}, minor, prefix=prefix)
    tell(ref)
    return ref


def lose(ref):
    rule(ref, won=False)


def rule(ref, *, won):
    sandbox.rule_on_chargeback(ref, is_won=won)
    tell(ref)


def tell(ref):
    resources.drain('provider')
    assert deliver('settle_with_provider', {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': ref}) == []


def settle(clock):
    for _ in range(2):
        clock.shift(3_601)
        run_timers()
    audit()


def loss():
    rows = (row for row in resources.rows('journal') if row['row'] == 'entry')
    return -sum(row['minor'] for row in rows if row['account'] == 'expense.chargeback:loss')


def sent(refund_id):
    there = sandbox_store.get(refund_id)
    return there and (there.status, there.minor)


def told(market, order):
    return [(refund['state'], refund['amount_minor']) for refund in market.order(order['id'])['refunds']]


@pytest.mark.parametrize('is_looked_at_before', [True, False])
def test_of_a_refund_that_was_not_sent_what_the_bank_did_not_take_is_sent(market, clock, is_looked_at_before):
    order = market.cancelled()
    ref = claim(order['payment_id'], 3_000)
    if is_looked_at_before:
        run_timers()
        assert told(market, order) == [('requested', TOTAL)]
    lose(ref)
    settle(clock)
    assert told(market, order) == [('succeeded', TOTAL - 3_000)]
    assert sent(order['refunds'][0]['id']) == ('succeeded', TOTAL - 3_000)
    after = market.order(order['id'])
    assert (after['refunded_minor'], after['charged_back_minor']) == (TOTAL - 3_000, 3_000)
    assert (loss(), balances()) == (0, {})


def test_what_the_bank_did_not_take_of_work_in_progress_is_sent(market, clock):
    order = market.delivered()
    lose(claim(order['payment_id'], 5_000))
    settle(clock)
    assert (told(market, order), loss(), balances()) == ([('succeeded', TOTAL - 5_000)], 0, {})


@pytest.mark.parametrize('role', ['seller', 'support'])
def test_a_refund_that_is_asked_for_after_a_bank_took_part_is_sent(market, seller, support, clock, role):
    order = market.completed()
    lose(claim(order['payment_id'], 1_000))
    who = {'seller': seller, 'support': support}[role]
    ok(who.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 4_000, 'reason': 'Not what they wanted'}), 201)
    settle(clock)
    assert (told(market, order), loss()) == ([('succeeded', 4_000)], 0)


def test_two_banks_words_on_one_payment_leave_what_neither_took(market, clock):
    order = market.cancelled()
    first = claim(order['payment_id'], 3_000)
    second = claim(order['payment_id'], 2_000, 'scc_')
    lose(first)
    settle(clock)
    assert told(market, order) == [('requested', TOTAL)], 'one of them is open'
    lose(second)
    settle(clock)
    assert (told(market, order), loss(), balances()) == ([('succeeded', TOTAL - 5_000)], 0, {})


def test_a_refund_is_superseded_in_part_by_one_chargeback_and_then_by_another(market, seller, clock):
    order = market.cancelled()
    lose(claim(order['payment_id'], 3_000))
    run_timers()
    assert told(market, order) == [('requested', TOTAL - 3_000)]
    lose(claim(order['payment_id'], 2_000, 'scc_'))
    settle(clock)
    assert (told(market, order), loss(), balances()) == ([('succeeded', TOTAL - 5_000)], 0, {})
    names = [one['id'] for one in ok(market.buyer.get(f'/orders/{order["id"]}/transactions'))['items']]
    assert len([name for name in names if name.startswith('refund_superseded:')]) == 2


@pytest.mark.parametrize('when', ['open', 'lost'])
def test_a_refund_that_fails_gives_the_wallet_what_the_bank_did_not_take(market, buyer, clock, monkeypatch, when):
    order = market.cancelled()
    refused = {'money': Money(TOTAL, 'USD'), 'status': Status.FAILED, 'failure': 'disputed'}
    monkeypatch.setattr(Sandbox, 'find_refund', lambda _, refund_id, *__: Outcome(refund_id, **refused))
    ref = claim(order['payment_id'], 3_000)
    if when == 'open':
        run_timers()
    lose(ref)
    settle(clock)
    assert (told(market, order), usd(buyer)['wallet_minor'], loss()) == ([('failed', TOTAL - 3_000)], TOTAL - 3_000, 0)


@pytest.mark.parametrize('when', ['open', 'lost'])
def test_of_a_refund_that_comes_back_the_buyer_has_what_the_bank_did_not_take(market, buyer, clock, when):
    order = market.cancelled()
    run_timers()
    ref = claim(order['payment_id'], 3_000)
    if when == 'lost':
        lose(ref)
    send_back(order['refunds'][0], order['payment_id'])
    run_timers()
    if when == 'open':
        lose(ref)
    settle(clock)
    assert (told(market, order), usd(buyer)['wallet_minor'], loss()) == ([('returned', TOTAL - 3_000)], TOTAL - 3_000, 0)


def test_what_was_taken_from_the_wallet_leaves_the_other_refunds_as_they_are(market, buyer, seller, clock, monkeypatch):
    order = market.delivered()
    with monkeypatch.context() as patch:
        refused = {'money': Money(3_000, 'USD'), 'status': Status.FAILED, 'failure': 'expired_card'}
        patch.setattr(Sandbox, 'find_refund', lambda _, refund_id, *__: Outcome(refund_id, **refused))
        ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 3_000, 'reason': 'Late'}), 201)
        run_timers()
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    lose(claim(order['payment_id'], 5_000))
    settle(clock)
    assert sorted(told(market, order)) == [('failed', 3_000), ('succeeded', TOTAL - 5_000)]
    assert (usd(buyer)['wallet_minor'], loss()) == (0, 0)


def test_what_a_bank_took_of_the_rest_of_an_order_is_not_saved_once_more(market, buyer, seller, clock):
    order = market.started()
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{offer(market, order)}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_000, 'reason': 'Late'}), 201)
    lose(claim(order['payment_id'], TOTAL))
    settle(clock)
    kept = market.order(order['id'])
    assert kept['refunded_minor'] + kept['charged_back_minor'] == TOTAL + extra['amount_minor']
    assert loss() == 0


def a_late_payment(market, buyer):
    order = market.placed()
    payment = ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'}))
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/confirmation', {'approved': True}))
    run_provider()
    assert told(market, order) == [('requested', TOTAL)]
    return order, payment


@pytest.mark.parametrize(('claimed', 'won'), [(TOTAL, False), (TOTAL, True), (3_000, False)])
def test_a_late_payment_that_is_claimed_back_is_not_paid_back_twice(market, buyer, clock, claimed, won):
    order, payment = a_late_payment(market, buyer)
    ref = claim(payment['id'], claimed)
    run_timers()
    assert told(market, order) == [('requested', TOTAL)], 'it waits for the bank'
    rule(ref, won=won)
    settle(clock)
    rest = TOTAL if won else TOTAL - claimed
    assert told(market, order) == [('succeeded', rest) if rest else ('superseded', TOTAL)]
    assert (loss(), balances(), market.order(order['id'])['funds']) == (0, {}, 'refunded')


@pytest.mark.parametrize('won', [True, False])
def test_a_late_payment_that_went_into_the_wallet_is_taken_from_there(market, buyer, clock, monkeypatch, won):
    _, payment = a_late_payment(market, buyer)
    refused = {'money': Money(TOTAL, 'USD'), 'status': Status.FAILED, 'failure': 'expired_card'}
    monkeypatch.setattr(Sandbox, 'find_refund', lambda _, refund_id, *__: Outcome(refund_id, **refused))
    run_timers()
    assert usd(buyer)['wallet_minor'] == TOTAL
    ref = claim(payment['id'], TOTAL)
    assert usd(buyer)['wallet_minor'] == 0
    rule(ref, won=won)
    settle(clock)
    assert (usd(buyer)['wallet_minor'], loss()) == (TOTAL if won else 0, 0)


def test_no_more_is_taken_from_a_wallet_than_refunds_have_put_there(market, buyer):
    order = market.paid(method='sandbox_card_no_refund')
    ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'No longer needed'}))
    run_timers()
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 5_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    lose(claim(order['payment_id'], 6_000))
    lose(claim(order['payment_id'], 6_000, 'scc_'))
    assert (usd(buyer)['wallet_minor'], loss()) == (5_000, 12_000 - TOTAL)
    audit()


def test_chargebacks_of_a_tip_take_no_more_than_it_gave(market, buyer, seller, clock):
    order = market.released(clock)
    tip = ok(buyer.post(f'/orders/{order["id"]}/tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'}), 201)
    assert usd(seller)['available_minor'] == NET + 800
    for prefix in ('scb_', 'scc_'):
        lose(claim(tip['id'], 500, prefix))
    assert (usd(seller)['available_minor'], loss()) == (NET, 200)
    audit()


def test_two_chargebacks_of_a_released_order_are_explained_as_long_as_each_is_open(market, buyer, seller, clock):
    order = market.started()
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{offer(market, order)}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    clock.shift(14 * DAY + 1)
    run_timers()
    earned = usd(seller)['available_minor']

    def is_explained():
        seen = usd(seller)
        return seen['available_minor'] + seen['pending_minor'] == earned, seen['pending_minor'], seen['owed_minor']

    first = claim(extra['id'], 1_000)
    assert is_explained() == (True, 1_000, 0)
    second = claim(order['payment_id'], 2_000)
    assert is_explained() == (True, 3_000, 0)
    rule(first, won=True)
    assert is_explained() == (True, 2_000, 0)
    rule(second, won=True)
    assert is_explained() == (True, 0, 0)
    audit()


@pytest.mark.parametrize('wallet_minor', [2_000, 2_550])
def test_the_commission_on_accepted_work_stays_ours_when_the_sellers_part_is_used_up(
    market, buyer, seller, clock, wallet_minor
):
    top_up = {'amount_minor': wallet_minor, 'currency': 'USD', 'method': 'sandbox_card_ok'}
    ok(buyer.post('/me/wallet/top-ups', top_up), 201)
    order = market.placed()
    path = f'/orders/{order["id"]}'
    ok(buyer.post(f'{path}/payments', {'use_credit': True, 'method': 'sandbox_card_ok'}), 201)
    ok(buyer.post(f'{path}/requirements', ANSWERS))
    ok(seller.post(f'{path}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'{path}/accept'))
    lose(claim(market.order(order['id'])['payment_id'], TOTAL - wallet_minor))
    assert (usd(buyer)['wallet_minor'], usd(seller)['pending_minor']) == (0, 0)
    assert market.order(order['id'])['funds'] == 'clearing'
    clock.shift(14 * DAY + 1)
    assert 'release_payment' in run_timers()
    assert (market.order(order['id'])['funds'], balances()) == ('released', {})
    audit()
