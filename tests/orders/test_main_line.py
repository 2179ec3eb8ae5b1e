from tests.support.market import NET, balances, run_timers


def test_an_order_goes_from_quote_to_released_payment(market, buyer, seller, clock):
    order = market.completed()
    assert (order['state'], order['funds']) == ('completed', 'clearing')
    assert run_timers() == []
    clock.shift(14 * 24 * 3600 + 1)
    assert run_timers() == ['release_payment']
    assert market.order(order['id'])['funds'] == 'released'
    assert balances() == {f'seller.available:{seller.id}': NET}
