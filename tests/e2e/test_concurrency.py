"""Everything at the same moment as itself. The emulator carries transactions out one by one, so that what is told is exact."""

import pytest
from ulid import ULID

from infra.local.client import wait_for
from tests.e2e.people import lost, payout_message, race, won
from tests.support.market import NET, TOTAL


@pytest.fixture(autouse=True, params=range(5))
def repeated() -> None:
    """A condition that is missing shows in most races, and not in each."""


@pytest.fixture(scope='module', autouse=True)
def warm(market):
    """A function that is only just starting comes too late to any race."""
    for _ in range(3):
        race([lambda: market.nobody.get('/gigs')] * 10)


@pytest.fixture
def deal(people):
    return people.deal()


def kinds(results):
    """What the others were told."""
    return {(refused.status, refused.problem['type'].rpartition(':')[2]) for refused in lost(results)}


def test_an_order_is_accepted_once_whoever_is_first(deal):
    order = deal.delivered()
    results = race([lambda: deal.buyer.post(f'/orders/{order["id"]}/accept')] * 8)
    assert [accepted['state'] for accepted in won(results)] == ['completed']
    assert kinds(results) == {(409, 'order-state')}
    assert deal.credits('order_completed', 'seller.clearing', order['id']) == [NET]
    assert deal.funds() == {'available': 0, 'pending': NET, 'in_payout': 0}


def test_a_delivery_is_accepted_or_sent_back_and_not_both(deal):
    order = deal.delivered()
    path = f'/orders/{order["id"]}'
    accept = [lambda: deal.buyer.post(f'{path}/accept')] * 4
    revise = [lambda: deal.buyer.post(f'{path}/revisions', {'reason': 'Bigger'})] * 4
    results = race([call for pair in zip(accept, revise, strict=True) for call in pair])
    outcomes = [result['state'] for result in won(results)]
    assert outcomes in (['completed'], ['revision_requested'])
    assert deal.buyer.get(path)['state'] == outcomes[0]
    earned = deal.credits('order_completed', 'seller.clearing', order['id'])
    assert earned == ([NET] if outcomes == ['completed'] else [])


def test_one_quote_buys_one_order(deal):
    quote = deal.quoted()
    results = race([lambda: deal.buyer.post('/orders', {'quote_id': quote['id']})] * 8)
    assert len(won(results)) == 1
    assert kinds(results) == {(409, 'conflict')}
    assert [order['id'] for order in deal.buyer.get('/orders')['items']] == [won(results)[0]['id']]


def test_an_order_is_paid_once(deal):
    order = deal.placed()
    results = race([lambda: deal.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'})] * 8)
    assert [(payment['state'], payment['amount_minor']) for payment in won(results)] == [('succeeded', TOTAL)]
    assert kinds(results) <= {(409, 'conflict'), (409, 'order-state')}
    captured = [line for line in deal.buyer.get('/me/statement')['items'] if line['event'] == 'payment_captured']
    assert sum(line['amount_minor'] for line in captured) == TOTAL
    events = [event['name'] for event in deal.buyer.get(f'/orders/{order["id"]}/events')['items']]
    assert events == ['OrderPlaced', 'PaymentStarted', 'PaymentCaptured']


def test_the_same_request_many_times_is_one_order_and_one_answer(deal):
    quote, key = deal.quoted(), str(ULID())
    results = race([lambda: deal.buyer.post('/orders', {'quote_id': quote['id']}, key=key)] * 8)
    assert results == [results[0]] * 8
    assert [order['id'] for order in deal.buyer.get('/orders')['items']] == [results[0]['id']]


def test_of_many_requests_under_one_key_one_is_carried_out(deal):
    key = str(ULID())
    names = [f'Name {n}' for n in range(8)]
    results = race([lambda name=name: deal.buyer.patch('/me', {'display_name': name}, key=key) for name in names])
    assert len(won(results)) == 1
    assert kinds(results) == {(422, 'idempotency-key-reused')}
    assert deal.buyer.get('/me')['display_name'] == won(results)[0]['display_name']


def test_somebody_who_arrives_many_times_at_once_is_one_user(people):
    newcomer = people.join('newcomer')
    assert len({me['id'] for me in race([lambda: newcomer.get('/me')] * 8)}) == 1


def test_money_is_paid_out_once(released, queue):
    """Ten requests for all of it: nine find nothing left. The bank then refuses, and it is all there again."""
    deal = released.result(timeout=120)
    wanted = {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_closed'}
    results = race([lambda: deal.seller.post('/payouts', wanted)] * 10)
    assert len(won(results)) == 1
    assert kinds(results) == {(409, 'insufficient-funds')}
    assert deal.funds() == {'available': 0, 'pending': 0, 'in_payout': NET}
    queue('Provider').send(payout_message(deal.gig['seller_id'], won(results)[0]['id']))
    wait_for(deal.funds, lambda funds: funds == {'available': NET, 'pending': 0, 'in_payout': 0}, 60)
