"""Refunds, disputes, chargebacks, payouts and releases of one order, in every order in which they can come; and in between."""

import itertools
from collections import Counter

import pytest

from chalicelib.chargebacks import actions as chargebacks
from chalicelib.payments.port import Outcome, Status
from chalicelib.payments.sandbox.provider import Sandbox
from tests.support import resources
from tests.support.api import Person, deliver
from tests.support.audit import audit, violations
from tests.support.market import CLAIM, DAY, FEE, GIG, NET, PRICE, TOTAL, balances, ok, run_provider, run_timers
from tests.support.requests import offer

pytestmark = pytest.mark.proof

PAYOUT = {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}


def usd(person):
    return next(one for one in ok(person.get('/me/balance'))['balances'] if one['currency'] == 'USD')


def ref_of(payment_id):
    return payment_id.replace('pay_', 'scb_')


def claim_back(market, payment_id):
    ok(market.buyer.post(f'/sandbox/payments/{payment_id}/chargeback', {'reason': 'fraudulent'}))
    assert run_provider() == ['learn_chargeback']
    return ref_of(payment_id)


def settle_down(clock):
    """Until nothing is due that does not take days."""
    for _ in range(10):
        clock.shift(61)
        if not run_timers():
            return
    raise AssertionError('something stays due')


def live_on(clock):
    """Until nothing is due any more, whatever it takes."""
    for _ in range(40):
        clock.shift(3 * DAY)
        run_timers()
    assert run_timers() == []


class Life:
    """What may happen to an order; where it is refused, it is left."""

    def __init__(self, market, clock):
        self.market, self.clock = market, clock
        self.support = Person('support', 'support')
        self.order = market.delivered()
        self.path = f'/orders/{self.order["id"]}'
        self.ref = ref_of(self.order['payment_id'])

    def refund(self):
        self.market.seller.post(f'{self.path}/refunds', {'amount_minor': 3_333, 'reason': 'Late'})

    def dispute(self):
        self.market.buyer.post(f'{self.path}/disputes', CLAIM)

    def agree(self):
        for dispute in ok(self.market.buyer.get(f'{self.path}/disputes'))['items']:
            self.market.seller.post(f'{self.path}/disputes/{dispute["id"]}/response', {'accepts': True})

    def accept(self):
        self.market.buyer.post(f'{self.path}/accept')

    def charge(self):
        claim_back(self.market, self.order['payment_id'])

    def win(self):
        self.decide(won=True)

    def lose(self):
        self.decide(won=False)

    def decide(self, *, won):
        self.support.post(f'/sandbox/chargebacks/{self.ref}/decision', {'won': won})
        run_provider()

    def pay_out(self):
        self.clock.shift(15 * DAY)
        run_timers()
        self.market.seller.post('/payouts', PAYOUT)


@pytest.mark.proof
@pytest.mark.parametrize('outcome', ['win', 'lose'])
@pytest.mark.parametrize('order', list(itertools.permutations(['refund', 'dispute', 'accept', 'charge'])))
def test_a_refund_a_dispute_and_a_chargeback_come_in_any_order(market, clock, order, outcome):
    life = Life(market, clock)
    for name in (*order, outcome, 'agree', 'refund'):
        getattr(life, name)()
        assert violations(is_quiet=False) == [], (name, order)
    live_on(clock)
    audit()
    assert not [account for account in balances() if not account.startswith(('seller.available', 'buyer.wallet'))]


@pytest.mark.proof
@pytest.mark.parametrize('outcome', ['win', 'lose'])
@pytest.mark.parametrize('order', list(itertools.permutations(['refund', 'pay_out', 'charge', 'dispute'])))
def test_what_was_accepted_is_refunded_paid_out_and_claimed_back_in_any_order(market, clock, order, outcome):
    life = Life(market, clock)
    for name in ('accept', *order, outcome, 'agree'):
        getattr(life, name)()
        assert violations(is_quiet=False) == [], (name, order)
    live_on(clock)
    audit()
    left = {account.partition(':')[0] for account in balances()}
    assert left <= {'seller.available', 'buyer.wallet', 'receivable.seller'}


@pytest.mark.parametrize('won', [True, False])
def test_an_order_whose_money_is_on_its_way_back_is_claimed_back(market, clock, won):
    order = market.cancelled()
    ref = claim_back(market, order['payment_id'])
    assert market.order(order['id'])['funds'] == 'frozen'
    audit()
    assert run_timers() == ['send_refund']
    audit()
    market.decide(ref, won=won)
    clock.shift(3_601)
    assert run_timers() == ['send_refund'], 'it has waited for the bank'
    after = market.order(order['id'])
    assert (after['state'], after['funds']) == ('cancelled', 'refunded' if won else 'charged_back')
    assert balances() == {}
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_refund_that_is_settled_after_a_bank_has_decided(market, clock, monkeypatch, won):
    order = market.cancelled()
    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, 'refund', lambda _, refund_id, __, money, *___: Outcome(refund_id, money, Status.PENDING))
        assert run_timers() == ['send_refund']
    ref = claim_back(market, order['payment_id'])
    market.decide(ref, won=won)
    assert market.order(order['id'])['funds'] == ('refunding' if won else 'charged_back')
    clock.shift(61)
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['funds'] == ('refunded' if won else 'charged_back')
    assert balances() == {}
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_an_order_whose_money_is_back_is_claimed_back(market, won):
    order = market.cancelled()
    run_timers()
    ref = claim_back(market, order['payment_id'])
    market.decide(ref, won=won)
    assert market.order(order['id'])['funds'] == ('refunded' if won else 'charged_back')
    assert balances() == {}
    audit()


@pytest.mark.parametrize('won', [True, False])
@pytest.mark.parametrize('is_sent', [True, False])
def test_what_came_too_late_for_an_order_is_claimed_back(market, buyer, clock, won, is_sent):
    order = market.placed()
    payment = ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    clock.shift(29 * 60)
    ok(buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    resources.drain('provider')
    clock.shift(2 * 60)
    assert set(run_timers()) == {'expire_order', 'settle_payment'}
    if is_sent:
        assert run_timers() == ['send_refund']
    ref = claim_back(market, payment['id'])
    assert market.order(order['id'])['frozen_by'] is None
    audit()
    market.decide(ref, won=won)
    settle_down(clock)
    after = market.order(order['id'])
    assert (after['state'], after['funds'], balances()) == ('expired', 'refunded', {})
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_partial_refund_is_on_its_way_when_the_order_is_claimed_back(market, seller, clock, won):
    order = market.delivered()
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 2_110, 'reason': 'Late'}), 201)
    ref = claim_back(market, order['payment_id'])
    assert balances()[f'hold.dispute:{order["id"]}'] == TOTAL - 2_110
    assert run_timers() == ['send_refund']
    audit()
    market.decide(ref, won=won)
    after = market.order(order['id'])
    assert (after['state'], after['funds']) == (('delivered', 'held') if won else ('cancelled', 'charged_back'))
    live_on(clock)
    audit()


@pytest.mark.parametrize('prepare', ['paid', 'started', 'delivered'])
def test_a_timer_that_was_overdue_rings_when_the_order_goes_on(market, clock, prepare):
    order = getattr(market, prepare)()
    clock.shift(40 * DAY)
    ref = claim_back(market, order['payment_id'])
    clock.shift(5 * DAY)
    assert run_timers() == []
    market.decide(ref, won=True)
    thawed = market.order(order['id'])
    assert (thawed['next_step'], thawed['next_step_at']) == (order['next_step'], '2027-01-08T08:00:00Z')
    assert run_timers()[0] == order['next_step']
    run_timers()
    audit()


def test_a_release_that_was_overdue_is_made_when_the_order_goes_on(market, seller, clock):
    order = market.completed()
    clock.shift(20 * DAY)
    ref = claim_back(market, order['payment_id'])
    assert run_timers() == []
    market.decide(ref, won=True)
    assert run_timers() == ['release_payment']
    assert usd(seller)['available_minor'] == NET
    audit()


def test_a_release_that_is_told_while_the_order_stands_still_does_nothing(market, seller, clock):
    order = market.completed()
    claim_back(market, order['payment_id'])
    clock.shift(20 * DAY)
    message = {'v': 1, 'action': 'release_payment', 'pk': f'ORDER#{order["id"]}', 'sk': 'ORDER'}
    assert deliver('release_payments', message, message) == []
    assert usd(seller)['available_minor'] == 0
    audit()


def test_a_chargeback_meets_the_release(market, seller, clock, meanwhile):
    order = market.completed()
    clock.shift(14 * DAY + 1)
    ok(market.buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    meanwhile(run_timers)
    assert run_provider() == ['learn_chargeback']
    assert market.order(order['id'])['funds'] == 'frozen'
    audit()


def test_a_chargeback_meets_the_payout(market, seller, clock, meanwhile):
    order = market.released(clock)
    ok(market.buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    meanwhile(lambda: ok(seller.post('/payouts', PAYOUT), 201))
    chargebacks.learn('sandbox', ref_of(order['payment_id']))
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, NET)
    run_provider()
    run_timers()
    audit()


def test_a_payout_that_fails_after_a_chargeback_pays_for_it(market, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', PAYOUT | {'destination': 'sandbox_bank_closed'}), 201)
    ref = claim_back(market, order['payment_id'])
    assert usd(seller)['owed_minor'] == NET
    run_timers()
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 0)
    audit()
    market.decide(ref, won=True)
    assert usd(seller)['available_minor'] == NET
    audit()


def test_two_who_learn_of_a_chargeback_at_once_open_one(market, meanwhile):
    order = market.completed()
    ok(market.buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    ref = ref_of(order['payment_id'])
    meanwhile(lambda: chargebacks.learn('sandbox', ref))
    chargebacks.learn('sandbox', ref)
    ok(Person('support', 'support').post(f'/sandbox/chargebacks/{ref}/decision', {'won': False}))
    meanwhile(lambda: chargebacks.learn('sandbox', ref))
    chargebacks.learn('sandbox', ref)
    run_provider()
    names = [event['name'] for event in ok(market.buyer.get(f'/orders/{order["id"]}/events'))['items']]
    assert Counter(names)['ChargebackReceived'] == Counter(names)['ChargebackLost'] == 1
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_chargeback_and_an_acceptance_at_once(market, buyer, clock, meanwhile, won):
    order = market.delivered()
    ok(buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    meanwhile(lambda: ok(buyer.post(f'/orders/{order["id"]}/accept')))
    chargebacks.learn('sandbox', ref_of(order['payment_id']))
    assert (market.order(order['id'])['state'], market.order(order['id'])['frozen_by']) == ('completed', 'chargeback')
    run_provider()
    market.decide(ref_of(order['payment_id']), won=won)
    live_on(clock)
    audit()


def test_one_dispute_at_a_time_and_one_for_each_side(market, buyer, seller, clock, meanwhile):
    order = market.delivered()
    path = f'/orders/{order["id"]}/disputes'
    meanwhile(lambda: market.disputed(order))
    assert seller.post(path, CLAIM).problem == 'order-state'
    (first,) = ok(buyer.get(path))['items']
    ok(buyer.post(f'{path}/{first["id"]}/withdraw'))
    assert buyer.post(path, CLAIM).problem == 'conflict', 'one for each side'
    second = ok(seller.post(path, CLAIM | {'refund_minor': 1_000}), 201)
    ok(buyer.post(f'{path}/{second["id"]}/response', {'accepts': True}))
    done = market.order(order['id'])
    assert (done['state'], done['funds'], done['refunded_minor']) == ('completed', 'clearing', 1_000)
    live_on(clock)
    audit()


def test_a_dispute_that_both_end_at_once_ends_once(market, buyer, seller, meanwhile):
    order = market.delivered()
    _, path = market.disputed(order)
    meanwhile(lambda: ok(buyer.post(f'{path}/withdraw')))
    assert seller.post(f'{path}/response', {'accepts': True}).problem == 'conflict'
    assert market.order(order['id'])['state'] == 'delivered'
    audit()


@pytest.mark.parametrize('minor', [1, 2, 3, 4])
@pytest.mark.parametrize('end', ['release', 'refund', 'charge'])
def test_an_order_of_which_cents_are_left_ends_like_any_other(market, clock, minor, end):
    """The commission on two cents is nothing, and on three it is one."""
    buyer, seller = market.buyer, market.seller
    order = market.delivered(market.gig(packages=[GIG['packages'][0] | {'price_minor': 500}], extras=[]))
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 528 - minor, 'reason': 'Late'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    audit()
    if end == 'refund':
        left = sum(row['minor'] for row in resources.rows('balances') if order['id'] in row['pk'])
        ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': left, 'reason': 'All'}), 201)
    if end == 'charge':
        ref = claim_back(market, order['payment_id'])
        market.decide(ref, won=True)
    live_on(clock)
    audit()


def test_ids_of_others_lead_nowhere(market, buyer, seller, support, stranger):
    order, other = market.delivered(), market.completed()
    _, path = market.disputed(order)
    dispute_id = path.rpartition('/')[2]
    claim_back(market, other['payment_id'])
    chargeback_id = ok(seller.get(f'/orders/{other["id"]}/chargebacks'))['items'][0]['id']
    before = resources.snapshot()['balances']
    ruling = {'refund_minor': 0, 'reasoning': 'So', 'fault': 'none'}
    for person, wrong, body in (
        (seller, f'/orders/{other["id"]}/disputes/{dispute_id}/response', {'accepts': True}),
        (buyer, f'/orders/{other["id"]}/disputes/{dispute_id}/withdraw', None),
        (support, f'/orders/{other["id"]}/disputes/{dispute_id}/ruling', ruling),
        (seller, f'/orders/{order["id"]}/chargebacks/{chargeback_id}/contest', {}),
        (support, f'/orders/{order["id"]}/chargebacks/{chargeback_id}/contest', {}),
        (stranger, f'/orders/{order["id"]}/disputes', CLAIM),
        (stranger, f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}),
        (seller, f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}),
        (support, '/sandbox/chargebacks/scb_01ARZ3NDEKTSV4RRFFQ69G5FAV/decision', {'won': True}),
        (seller, f'/sandbox/payouts/{order["payment_id"]}/return', None),
    ):
        assert person.post(wrong, body).status == 404, wrong
    assert resources.snapshot()['balances'] == before
    audit()


def test_an_extra_that_is_claimed_back_stops_its_order(market, buyer, seller, clock):
    order = market.delivered()
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    ref = claim_back(market, extra['id'])
    assert market.order(order['id'])['frozen_by'] == 'chargeback'
    assert balances()[f'hold.dispute:{order["id"]}'] == extra['amount_minor']
    market.decide(ref, won=False)
    after = market.order(order['id'])
    assert (after['state'], after['funds'], after['refunds'][0]['amount_minor']) == ('cancelled', 'charged_back', PRICE + FEE)
    live_on(clock)
    assert balances() == {}, 'what the bank did not take goes back the way it came'
    audit()
