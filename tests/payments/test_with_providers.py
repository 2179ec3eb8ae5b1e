"""Orders from payment to payout through Stripe and Xendit, as the fake plays them, over HTTP; and both books at the end."""

import pytest

from chalicelib.clock import now_ms
from chalicelib.payments import store
from chalicelib.payments.providers import provider
from tests.payments.world import PAYS_AT_ONCE, World, ledger_says
from tests.support.audit import audit
from tests.support.market import balances, run_timers

pytestmark = pytest.mark.proof

BOTH = pytest.mark.parametrize('dialect', ['stripe', 'xendit'])


@pytest.fixture
def world(market, psp, dialect):
    made = World(market, psp, dialect)
    yield made
    assert {**dict.fromkeys(psp.books.balance(), 0), **ledger_says(dialect)} == psp.books.balance(), 'their books and ours'
    audit()


@pytest.mark.parametrize('dialect', ['stripe'])
def test_a_card_pays_at_once(world):
    order = world.placed()
    payment = world.pay(order, 'pm_card')
    assert payment['state'] == 'succeeded'
    assert world.market.order(order['id'])['funds'] == 'held'
    world.listen()


@BOTH
def test_a_buyer_is_sent_to_the_providers_page_and_what_they_pay_is_told(world):
    order = world.placed()
    payment = world.pay(order)
    assert (payment['state'], payment['next_action_url'].startswith('https://')) == ('requires_action', True)
    world.psp.pay(payment['id'])
    world.listen()
    assert world.payment(payment['id'])['state'] == 'succeeded'
    assert world.market.order(order['id'])['state'] == 'awaiting_requirements'


@BOTH
def test_a_refund_that_the_bank_sends_back_is_credit(world, clock):
    order = world.returning(is_slow=False)
    world.listen()
    [refund] = order['refunds']
    world.psp.settle(refund['id'], {'stripe': 'failed', 'xendit': 'FAILED'}[world.dialect], 'lost_or_stolen_card')
    world.listen()
    [refund] = world.market.order(order['id'])['refunds']
    assert (refund['state'], refund['failure']) == ('returned', 'lost_or_stolen_card')
    assert balances() == {f'buyer.wallet:{world.buyer.id}': refund['amount_minor']}
    clock.shift(3 * 3_600)
    assert [line.kind for line in provider(world.dialect).movements(0, now_ms())] == ['payment', 'refund', 'refund_returned']


@pytest.mark.parametrize('dialect', ['stripe'])
def test_a_refund_that_came_back_before_we_heard_of_either_is_posted_as_both(world):
    order = world.returning()
    [refund] = order['refunds']
    for status in ('succeeded', 'failed'):
        world.psp.settle(refund['id'], status, 'lost_or_stolen_card' if status == 'failed' else None)
    world.listen()
    assert world.market.order(order['id'])['refunds'][0]['state'] == 'returned'
    assert balances() == {f'buyer.wallet:{world.buyer.id}': refund['amount_minor']}


@pytest.mark.parametrize('dialect', ['stripe'])
def test_a_declined_card_leaves_the_order_to_be_paid_with_another(world):
    order = world.placed()
    declined = world.pay(order, 'pm_declined')
    assert (declined['state'], declined['failure']) == ('failed', 'card_declined')
    assert world.pay(order, 'no_method')['failure'] == 'resource_missing'
    assert world.pay(order, 'pm_card')['state'] == 'succeeded'


@BOTH
def test_a_lost_webhook_is_made_up_for_when_the_payment_falls_due(world, clock):
    order = world.placed()
    payment = world.pay(order)
    world.psp.pay(payment['id'])
    world.psp.webhooks()
    clock.shift(30 * 60 + 2)
    run_timers()
    while run_timers():
        clock.shift(61)
    assert world.payment(payment['id'])['state'] in ('succeeded', 'returned')
    world.listen()


@BOTH
def test_a_payment_that_nobody_waits_for_is_ended_at_the_provider(world, clock):
    payment = world.pay(world.placed())
    clock.shift(30 * 60 + 2)
    assert set(run_timers()) == {'expire_order', 'settle_payment'}
    assert world.payment(payment['id'])['state'] == 'failed'
    assert world.psp.books.by_our_id(payment['id']).status in ('canceled', 'EXPIRED')
    world.listen()


@BOTH
def test_what_is_paid_too_late_goes_back(world):
    order = world.placed()
    payment = world.pay(order)
    world.market.seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'})
    world.psp.pay(payment['id'])
    world.listen()
    assert world.payment(payment['id'])['state'] == 'returned'
    assert run_timers() == ['send_refund']
    assert world.market.order(order['id'])['refunds'][0]['state'] == 'succeeded'
    world.listen()
    assert balances() == {}


@BOTH
@pytest.mark.parametrize('trouble', ['lose', 'crash', 'garbage'])
def test_an_answer_that_is_lost_charges_nobody_twice(world, clock, trouble):
    order = world.placed()
    create = {'stripe': 'POST /v1/payment_intents', 'xendit': 'POST /v2/invoices'}[world.dialect]
    is_repeated = world.dialect == 'stripe' and trouble != 'garbage'
    world.psp.misbehave(trouble, create, times=2 if is_repeated else 1)
    payment = world.pay(order, PAYS_AT_ONCE[world.dialect])
    clock.shift(61)
    run_timers()
    payments = [thing for thing in world.psp.books.things.values() if thing.kind == 'payment']
    assert [one.our_id for one in payments] == [payment['id']]
    if payments[0].status == 'PENDING':
        world.psp.pay(payment['id'])
    world.listen()
    assert world.payment(payment['id'])['state'] == 'succeeded'


@BOTH
def test_a_webhook_that_is_quicker_than_our_own_record_is_not_lost(world):
    payment = world.pay(world.placed())
    store.get(payment['id']).update([store.Payment.state.set('requested'), store.Payment.provider_ref.remove()])
    world.psp.pay(payment['id'])
    world.listen()
    assert world.payment(payment['id'])['state'] == 'succeeded'


@BOTH
def test_a_refund_is_sent_and_what_becomes_of_it_is_told(world):
    order = world.returning()
    assert (order['funds'], order['refunds'][0]['state']) == ('refunding', 'requested')
    world.psp.settle(order['refunds'][0]['id'], {'stripe': 'succeeded', 'xendit': 'SUCCEEDED'}[world.dialect])
    world.listen()
    assert world.market.order(order['id'])['funds'] == 'refunded'
    assert balances() == {}


@BOTH
def test_a_refund_that_fails_is_the_buyers_credit(world):
    order = world.returning()
    world.psp.settle(
        order['refunds'][0]['id'], {'stripe': 'failed', 'xendit': 'FAILED'}[world.dialect], 'expired_or_canceled_card'
    )
    world.listen()
    assert world.market.order(order['id'])['refunds'][0]['state'] == 'failed'
    paid = world.payment(order['payment_id'])['amount_minor']
    assert balances() == {f'buyer.wallet:{world.buyer.id}': paid}


@BOTH
def test_a_refund_that_takes_long_is_asked_about_less_and_less_often(world, clock):
    order = world.returning()
    asked = 0
    for _ in range(24 * 6):
        clock.shift(600)
        asked += len(run_timers())
    assert 24 <= asked < 50
    world.psp.settle(order['refunds'][0]['id'], {'stripe': 'succeeded', 'xendit': 'SUCCEEDED'}[world.dialect])
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    assert world.market.order(order['id'])['funds'] == 'refunded'


@BOTH
def test_a_payout_is_paid(world):
    payout = world.paid_out()
    assert world.payout(payout['id'])['state'] == 'paid'


@pytest.mark.parametrize('dialect', ['xendit'])
@pytest.mark.parametrize(('status', 'state'), [('SUCCEEDED', 'paid'), ('FAILED', 'failed'), ('REVERSED', 'returned')])
def test_a_payout_that_takes_time_ends_as_it_is_told(world, status, state):
    payout = world.paid_out(is_slow=True)
    assert world.payout(payout['id'])['state'] == 'requested'
    if status == 'REVERSED':
        world.psp.settle(payout['id'], 'SUCCEEDED')
        world.psp.webhooks()
    world.psp.settle(payout['id'], status, 'INVALID_DESTINATION')
    world.listen()
    assert world.payout(payout['id'])['state'] == state


@BOTH
def test_a_payout_that_the_bank_sends_back_is_available_again(world):
    payout = world.paid_out()
    before = balances()[f'seller.available:{world.seller.id}']
    world.psp.settle(payout['id'], {'stripe': 'reversed', 'xendit': 'REVERSED'}[world.dialect])
    world.listen()
    assert world.payout(payout['id'])['state'] == 'returned'
    assert balances()[f'seller.available:{world.seller.id}'] == before + payout['amount_minor']
