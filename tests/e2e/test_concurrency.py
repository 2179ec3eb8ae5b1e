"""Everything at the same moment as itself. The emulator carries transactions out one by one, so that what is told is exact."""

from ulid import ULID

from tests.e2e.people import lost, race, won
from tests.support.market import NET, TOTAL


def test_an_order_is_accepted_once_whoever_is_first(people):
    deal = people.deal()
    order = deal.delivered()
    results = race([lambda: deal.buyer.post(f'/orders/{order["id"]}/accept')] * 8)
    assert [accepted['state'] for accepted in won(results)] == ['completed']
    assert {(refused.status, refused.problem['type']) for refused in lost(results)} == {
        (409, 'urn:gigmarket:problem:order-state')
    }
    assert deal.credits('order_completed', 'seller.clearing', order['id']) == [NET]
    assert deal.funds() == {'available': 0, 'pending': NET, 'in_payout': 0}


def test_one_quote_buys_one_order(people):
    deal = people.deal()
    quote = deal.quoted()
    results = race([lambda: deal.buyer.post('/orders', {'quote_id': quote['id']})] * 8)
    assert len(won(results)) == 1
    assert {refused.status for refused in lost(results)} == {409}
    assert [order['id'] for order in deal.buyer.get('/orders')['items']] == [won(results)[0]['id']]


def test_an_order_is_paid_once(people):
    deal = people.deal()
    order = deal.placed()
    results = race([lambda: deal.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'})] * 8)
    assert [(payment['state'], payment['amount_minor']) for payment in won(results)] == [('succeeded', TOTAL)]
    assert {refused.status for refused in lost(results)} == {409}
    captured = [line for line in deal.buyer.get('/me/statement')['items'] if line['event'] == 'payment_captured']
    assert sum(line['amount_minor'] for line in captured) == TOTAL
    events = [event['name'] for event in deal.buyer.get(f'/orders/{order["id"]}/events')['items']]
    assert events == ['OrderPlaced', 'PaymentStarted', 'PaymentCaptured']


def test_the_same_request_many_times_is_one_order_and_one_answer(people):
    deal = people.deal()
    quote, key = deal.quoted(), str(ULID())
    results = race([lambda: deal.buyer.post('/orders', {'quote_id': quote['id']}, key=key)] * 8)
    assert results == [results[0]] * 8
    assert [order['id'] for order in deal.buyer.get('/orders')['items']] == [results[0]['id']]


def test_of_many_requests_under_one_key_one_is_carried_out(people):
    deal = people.deal()
    key = str(ULID())
    names = [f'Name {n}' for n in range(8)]
    results = race([lambda name=name: deal.buyer.patch('/me', {'display_name': name}, key=key) for name in names])
    assert len(won(results)) == 1
    assert {refused.problem['type'] for refused in lost(results)} == {'urn:gigmarket:problem:idempotency-key-reused'}
    assert deal.buyer.get('/me')['display_name'] == won(results)[0]['display_name']


def test_somebody_who_arrives_many_times_at_once_is_one_user(people):
    newcomer = people.join('newcomer')
    assert len({me['id'] for me in race([lambda: newcomer.get('/me')] * 8)}) == 1


def test_money_is_paid_out_once(released):
    """Ten requests for all of it: nine find nothing left."""
    deal = released.result(timeout=120)
    wanted = {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    results = race([lambda: deal.seller.post('/payouts', wanted)] * 10)
    assert [payout['amount_minor'] for payout in won(results)] == [NET]
    assert {refused.problem['type'] for refused in lost(results)} == {'urn:gigmarket:problem:insufficient-funds'}
    assert deal.funds()['available'] == 0
    assert len(deal.seller.get('/payouts')['items']) == 1
