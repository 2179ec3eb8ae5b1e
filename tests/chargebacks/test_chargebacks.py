import pytest

from chalicelib.money import Money
from chalicelib.payments.port import Outcome, OutcomeUnknown, ProviderMismatch, Status
from chalicelib.payments.sandbox.provider import Sandbox
from tests.support import resources
from tests.support.api import Person, deliver
from tests.support.audit import audit
from tests.support.market import (
    ANSWERS,
    CLAIM,
    DAY,
    GIG,
    NET,
    PRICE,
    TOTAL,
    balances,
    claim_part,
    give_promo,
    ok,
    run_provider,
    run_timers,
    send_back,
)

PAYOUT = {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
CHARGEBACK_FEE = 1_500


def usd(person):
    return next(balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')


def chargebacks(person, order):
    return ok(person.get(f'/orders/{order["id"]}/chargebacks'))['items']


def ref_of(payment_id):
    return payment_id.replace('pay_', 'scb_')


def journal_line(txid, account):
    rows = [row for row in resources.rows('journal') if row['row'] == 'entry' and row['txid'] == txid]
    return sum(row['minor'] for row in rows if row['account'] == account)


@pytest.mark.parametrize('prepare', ['paid', 'started', 'delivered', 'revised', 'completed'])
def test_a_chargeback_freezes_the_order_and_its_money(market, seller, clock, prepare):
    order = getattr(market, prepare)()
    frozen, ref = market.charged(order)
    assert (frozen['state'], frozen['funds'], frozen['frozen_by'], frozen['next_step']) == (
        order['state'],
        'frozen',
        'chargeback',
        None,
    )
    (seen,) = chargebacks(seller, order)
    held = PRICE if prepare == 'completed' else TOTAL
    assert (seen['ref'], seen['state'], seen['amount_minor'], seen['from_order_minor'], seen['from_seller_minor']) == (
        ref,
        'received',
        TOTAL,
        held,
        0,
    )
    assert balances() == {f'hold.dispute:{order["id"]}': held, f'receivable.dispute:{order["id"]}': TOTAL}
    assert [(p['reason'], p['amount_minor'], p['rule'], p['release_at']) for p in usd(seller)['pending']] == [
        ('chargeback', NET, 'chargeback_open', None)
    ]
    clock.shift(5 * DAY)
    assert run_timers() == []
    audit()


@pytest.mark.parametrize('prepare', ['paid', 'started', 'delivered', 'completed'])
def test_a_chargeback_that_is_won_changes_nothing_in_the_end(market, clock, prepare):
    order = getattr(market, prepare)()
    before = balances()
    _, ref = market.charged(order)
    clock.shift(2 * DAY)
    market.decide(ref, won=True)
    after = market.order(order['id'])
    assert (after['state'], after['funds'], after['frozen_by']) == (order['state'], order['funds'], None)
    assert after['next_step'] == order['next_step']
    assert balances() == before
    audit()


@pytest.mark.parametrize(
    ('prepare', 'state'),
    [('paid', 'cancelled'), ('started', 'cancelled'), ('delivered', 'cancelled'), ('completed', 'completed')],
)
def test_a_chargeback_that_is_lost_ends_the_order(market, seller, buyer, prepare, state):
    order = getattr(market, prepare)()
    _, ref = market.charged(order)
    market.decide(ref, won=False)
    after = market.order(order['id'])
    assert (after['state'], after['funds'], after['frozen_by'], after['next_step']) == (state, 'charged_back', None, None)
    assert balances() == {}
    assert usd(seller)['pending'] == []
    assert ok(seller.get('/me'))['seller_faults'] == ok(buyer.get('/me'))['buyer_faults'] == 0
    audit()


def test_what_was_paid_out_is_owed_and_the_next_order_pays_it(market, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', PAYOUT), 201)
    run_timers()
    _, ref = market.charged(order)
    (seen,) = chargebacks(seller, order)
    assert (seen['from_order_minor'], seen['from_seller_minor']) == (0, NET)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor'], usd(seller)['pending']) == (0, NET, [])
    market.decide(ref, won=False)
    assert journal_line(f'dispute_lost:{ref}', 'expense.chargeback:loss') == NET - TOTAL
    audit()
    market.released(clock, extras=[{'id': 'card', 'quantity': 2}])
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (3_200, 0), '80 % of 140.00, less the 80.00 owed'
    audit()


def test_a_debt_that_was_netted_meanwhile_comes_back_when_the_bank_decides_for_the_seller(market, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', PAYOUT), 201)
    run_timers()
    _, ref = market.charged(order)
    market.released(clock)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 0)
    market.decide(ref, won=True)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (NET, 0)
    assert market.order(order['id'])['funds'] == 'released'
    audit()


def test_who_owes_is_not_paid_out(market, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', PAYOUT | {'amount_minor': 5_000}), 201)
    run_timers()
    market.charged(order)
    assert (usd(seller)['available_minor'], usd(seller)['owed_minor']) == (0, 5_000)
    assert seller.post('/payouts', PAYOUT | {'amount_minor': 500}).problem == 'insufficient-funds'
    audit()


def test_what_has_gone_back_to_the_card_is_not_taken_twice_from_the_order(market, seller, support):
    order = market.delivered()
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 2_550, 'reason': 'Late'}), 201)
    run_timers()
    _, ref = market.charged(order)
    (seen,) = chargebacks(seller, order)
    assert seen['from_order_minor'] == TOTAL - 2_550
    market.decide(ref, won=False)
    assert journal_line(f'dispute_lost:{ref}', 'expense.chargeback:loss') == -2_550
    audit()


def test_a_chargeback_ends_a_dispute(market, buyer, seller):
    order = market.delivered()
    dispute, path = market.disputed(order)
    frozen, ref = market.charged(order)
    assert frozen['frozen_by'] == 'chargeback'
    assert ok(buyer.get(f'/orders/{order["id"]}/disputes'))['items'][0]['outcome'] == 'superseded'
    assert seller.post(f'{path}/response', {'accepts': True}).problem == 'conflict'
    market.decide(ref, won=True)
    assert market.order(order['id'])['next_step'] == 'complete_order'
    assert dispute['stage'] == 'responding'


def test_a_dispute_that_a_chargeback_has_ended_is_not_the_last(market, buyer):
    order = market.delivered()
    market.disputed(order)
    _, ref = market.charged(order)
    market.decide(ref, won=True)
    _, path = market.disputed(order)
    ok(buyer.post(f'{path}/withdraw'))
    assert buyer.post(f'/orders/{order["id"]}/disputes', CLAIM).problem == 'conflict'
    audit()
    audit()


def test_what_was_paid_with_credit_stays_the_buyers(market, buyer, seller):
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    order = market.order(order['id'])
    _, ref = market.charged(order)
    (seen,) = chargebacks(seller, order)
    assert (seen['amount_minor'], seen['from_order_minor']) == (TOTAL - 4_000, TOTAL - 4_000)
    market.decide(ref, won=False)
    assert (usd(buyer)['wallet_minor'], balances()) == (4_000, {f'buyer.wallet:{buyer.id}': 4_000})
    audit()


def test_a_tip_is_claimed_back_from_its_seller_alone(market, buyer, seller, clock):
    order = market.completed()
    tip = ok(buyer.post(f'/orders/{order["id"]}/tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'}), 201)
    after, ref = market.charged(order, tip['id'])
    assert (after['funds'], after['frozen_by'], usd(seller)['available_minor']) == ('clearing', None, 0)
    market.decide(ref, won=False)
    assert usd(seller)['owed_minor'] == 0
    assert [one['state'] for one in chargebacks(seller, order)] == ['lost']
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_what_was_paid_into_a_wallet_is_taken_from_there(market, buyer, support, won):
    top_up = {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}
    payment = ok(buyer.post('/me/wallet/top-ups', top_up), 201)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    ok(buyer.post('/me/wallet/top-ups', top_up | {'amount_minor': 1_000}), 201)
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'duplicate'}))
    run_provider()
    assert usd(buyer)['wallet_minor'] == 0
    assert [one['from_order_minor'] for one in ok(support.get('/admin/chargebacks'))['items']] == [1_000]
    market.decide(ref_of(payment['id']), won=won)
    assert usd(buyer)['wallet_minor'] == (1_000 if won else 0)
    assert ok(support.get('/admin/chargebacks'))['items'] == []
    audit()


@pytest.mark.parametrize('wins', [(True, True), (True, False), (False, True), (False, False)])
def test_two_chargebacks_of_one_order_end_with_the_last_of_them(market, buyer, clock, wins):
    from tests.support.requests import offer

    order = market.started()
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    _, ref = market.charged(order)
    _, other = market.charged(order, extra['id'])
    audit()
    market.decide(ref, won=wins[0])
    assert market.order(order['id'])['frozen_by'] == 'chargeback'
    market.decide(other, won=wins[1])
    after = market.order(order['id'])
    audit()
    if all(wins):
        assert (after['state'], after['funds'], after['frozen_by']) == ('in_progress', 'held', None)
        return
    assert (after['state'], after['funds'], after['frozen_by']) == ('cancelled', 'charged_back', None)
    kept = {(True, False): TOTAL, (False, True): extra['amount_minor'], (False, False): 0}[wins]
    assert sum(refund['amount_minor'] for refund in after['refunds']) == kept, 'what the bank did not take goes back as it came'
    clock.shift(3_601)
    run_timers()
    assert balances() == {}
    audit()


def test_the_evidence_is_the_orders_own_log(market, buyer, seller, support, stranger):
    order = market.completed()
    _, ref = market.charged(order)
    (seen,) = chargebacks(seller, order)
    path = f'/orders/{order["id"]}/chargebacks/{seen["id"]}'
    pack = ok(seller.get(f'{path}/evidence'))
    assert pack['buyer_accepted'] is True
    assert [event['name'] for event in pack['log']] == [
        'OrderPlaced',
        'PaymentStarted',
        'PaymentCaptured',
        'RequirementsSubmitted',
        'OrderDelivered',
        'OrderCompleted',
        'ChargebackReceived',
    ]
    assert 'Delivery 1 (files: 0): Here it is' in pack['text']
    assert '$105.50 claimed back (product_not_received)' in pack['text']
    assert buyer.get(f'{path}/evidence').status == 404
    assert stranger.get(f'{path}/evidence').status == 404
    ok(seller.post(f'{path}/contest', {'remarks': 'The logo is on their shop front'}))
    assert buyer.post(f'{path}/contest', {}).problem == 'forbidden'
    assert [one['remarks'] for one in chargebacks(buyer, order)] == [None], 'what the seller says is not for the buyer'
    sent = ok(support.post(f'{path}/contest', {}))
    assert (sent['state'], sent['remarks']) == ('submitted', 'The logo is on their shop front')
    at_bank = next(row for row in resources.rows('market') if row.get('row') == 'sandbox' and row['id'] == ref)
    assert 'The seller adds: The logo is on their shop front' in at_bank['evidence']
    assert seller.post(f'{path}/contest', {'remarks': 'More'}).problem == 'conflict'
    market.decide(ref, won=True)
    audit()


def test_evidence_that_nobody_sends_is_sent_before_it_is_due(market, seller, clock, monkeypatch):
    order = market.completed()
    _, ref = market.charged(order)
    (seen,) = chargebacks(seller, order)
    assert seen['evidence_due_at'] == '2026-12-01T08:00:00Z'
    clock.shift(6 * DAY + 1)
    contest = Sandbox.contest_chargeback

    def silent(*_):
        monkeypatch.setattr(Sandbox, 'contest_chargeback', contest)
        raise OutcomeUnknown

    monkeypatch.setattr(Sandbox, 'contest_chargeback', silent)
    message = {'v': 1, 'action': 'submit_evidence', 'pk': f'ORDER#{order["id"]}', 'sk': f'CHARGEBACK#{ref}'}
    assert deliver('settle_with_provider', message) != []
    assert chargebacks(seller, order)[0]['state'] == 'submitted'
    assert run_timers() == ['submit_evidence']
    assert run_timers() == []
    audit()


def test_a_chargeback_that_is_told_again_and_again_is_one(market, seller):
    order = market.completed()
    _, ref = market.charged(order)
    message = {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': ref}
    assert deliver('settle_with_provider', message, message) == []
    market.decide(ref, won=False)
    assert deliver('settle_with_provider', message, message) == []
    assert len(chargebacks(seller, order)) == 1
    audit()


def test_a_chargeback_that_is_over_before_we_hear_of_it_is_opened_and_ended(market, buyer, support):
    order = market.completed()
    ok(buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    ok(support.post(f'/sandbox/chargebacks/{ref_of(order["payment_id"])}/decision', {'won': False}))
    assert run_provider() == ['learn_chargeback'] * 2
    assert market.order(order['id'])['funds'] == 'charged_back'
    audit()


def test_what_a_provider_says_of_another_amount_is_not_believed(market, monkeypatch):
    from chalicelib.chargebacks import actions

    order = market.completed()
    find, payment_id = Sandbox.find_chargeback, order['payment_id']
    market.buyer.post(f'/sandbox/payments/{payment_id}/chargeback', {'reason': 'fraudulent'})
    for wrong in ({'money': Money(TOTAL + 1, 'USD')}, {'money': Money(TOTAL * 100, 'IDR')}, {'money': Money(0, 'USD')}):
        monkeypatch.setattr(Sandbox, 'find_chargeback', lambda box, ref, wrong=wrong: find(box, ref)._replace(**wrong))
        with pytest.raises(ProviderMismatch):
            actions.learn('sandbox', ref_of(payment_id))
    assert market.order(order['id'])['frozen_by'] is None


RUPIAH = {'currency': 'IDR', 'packages': [GIG['packages'][0] | {'price_minor': 7_777_700}], 'extras': []}


def a_tip_in_rupiah(market, clock):
    order = market.completed(market.gig(**RUPIAH))
    tip = {'amount_minor': 5_000_000, 'method': 'sandbox_card_ok'}
    return ok(market.buyer.post(f'/orders/{order["id"]}/tips', tip), 201)['id']


def a_top_up_in_rupiah(market, clock):
    top_up = {'amount_minor': 5_000_000, 'currency': 'IDR', 'method': 'sandbox_card_ok'}
    return ok(market.buyer.post('/me/wallet/top-ups', top_up), 201)['id']


def in_rupiah(prepare):
    return lambda market, _: getattr(market, prepare)(market.gig(**RUPIAH))['payment_id']


def released_in_rupiah(market, clock):
    return market.released(clock, market.gig(**RUPIAH))['payment_id']


@pytest.mark.parametrize(('minor', 'won'), [(4_999_950, True), (4_999_950, False), (100, True), (100, False)])
@pytest.mark.parametrize(
    'prepare',
    [in_rupiah('paid'), in_rupiah('completed'), released_in_rupiah, a_tip_in_rupiah, a_top_up_in_rupiah],
    ids=['paid', 'completed', 'released', 'tip', 'top-up'],
)
def test_what_a_bank_takes_is_posted_to_the_sen_and_people_miss_whole_rupiah(market, clock, prepare, minor, won):
    payment_id = prepare(market, clock)
    before = balances()
    ref, whole = claim_part({'id': payment_id, 'currency': 'IDR'}, minor), minor - minor % 100
    message = {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': ref}
    assert deliver('settle_with_provider', message) == []
    assert journal_line(f'dispute_open:{ref}', 'psp.balance:sandbox') == minor + 20_000_000
    assert journal_line(f'dispute_open:{ref}', 'expense.chargeback:loss') == whole - minor
    [seen] = ok(Person('support', 'support').get('/admin/chargebacks'))['items']
    held = seen['from_order_minor'] + seen['from_seller_minor']
    assert (seen['amount_minor'], held) == (whole, min(whole, 4_000_000) if prepare is a_tip_in_rupiah else whole)
    assert sum(held for account, held in balances().items() if account.startswith('receivable.dispute')) == whole
    audit()
    market.decide(ref, won=won)
    loss = sum(journal_line(f'dispute_{end}:{ref}', 'expense.chargeback:loss') for end in ('open', 'won', 'lost'))
    assert loss == (0 if won else held - minor)
    assert not won or balances() == before
    audit()


def test_less_than_a_rupiah_is_nobodys_and_left_to_the_report(market):
    from chalicelib.chargebacks import actions

    order = market.paid(market.gig(**RUPIAH))
    claim_part({'id': order['payment_id'], 'currency': 'IDR'}, 99)
    with pytest.raises(ProviderMismatch):
        actions.learn('sandbox', ref_of(order['payment_id']))
    assert market.order(order['id'])['frozen_by'] is None


@pytest.mark.parametrize('fee', [Money(90, 'IDR'), None])
def test_a_fee_in_another_currency_is_told_once_and_the_money_is_frozen(market, seller, monkeypatch, fee):
    order = market.completed()
    find, payment_id = Sandbox.find_chargeback, order['payment_id']
    ok(market.buyer.post(f'/sandbox/payments/{payment_id}/chargeback', {'reason': 'fraudulent'}))
    resources.drain('provider')
    monkeypatch.setattr(Sandbox, 'find_chargeback', lambda box, ref: find(box, ref)._replace(fee=fee))
    message = {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': ref_of(payment_id)}
    assert deliver('settle_with_provider', message) != [], 'somebody has to look'
    assert (market.order(order['id'])['frozen_by'], chargebacks(seller, order)[0]['fee_minor']) == ('chargeback', 0)
    assert journal_line(f'dispute_open:{ref_of(payment_id)}', 'expense.chargeback:fee') == 0
    assert deliver('settle_with_provider', message) == [], 'it is known'


@pytest.mark.parametrize('won', [True, False])
def test_what_a_bank_has_kept_is_no_refund(market, seller, won):
    order = market.delivered()
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 2_550, 'reason': 'Late'}), 201)
    run_timers()
    _, ref = market.charged(order)
    assert (market.order(order['id'])['refunded_minor'], market.order(order['id'])['charged_back_minor']) == (2_550, 0)
    market.decide(ref, won=won)
    order = market.order(order['id'])
    assert (order['refunded_minor'], order['charged_back_minor']) == (2_550, 0 if won else TOTAL)


def test_a_refund_that_a_bank_has_made_needless_is_not_counted(market, clock):
    order = market.cancelled()
    _, ref = market.charged(order)
    market.decide(ref, won=False)
    clock.shift(3_601)
    run_timers()
    order = market.order(order['id'])
    assert (order['refunds'][0]['state'], order['refunded_minor'], order['charged_back_minor']) == ('superseded', 0, TOTAL)


def test_what_the_provider_has_never_heard_of_is_put_aside(market):
    message = {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': 'scb_x'}
    assert deliver('settle_with_provider', message) == []
    assert len(resources.messages('dead-letters')) == 1


def test_while_a_bank_decides_nothing_is_disputed_or_refunded(market, buyer, seller):
    order = market.completed()
    market.charged(order)
    for who, noun, body in (
        (buyer, 'disputes', CLAIM),
        (seller, 'refunds', {'amount_minor': 1_000, 'reason': 'No'}),
        (buyer, 'tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'}),
    ):
        assert who.post(f'/orders/{order["id"]}/{noun}', body).problem == 'order-state'


def test_an_extra_that_is_claimed_back_after_completion_costs_the_seller_the_extra(market, buyer, seller, clock):
    from tests.support.requests import offer

    order = market.started()
    path = f'/orders/{order["id"]}'
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'{path}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(seller.post(f'{path}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'{path}/accept'))
    before = usd(seller)['pending_minor']
    clock.shift(10 * DAY)
    _, ref = market.charged(order, extra['id'])
    clock.shift(DAY)
    market.decide(ref, won=False)
    after = market.order(order['id'])
    assert (after['state'], after['funds'], after['frozen_by']) == ('completed', 'clearing', None)
    assert usd(seller)['pending_minor'] == before - extra['amount_minor']
    assert usd(buyer)['wallet_minor'] == 0, 'nobody keeps the work and its price'
    audit()
    clock.shift(4 * DAY + 1)
    assert run_timers() == ['release_payment']
    assert usd(seller)['available_minor'] == before - extra['amount_minor']
    audit()


def test_what_was_paid_with_credit_for_accepted_work_stays_the_sellers(market, buyer, seller, clock):
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 9_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    order = market.placed()
    path = f'/orders/{order["id"]}'
    ok(buyer.post(f'{path}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    ok(buyer.post(f'{path}/requirements', ANSWERS))
    ok(seller.post(f'{path}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'{path}/accept'))
    _, ref = market.charged(market.order(order['id']))
    market.decide(ref, won=False)
    assert market.order(order['id'])['funds'] == 'clearing'
    assert (usd(seller)['pending_minor'], usd(buyer)['wallet_minor']) == (NET - 1_550, 0)
    clock.shift(14 * DAY + 1)
    run_timers()
    assert usd(seller)['available_minor'] == NET - 1_550
    audit()


def test_a_wallet_that_is_spent_while_its_top_up_is_claimed_back_is_looked_at_again(market, buyer, meanwhile):
    top_up = {'amount_minor': 20_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}
    payment = ok(buyer.post('/me/wallet/top-ups', top_up), 201)
    order = market.placed()
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'duplicate'}))
    meanwhile(lambda: ok(buyer.post(f'/orders/{order["id"]}/payments', {'use_credit': True}), 201))
    assert run_provider() == ['learn_chargeback']
    assert usd(buyer)['wallet_minor'] == 0
    assert market.order(order['id'])['funds'] == 'held'
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_refund_that_was_not_sent_yet_waits_for_the_bank_so_that_nobody_gets_it_twice(market, buyer, clock, won):
    order = market.cancelled()
    _, ref = market.charged(order)
    assert run_timers() == ['send_refund']
    assert market.order(order['id'])['refunds'][0]['state'] == 'requested'
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    market.decide(ref, won=won)
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert order['refunds'][0]['state'] == ('succeeded' if won else 'superseded')
    assert order['funds'] == ('refunded' if won else 'charged_back')
    lost = journal_line(f'dispute_lost:{ref}', 'expense.chargeback:loss')
    saved = journal_line(f'refund_superseded:{order["refunds"][0]["id"]}', 'expense.chargeback:loss')
    assert (lost, saved) == ((0, 0) if won else (-TOTAL, TOTAL))
    assert balances() == {}
    assert run_timers() == []
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_what_a_failed_refund_has_put_into_a_wallet_is_taken_from_there(market, buyer, won):
    order = market.paid(method='sandbox_card_no_refund')
    ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'No longer needed'}))
    assert run_timers() == ['send_refund']
    assert usd(buyer)['wallet_minor'] == TOTAL
    _, ref = market.charged(order)
    assert usd(buyer)['wallet_minor'] == 0
    market.decide(ref, won=won)
    assert usd(buyer)['wallet_minor'] == (TOTAL if won else 0)
    assert journal_line(f'dispute_lost:{ref}', 'expense.chargeback:loss') == 0
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_refund_that_fails_while_a_bank_has_the_payment_goes_to_no_wallet_before_the_bank_has_decided(
    market, buyer, clock, monkeypatch, won
):
    order = market.cancelled()
    refused = {'money': Money(TOTAL, 'USD'), 'status': Status.FAILED, 'failure': 'disputed'}
    monkeypatch.setattr(Sandbox, 'find_refund', lambda _, refund_id, *__: Outcome(refund_id, **refused))
    _, ref = market.charged(order)
    assert run_timers() == ['send_refund']
    assert usd(buyer)['wallet_minor'] == 0
    market.decide(ref, won=won)
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    assert usd(buyer)['wallet_minor'] == (TOTAL if won else 0)
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_a_refund_that_comes_back_while_a_bank_has_the_payment_waits_for_the_bank(market, buyer, clock, won):
    order = market.cancelled()
    run_timers()
    _, ref = market.charged(order)
    send_back(order['refunds'][0], order['payment_id'])
    assert run_timers() == ['read_notice']
    assert (usd(buyer)['wallet_minor'], market.order(order['id'])['refunds'][0]['state']) == (0, 'held_back')
    audit()
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    market.decide(ref, won=won)
    clock.shift(3_601)
    assert run_timers() == ['send_refund']
    order = market.order(order['id'])
    assert order['refunds'][0]['state'] == ('returned' if won else 'superseded')
    saved = f'refund_superseded:{order["refunds"][0]["id"]}'
    assert journal_line(f'dispute_lost:{ref}', 'expense.chargeback:loss') == (0 if won else -TOTAL)
    assert journal_line(saved, 'expense.chargeback:loss') == (0 if won else TOTAL), 'nobody gets it twice'
    assert usd(buyer)['wallet_minor'] == (TOTAL if won else 0)
    assert run_timers() == []
    audit()


@pytest.mark.parametrize('won', [True, False])
def test_what_a_refund_that_came_back_has_put_into_a_wallet_is_taken_from_there(market, buyer, won):
    order = market.cancelled()
    run_timers()
    send_back(order['refunds'][0], order['payment_id'])
    assert run_timers() == ['read_notice']
    assert usd(buyer)['wallet_minor'] == TOTAL
    _, ref = market.charged(order)
    assert usd(buyer)['wallet_minor'] == 0
    market.decide(ref, won=won)
    assert usd(buyer)['wallet_minor'] == (TOTAL if won else 0)
    audit()


def test_a_payment_is_claimed_back_after_another_one_of_its_order_was_lost(market, buyer, seller, clock):
    from tests.support.requests import offer

    order = market.started()
    extra_id = offer(market, order)
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    clock.shift(14 * DAY + 1)
    run_timers()
    earned = usd(seller)['available_minor']
    _, ref = market.charged(order, extra['id'])
    market.decide(ref, won=False)
    left = usd(seller)['available_minor']
    assert earned - left == extra['amount_minor']
    _, other = market.charged(order)
    assert usd(seller)['available_minor'] == 0, 'the rest of what the order has brought is taken as well'
    market.decide(other, won=False)
    audit()


def test_who_owes_for_a_top_up_pays_nothing_in_and_uses_no_credit(market, buyer):
    top_up = {'amount_minor': 12_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}
    payment = ok(buyer.post('/me/wallet/top-ups', top_up), 201)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'use_credit': True}), 201)
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'fraudulent'}))
    run_provider()
    market.decide(ref_of(payment['id']), won=False)
    assert (usd(buyer)['wallet_minor'], usd(buyer)['owed_minor']) == (0, TOTAL)
    assert buyer.post('/me/wallet/top-ups', top_up).problem == 'conflict'
    other = market.placed()
    assert (
        buyer.post(f'/orders/{other["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}).problem == 'conflict'
    )
    ok(buyer.post(f'/orders/{other["id"]}/payments', {'method': 'sandbox_card_ok'}), 201)
    audit()


def a_top_up_that_was_spent(market, clock):
    """4,000 paid in, of which an order and a tip have used 1,000 and 500, and a payment that failed nothing."""
    buyer = market.buyer
    give_promo(buyer, TOTAL - 1_000)
    payment = ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    clock.shift(61)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    other = market.placed()
    ok(buyer.post(f'/orders/{other["id"]}/payments', {'method': 'sandbox_card_declined', 'use_credit': True}), 201)
    clock.shift(61)
    market.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS)
    ok(market.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    ok(buyer.post(f'/orders/{order["id"]}/tips', {'amount_minor': 500, 'use_credit': True}), 201)
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'fraudulent'}))
    run_provider()
    return payment['id'], order['id']


def test_the_evidence_of_a_top_up_is_what_the_wallet_has_paid_for_since(market, buyer, seller, support, clock):
    payment_id, order_id = a_top_up_that_was_spent(market, clock)
    [seen] = ok(support.get('/admin/chargebacks'))['items']
    path = f'/payments/{payment_id}/chargebacks/{seen["id"]}'
    pack = ok(support.get(f'{path}/evidence'))
    assert [(one['order_id'], one['purpose'], one['amount_minor']) for one in pack['spent']] == [
        (order_id, 'order', 1_000),
        (order_id, 'tip', 500),
    ]
    assert f'Payment {payment_id}: $40.00 claimed back (fraudulent).' in pack['text']
    assert f'The wallet paid $10.00 for order {order_id} (order)' in pack['text']
    for person in (buyer, seller):
        assert person.get(f'{path}/evidence').status == 403
        assert person.post(f'{path}/contest', {}).status == 403
    sent = ok(support.post(f'{path}/contest', {'remarks': 'They were signed in\n2026-01-01 a line of their own'}))
    assert (sent['state'], sent['payment_id'], sent['order_id']) == ('submitted', payment_id, None)
    at_bank = next(row for row in resources.rows('market') if row.get('row') == 'sandbox' and row['id'] == ref_of(payment_id))
    assert 'Our support adds: They were signed in / 2026-01-01 a line of their own' in at_bank['evidence']
    assert support.post(f'{path}/contest', {}).problem == 'conflict'
    market.decide(ref_of(payment_id), won=True)
    audit()


def test_evidence_of_a_top_up_that_nobody_sends_is_sent_before_it_is_due(market, support, clock):
    payment_id, _ = a_top_up_that_was_spent(market, clock)
    clock.shift(6 * DAY + 1)
    assert 'submit_evidence' in run_timers()
    assert [one['state'] for one in ok(support.get('/admin/chargebacks'))['items']] == ['submitted']
    at_bank = next(row for row in resources.rows('market') if row.get('row') == 'sandbox' and row['id'] == ref_of(payment_id))
    assert 'into their own wallet' in at_bank['evidence']
    clock.shift(DAY + 1)
    assert 'watch_chargeback' in run_timers()


@pytest.mark.parametrize('kind', ['payment', 'chargeback'])
def test_evidence_of_a_top_up_is_of_one_of_its_own_chargebacks(market, support, clock, kind):
    payment_id, _ = a_top_up_that_was_spent(market, clock)
    order = market.completed()
    market.charged(order)
    ids = {one['payment_id']: one['id'] for one in ok(support.get('/admin/chargebacks'))['items']}
    named = order['payment_id'] if kind == 'payment' else payment_id
    path = f'/payments/{named}/chargebacks/{ids[order["payment_id"]]}'
    assert support.get(f'{path}/evidence').status == 404
    assert support.post(f'{path}/contest', {}).status == 404


def test_a_bank_whose_word_was_lost_is_asked_once_a_day(market, support, clock):
    order = market.completed()
    _, ref = market.charged(order)
    clock.shift(6 * DAY + 1)
    assert run_timers() == ['submit_evidence']
    ok(support.post(f'/sandbox/chargebacks/{ref}/decision', {'won': True}))
    resources.drain('provider')
    clock.shift(DAY + 1)
    assert run_timers() == ['watch_chargeback']
    assert market.order(order['id'])['frozen_by'] is None
    assert run_timers() == []
    audit()
