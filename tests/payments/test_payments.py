import json

import pytest

from chalicelib import queues, reads, settings
from chalicelib.money import Money
from chalicelib.payments import actions, providers, returns, store
from chalicelib.payments.port import Outcome, OutcomeUnknown, ProviderMismatch, Status
from chalicelib.payments.sandbox import store as sandbox
from chalicelib.payments.sandbox.provider import Sandbox, _paid
from chalicelib.payments.sandbox.store import SandboxObject
from tests.support import resources
from tests.support.api import deliver, sweep
from tests.support.audit import audit
from tests.support.market import ANSWERS, FEE, PRICE, TOTAL, balances, ok, run_timers


def pay(market, order, method='sandbox_card_ok', status=201):
    return ok(market.buyer.post(f'/orders/{order["id"]}/payments', {'method': method}), status)


def sandbox_row(our_id):
    return SandboxObject.get(f'SANDBOX#{our_id}', 'SANDBOX')


def confirm(market, payment, *, approved=True, status=200):
    return ok(market.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': approved}), status)


def provider_messages():
    return [json.loads(body) for body in resources.drain('provider')]


@pytest.fixture
def silent(monkeypatch):
    """A provider that takes a payment on and does not answer."""

    class Silent(Sandbox):
        def create_payment(self, *given, **more):
            super().create_payment(*given, **more)
            raise OutcomeUnknown

    providers.provider.cache_clear()
    monkeypatch.setattr(providers, 'Sandbox', Silent)
    yield
    monkeypatch.undo()
    providers.provider.cache_clear()


def test_a_card_that_is_good_pays_at_once(market, clock):
    order = market.placed()
    payment = pay(market, order)
    assert (payment['state'], payment['amount_minor'], payment['currency']) == ('succeeded', TOTAL, 'USD')
    assert ok(market.buyer.get(f'/payments/{payment["id"]}')) == payment
    assert market.order(order['id'])['payment_id'] == payment['id']
    assert balances() == {f'escrow:{order["id"]}': PRICE, f'fee.buyer:{order["id"]}': FEE}


def test_a_declined_card_leaves_the_order_to_be_paid_with_another(market):
    order = market.placed()
    declined = pay(market, order, 'sandbox_card_declined')
    assert (declined['state'], declined['failure']) == ('failed', 'card_declined')
    unknown = pay(market, order, 'no such card')
    assert (unknown['state'], unknown['failure']) == ('failed', 'unknown_method')
    assert balances() == {}
    assert market.order(order['id'])['payment_id'] is None
    assert pay(market, order)['state'] == 'succeeded'


def test_a_card_that_needs_a_confirmation_waits_for_it(market):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    assert payment['state'] == 'requires_action'
    assert market.order(order['id'])['state'] == 'pending_payment'
    second = market.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'})
    assert (second.status, second.problem) == (409, 'conflict')
    assert payment['id'] in second.body['detail']
    confirm(market, payment)
    notices = provider_messages()
    assert [notice['action'] for notice in notices] == ['settle_payment']
    assert deliver('settle_with_provider', *notices, *notices) == []
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['state'] == 'succeeded'
    assert market.order(order['id'])['state'] == 'awaiting_requirements'
    confirm(market, payment)
    confirm(market, payment, approved=False, status=409)


def test_a_payment_that_the_buyer_refuses_fails(market):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    confirm(market, payment, approved=False)
    deliver('settle_with_provider', *provider_messages())
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['failure'] == 'not_confirmed'
    assert pay(market, order)['state'] == 'succeeded'


def test_a_lost_notice_is_made_up_for_when_the_payment_falls_due(market, clock):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    clock.shift(29 * 60)
    confirm(market, payment)
    provider_messages()
    clock.shift(61 + 2)
    assert set(run_timers()) == {'expire_order', 'settle_payment'}
    audit()
    order, payment = market.order(order['id']), ok(market.buyer.get(f'/payments/{payment["id"]}'))
    assert (order['state'], payment['state'], order['funds']) == ('expired', 'returned', 'refunding')
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'refunded'
    assert balances() == {}
    audit()


def test_a_payment_that_is_never_confirmed_ends_with_its_order(market, clock):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    clock.shift(30 * 60 + 2)
    assert set(run_timers()) == {'expire_order', 'settle_payment'}
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['failure'] == 'expired'
    assert market.order(order['id'])['state'] == 'expired'
    confirm(market, payment, status=409)
    assert run_timers() == []


def test_a_payment_captured_after_the_order_was_cancelled_is_returned(market, seller):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    confirm(market, payment)
    deliver('settle_with_provider', *provider_messages())
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['state'] == 'returned'
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['refunds'][0]['amount_minor']) == ('cancelled', 'refunded', TOTAL)
    audit()


def test_a_provider_that_does_not_answer_is_asked_again_under_the_same_id(market, silent, clock, monkeypatch):
    order = market.placed()
    payment = pay(market, order)
    assert payment['state'] == 'requested', 'what is known by then'
    assert balances() == {}
    monkeypatch.undo()
    providers.provider.cache_clear()
    clock.shift(61)
    assert run_timers() == ['settle_payment']
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['state'] == 'succeeded'
    sandbox = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'sandbox']
    assert [row['id'] for row in sandbox] == [payment['id']], 'one payment at the provider as well'
    audit()


def test_repeating_the_request_finishes_what_was_begun(market, silent, monkeypatch):
    order = market.placed()
    path, body = f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'}
    first = ok(market.buyer.post(path, body, key='same'), 201)
    assert first['state'] == 'requested'
    monkeypatch.undo()
    providers.provider.cache_clear()
    again = ok(market.buyer.post(path, body, key='same'), 201)
    assert (again['id'], again['state']) == (first['id'], 'succeeded')


@pytest.mark.parametrize(
    'lie',
    [
        lambda outcome: Outcome(outcome.our_id, Money(1, 'USD'), outcome.status),
        lambda outcome: Outcome(outcome.our_id, Money(outcome.money.minor, 'IDR'), outcome.status),
        lambda outcome: Outcome('pay_of_somebody_else', outcome.money, outcome.status),
    ],
)
def test_money_moves_only_on_an_answer_about_the_very_thing_we_asked_for(market, monkeypatch, lie):
    class Liar(Sandbox):
        def create_payment(self, *given, **more):
            return lie(super().create_payment(*given, **more))

    order = market.placed()
    providers.provider.cache_clear()
    monkeypatch.setattr(providers, 'Sandbox', Liar)
    try:
        assert market.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'}).status == 500
        payment_id = market.order(order['id'])['payment_id']
        with pytest.raises(ProviderMismatch):
            actions.settle(payment_id)
    finally:
        monkeypatch.undo()
        providers.provider.cache_clear()
    assert balances() == {}
    assert store.get(payment_id).state == 'requested'


def test_a_payment_is_its_buyers_and_support_sees_it(market, seller, stranger, support):
    payment = pay(market, market.placed(), 'sandbox_card_confirm')
    assert ok(support.get(f'/payments/{payment["id"]}')) == payment
    for person in (seller, stranger):
        assert person.get(f'/payments/{payment["id"]}').status == 404
    for person in (seller, stranger, support):
        assert person.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}).status == 404


def test_a_payment_that_is_recorded_between_two_reads_of_another_is_not_taken_for_a_late_one(market, monkeypatch):
    order = market.placed()
    get, raced = store.get, []

    def late(payment_id):
        """The payment as it stood before somebody else recorded it."""
        payment = get(payment_id)
        if raced == ['asked']:
            raced.append('recorded')
            actions.settle(payment_id)
        return payment

    def asked(payment, told_ref, ask=actions._ask):
        outcome = ask(payment, told_ref)
        if not raced:
            raced.append('asked')
        return outcome

    monkeypatch.setattr(actions, '_ask', asked)
    monkeypatch.setattr(actions.store, 'get', late)
    assert pay(market, order)['state'] == 'succeeded'
    assert raced == ['asked', 'recorded']
    assert market.order(order['id'])['funds'] == 'held'
    audit()


@pytest.mark.parametrize('end', ['cancelled', 'expired'])
def test_a_payment_that_never_reached_the_provider_is_not_made_for_an_ended_order(market, seller, clock, monkeypatch, end):
    def dies(*_):
        raise OutcomeUnknown

    order = market.placed()
    monkeypatch.setattr(actions, '_ask', dies)
    payment = pay(market, order)
    monkeypatch.undo()
    if end == 'cancelled':
        ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    clock.shift(31 * 60 + 2)
    while run_timers():
        clock.shift(61)
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['failure'] == 'expired'
    assert market.order(order['id'])['state'] == end
    assert not [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'sandbox'], 'nobody was charged'
    audit()


def test_nobody_is_charged_when_their_time_is_over_and_nobody_has_said_so_yet(market, clock, monkeypatch):
    def dies(*_):
        raise OutcomeUnknown

    monkeypatch.setattr(actions, '_ask', dies)
    payment = pay(market, market.placed())
    monkeypatch.undo()
    clock.shift(30 * 60)
    assert actions.settle(payment['id']).state == 'pending'
    clock.shift(61)
    assert actions.settle(payment['id']).failure == 'expired'


def test_a_request_that_may_still_be_on_its_way_is_waited_for(market, seller, clock, monkeypatch):
    """The order is cancelled while the provider is being asked; its answer comes when others have asked already."""
    order = market.placed()
    create = Sandbox.create_payment

    def slow(sandbox, payment_id, *given, **more):
        monkeypatch.setattr(Sandbox, 'create_payment', create)
        ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
        assert actions.settle(payment_id).state == 'pending'
        return create(sandbox, payment_id, *given, **more)

    monkeypatch.setattr(Sandbox, 'create_payment', slow)
    assert pay(market, order)['state'] == 'returned'
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'refunded'
    audit()


def test_a_provider_that_is_out_for_an_hour_parks_nothing(market, silent, monkeypatch, clock):
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    about = {'v': 1, 'action': 'settle_payment', 'pk': store.pk(payment['id']), 'sk': 'PAYMENT'}
    clock.shift(61)
    assert deliver('settle_with_provider', about, receives=queues.MAX_RECEIVES - 1) == ['0']
    assert deliver('settle_with_provider', about, receives=queues.MAX_RECEIVES) == []
    assert resources.drain('dead-letters') == []
    assert sweep() == 1, 'it is still due'


def test_a_payment_that_is_approved_when_it_has_just_expired_is_not_made(market, clock, monkeypatch):
    """The buyer's approval and the end of their time at the same moment: the sandbox decides once."""
    from chalicelib.payments.sandbox import store as sandbox

    order = market.placed()
    payment = pay(market, order, 'sandbox_card_confirm')
    clock.shift(30 * 60)
    settle = sandbox.settle

    def too_late(*said, **how):
        monkeypatch.setattr(sandbox, 'settle', settle)
        clock.shift(62)
        run_timers()
        settle(*said, **how)

    monkeypatch.setattr(sandbox, 'settle', too_late)
    confirm(market, payment, status=409)
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['failure'] == 'expired'
    assert Sandbox().find_payment(payment['id']).status is Status.FAILED
    audit()


def test_a_payment_that_failed_and_was_paid_after_all_goes_back(market):
    """A real provider's: a first attempt is declined, and the buyer tries once more on its page."""
    order = market.placed()
    payment = pay(market, order, 'sandbox_card_declined')
    assert payment['state'] == 'failed'
    turn_out_paid(payment)
    notice = {'v': 1, 'action': 'settle_payment', 'pk': store.pk(payment['id']), 'sk': 'PAYMENT'}
    assert deliver('settle_with_provider', notice, notice) == []
    assert ok(market.buyer.get(f'/payments/{payment["id"]}'))['state'] == 'returned'
    assert run_timers() == ['send_refund']
    audit()
    assert balances() == {}


def turn_out_paid(payment):
    sandbox.settle(payment['id'], 'succeeded', when='failed', line=_paid(sandbox.get(payment['id'])))


def paid_after_all(payment):
    turn_out_paid(payment)
    assert actions.settle(payment['id']).state == 'returned'


def test_a_first_attempt_that_was_paid_after_all_does_not_pay_for_a_second_one(market):
    order = market.placed()
    first = pay(market, order, 'sandbox_card_declined')
    second = pay(market, order, 'sandbox_card_confirm')
    paid_after_all(first)
    assert market.order(order['id'])['payment_id'] == second['id']


def test_money_that_goes_back_late_leaves_what_another_payment_brought(market, support):
    order = market.placed()
    first = pay(market, order, 'sandbox_card_declined')
    pay(market, order)
    paid_after_all(first)
    audit()
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'held'
    audit()
    ok(support.post(f'/orders/{order["id"]}/cancel', {'reason': 'Asked to'}))
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert (order['funds'], [refund['state'] for refund in order['refunds']]) == ('refunded', ['succeeded'] * 2)
    assert balances() == {}
    audit()


def test_money_that_goes_back_late_does_not_keep_an_order_from_being_paid(market):
    order = market.placed()
    paid_after_all(pay(market, order, 'sandbox_card_declined'))
    assert market.order(order['id'])['funds'] == 'none'
    pay(market, order)
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'held'
    audit()


def test_money_that_goes_back_late_does_not_keep_a_seller_from_theirs(market, buyer, seller, clock):
    order = market.placed()
    first = pay(market, order, 'sandbox_card_declined')
    pay(market, order)
    path = f'/orders/{order["id"]}'
    ok(buyer.post(f'{path}/requirements', ANSWERS))
    ok(seller.post(f'{path}/deliveries', {'message': 'Here'}), 201)
    ok(buyer.post(f'{path}/accept'))
    paid_after_all(first)
    clock.shift(14 * 24 * 3600 + 1)
    assert set(run_timers()) == {'release_payment', 'send_refund'}
    assert market.order(order['id'])['funds'] == 'released'
    audit()


def test_a_payment_that_takes_time_is_asked_about_again(market, clock, monkeypatch):
    create = Sandbox.create_payment

    def slow(sandbox, payment_id, money, *given, **more):
        create(sandbox, payment_id, money, *given, **more)
        return Outcome(payment_id, money, Status.PENDING)

    monkeypatch.setattr(Sandbox, 'create_payment', slow)
    order = market.placed()
    assert pay(market, order)['state'] == 'pending'
    clock.shift(59)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['settle_payment']
    assert market.order(order['id'])['funds'] == 'held'


def test_a_refund_is_settled_only_by_an_answer_about_itself(market, monkeypatch):
    order = market.cancelled()
    monkeypatch.setattr(Sandbox, 'find_refund', lambda _, refund_id, *__: Outcome(refund_id, Money(1, 'USD'), Status.SUCCEEDED))
    with pytest.raises(ProviderMismatch):
        returns.send(order['id'], f'ORDER#REFUND#{order["refunds"][0]["id"]}')
    assert market.order(order['id'])['funds'] == 'refunding'


def test_a_refund_goes_back_to_the_card(market, clock):
    order = market.cancelled()
    assert (order['funds'], order['refunds'][0]['state']) == ('refunding', 'requested')
    assert balances() == {f'refund:{order["refunds"][0]["id"]}': TOTAL}
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert (order['funds'], order['refunds'][0]['state']) == ('refunded', 'succeeded')
    assert balances() == {}
    audit()


def test_a_refund_that_the_card_does_not_take_goes_to_the_wallet(market, buyer):
    order = market.paid(method='sandbox_card_no_refund')
    ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'}))
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert (order['funds'], order['refunds'][0]['state'], order['refunds'][0]['failure']) == (
        'refunded',
        'failed',
        'not_refundable',
    )
    assert balances() == {f'buyer.wallet:{buyer.id}': TOTAL}
    wallet = {b['currency']: b['wallet_minor'] for b in ok(buyer.get('/me/balance'))['balances']}
    assert wallet == {'USD': TOTAL, 'IDR': 0}
    audit()


def test_a_refund_is_sent_once_however_often_it_is_told(market):
    order = market.cancelled()
    refund = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'refund')
    message = {'v': 1, 'action': 'send_refund', 'pk': refund['pk'], 'sk': refund['sk']}
    assert deliver('settle_with_provider', message, message) == []
    assert deliver('settle_with_provider', message) == []
    names = [event['name'] for event in ok(market.buyer.get(f'/orders/{order["id"]}/events'))['items']]
    assert names.count('RefundSucceeded') == 1
    audit()


def test_a_refund_that_takes_time_is_asked_about_again(market, clock, monkeypatch):
    class Slow(Sandbox):
        def refund(self, refund_id, payment_id, money, payment_ref=None):
            return Outcome(refund_id, money, Status.PENDING)

    order = market.cancelled()
    providers.provider.cache_clear()
    monkeypatch.setattr(providers, 'Sandbox', Slow)
    assert run_timers() == ['send_refund']
    assert run_timers() == []
    monkeypatch.undo()
    providers.provider.cache_clear()
    clock.shift(61)
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == 'refunded'


def test_the_sandbox_does_under_one_id_what_it_was_first_asked(aws):
    sandbox = Sandbox()
    asked = ('pay_1', Money(100, 'USD'), 'sandbox_card_ok')
    first = sandbox.create_payment(*asked, expires_at=0)
    again = sandbox.create_payment('pay_1', Money(999, 'USD'), 'sandbox_card_declined', expires_at=0)
    assert first == again == sandbox.find_payment('pay_1')
    assert sandbox.find_payment('pay_2') is None


def test_a_stage_without_its_provider_does_not_start():
    with pytest.raises(ValueError, match='paypal'):
        providers.provider('paypal')


def test_paying_for_nothing(market, buyer):
    assert buyer.post('/orders/ord_01ARZ3NDEKTSV4RRFFQ69G5FAV/payments', {'method': 'sandbox_card_ok'}).status == 404
    assert buyer.post(f'/orders/{market.placed()["id"]}/payments', {'method': ''}).pointers == ['#/method']


def test_a_failed_attempt_that_is_told_late_does_not_touch_the_next_one(market):
    """The provider says of a first attempt that it failed, when a second one is being made already."""
    order = market.placed()
    first = pay(market, order, 'sandbox_card_confirm')
    confirm(market, first, approved=False)
    notices = provider_messages()
    deliver('settle_with_provider', *notices)
    second = pay(market, order, 'sandbox_card_confirm')
    deliver('settle_with_provider', *notices)
    assert market.order(order['id'])['payment_id'] == second['id']
    assert reads.find(settings.MARKET_TABLE, store.pk(second['id']), 'PAYMENT')['state'] == 'requires_action'
