"""What moved the money of an order, from its own transactions: nothing is missing, and nobody sees whose debts are whose."""

from collections import Counter

import pytest

from tests.support.api import Person
from tests.support.market import DAY, TOTAL, ok, owe, run_timers, send_back
from tests.support.requests import offer


def trail(person, order_id):
    return ok(person.get(f'/orders/{order_id}/transactions'))['items']


def held(transactions):
    """What they have left on each kind of account."""
    sums = Counter()
    for transaction in transactions:
        for line in transaction['lines']:
            sums[line['account']] += line['amount_minor']
    return {account: minor for account, minor in sums.items() if minor}


def pending(person):
    (usd,) = (balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')
    return usd['pending']


def follow(person, amount):
    answer = ok(person.get(amount['explained_by']))
    return answer.get('items', [answer])


def test_what_is_held_in_escrow_and_in_clearing_is_what_its_transactions_left(market, seller, buyer):
    order = market.delivered()
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_055, 'reason': 'One file is missing'}), 201)
    run_timers()
    (amount,) = pending(seller)
    left = held(follow(seller, amount))
    assert amount['reason'] == 'in_escrow'
    assert amount['amount_minor'] == left['escrow'] * 80 // 100 == 7_200
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    (amount,) = pending(seller)
    assert (amount['reason'], held(follow(seller, amount))['seller.clearing']) == ('clearing', amount['amount_minor'])


def test_a_refund_of_two_payments_is_explained_leg_by_leg(market, seller, buyer):
    order = market.started()
    extra = offer(market, order)
    ok(buyer.post(f'/orders/{order["id"]}/extras/{extra}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'I am ill'}))
    amounts = pending(buyer)
    assert len(amounts) == 2
    for amount in amounts:
        lines = [line for one in follow(buyer, amount) for line in one['lines'] if line['account'] == 'refund']
        assert amount['amount_minor'] in [line['amount_minor'] for line in lines]
    run_timers()
    assert pending(buyer) == []
    assert set(held(trail(buyer, order['id']))) == {'psp.clearing', 'psp.balance'}


def test_what_is_reserved_and_paid_out_names_its_transaction(market, seller, clock):
    market.released(clock)
    ok(seller.post('/payouts', {'amount_minor': 500, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    (amount,) = pending(seller)
    (transaction,) = follow(seller, amount)
    assert held([transaction])['payout'] == amount['amount_minor']


def test_a_tip_by_card_is_in_it_for_both(market, buyer, seller, clock):
    order = market.released(clock)
    ok(buyer.post(f'/orders/{order["id"]}/tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'}), 201)
    for person, whose in ((buyer, 'other_side'), (seller, 'yours')):
        found = {transaction['event']: transaction['lines'] for transaction in trail(person, order['id'])}
        assert found.keys() == {'payment_captured', 'order_completed', 'payment_released', 'tip_captured'}
        lines = {line['account']: line for line in found['tip_captured']}
        assert (lines['seller.available']['amount_minor'], lines['seller.available']['whose']) == (800, whose)


def test_a_debt_of_the_seller_is_nothing_that_the_buyer_sees(market, buyer, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', {'amount_minor': 8_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    run_timers()
    _, ref = market.charged(order)
    market.decide(ref, won=False)
    clock.shift(DAY)
    assert 'receivable.seller' in held(trail(seller, order['id']))
    assert 'receivable.seller' not in held(trail(buyer, order['id']))
    assert {one['event'] for one in trail(buyer, order['id'])} >= {'chargeback_opened', 'chargeback_lost'}


@pytest.mark.parametrize(('owed', 'in_wallet'), [(1_500, 2_500), (4_000, 0), (9_000, 0)])
def test_a_debt_of_the_buyer_is_nothing_that_the_seller_sees(market, buyer, seller, owed, in_wallet):
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    owe(buyer, owed)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'I am ill'}))
    lines = {}
    for name, person in (('buyer', buyer), ('seller', seller), ('support', Person('support', 'support'))):
        found = next(one for one in trail(person, order['id']) if one['event'] == 'refund_requested')
        lines[name] = {line['account']: (line['amount_minor'], line['whose']) for line in found['lines']}
    assert lines['buyer']['receivable.seller'] == (4_000 - in_wallet, 'yours')
    assert ('receivable.seller' in lines['seller'], lines['seller']['buyer.wallet']) == (False, (4_000, 'other_side'))
    assert lines['support']['receivable.seller'] == (4_000 - in_wallet, 'other_side')


def test_a_refund_that_came_back_is_in_it(market, buyer):
    order = market.cancelled()
    run_timers()
    send_back(order['refunds'][0], order['payment_id'])
    run_timers()
    assert [one['event'] for one in trail(buyer, order['id'])][-1] == 'refund_returned'
    assert held(trail(buyer, order['id']))['buyer.wallet'] == TOTAL


def test_a_stranger_sees_none_of_it(market):
    assert Person('stranger').get(f'/orders/{market.paid()["id"]}/transactions').status == 404
