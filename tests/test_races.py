"""Two at once: what one has decided rests on rows that the other changes before it commits."""

from chalicelib.money import Money
from chalicelib.orders import events as order_events
from chalicelib.payments import actions as payments
from chalicelib.payments import returns
from chalicelib.payments import store as payment_store
from chalicelib.payments.port import Outcome, Status
from chalicelib.payments.sandbox.provider import Sandbox
from chalicelib.payouts import actions as payouts
from tests.faults.injector import faults
from tests.support import resources
from tests.support.audit import audit
from tests.support.market import ok, run_timers

DAY = 24 * 3600


def row_of(kind):
    return next(row for row in resources.rows('market') if row.get('row') == kind)


def still_pending(monkeypatch, method):
    """The provider says that it is not through yet; the answer of the rival, that it is, comes later and is recorded first."""
    found = getattr(Sandbox, method)

    def once(sandbox, our_id, *_):
        monkeypatch.setattr(Sandbox, method, found)
        row = row_of('refund' if method == 'find_refund' else 'payout')
        asked = row['amount_minor'] - row.get('fee_minor', 0)
        return Outcome(our_id, Money(asked, row['currency']), Status.PENDING)

    monkeypatch.setattr(Sandbox, method, once)


def test_a_quote_buys_one_order(market, buyer, meanwhile):
    quote = market.quote()
    meanwhile(lambda: ok(buyer.post('/orders', {'quote_id': quote['id']}), 201))
    assert buyer.post('/orders', {'quote_id': quote['id']}).problem == 'conflict'
    assert len(ok(buyer.get('/orders'))['items']) == 1


def test_an_order_is_accepted_or_cancelled(market, buyer, seller, meanwhile):
    order = market.delivered()
    meanwhile(lambda: ok(buyer.post(f'/orders/{order["id"]}/accept')))
    assert seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}).problem == 'order-state'
    assert market.order(order['id'])['state'] == 'completed'
    audit()


def test_a_gig_that_is_paused_is_not_bought(market, buyer, seller, meanwhile):
    quote = market.quote()
    meanwhile(lambda: ok(seller.post(f'/gigs/{quote["gig_id"]}/pause')))
    assert buyer.post('/orders', {'quote_id': quote['id']}).status in (404, 409)
    assert ok(buyer.get('/orders'))['items'] == []


def test_a_payment_that_was_confirmed_does_not_wait_again(market, buyer, meanwhile):
    order = market.placed()
    payment = ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)

    def rival():
        ok(buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
        assert payments.settle(payment['id']).state == 'succeeded'

    meanwhile(rival)
    assert payments.settle(payment['id']).state == 'succeeded'
    assert payment_store.get(payment['id']).state == 'succeeded'
    audit()


def test_a_refund_that_was_settled_is_not_asked_for_again(market, monkeypatch, meanwhile):
    order = market.cancelled()
    sk = row_of('refund')['sk']
    still_pending(monkeypatch, 'find_refund')
    meanwhile(lambda: returns.send(order['id'], sk))
    returns.send(order['id'], sk)
    assert market.order(order['id'])['refunds'][0]['state'] == 'succeeded'
    audit()


def test_a_payout_that_was_paid_is_not_asked_for_again(market, seller, clock, monkeypatch, meanwhile):
    market.completed()
    clock.shift(14 * DAY + 1)
    run_timers()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    row = row_of('payout')
    still_pending(monkeypatch, 'find_payout')
    meanwhile(lambda: payouts.send(row['pk'], row['sk']))
    payouts.send(row['pk'], row['sk'])
    assert ok(seller.get('/payouts'))['items'][0]['state'] == 'paid'
    audit()


def test_what_is_available_is_paid_out_once(market, seller, clock, meanwhile):
    market.completed()
    clock.shift(14 * DAY + 1)
    run_timers()
    wanted = {'amount_minor': 8_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    meanwhile(lambda: ok(seller.post('/payouts', wanted), 201))
    assert seller.post('/payouts', wanted).problem == 'insufficient-funds'
    audit()


def test_a_release_that_was_made_meanwhile_is_not_taken_for_a_lack_of_money(market, clock, meanwhile):
    order = market.completed()
    clock.shift(14 * DAY + 1)
    release = order_events.RELEASES['release_payment']
    meanwhile(lambda: release(f'ORDER#{order["id"]}', 'ORDER'))
    release(f'ORDER#{order["id"]}', 'ORDER')
    assert market.order(order['id'])['funds'] == 'released'
    audit()


def test_two_changes_of_a_profile_both_last(buyer, meanwhile):
    ok(buyer.patch('/me', {'headline': 'Cat'}))
    meanwhile(lambda: ok(buyer.patch('/me', {'bio': 'I am a cat'})))
    ok(buyer.patch('/me', {'headline': 'A cat'}))
    me = ok(buyer.get('/me'))
    assert (me['headline'], me['bio']) == ('A cat', 'I am a cat')


def test_who_meets_another_transaction_tries_again_at_once(market, buyer):
    order = market.delivered()
    path = f'/orders/{order["id"]}/accept'
    with faults({2: 'conflict'}) as plan:
        ok(buyer.post(path))
    assert plan.calls[1] == 'dynamodb.TransactWriteItems'
    assert [name for _, name, _ in plan.struck] == ['dynamodb.TransactWriteItems']
