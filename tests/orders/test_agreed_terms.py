"""An order on agreed terms is an order: the same code, escrow, clock, log and refunds, without a gig's package."""

import pytest

from chalicelib import settings
from chalicelib.errors import Forbidden, Invalid
from tests.orders.test_orders import events
from tests.support.audit import audit
from tests.support.market import AGREED, ANSWERS, CLAIM, COMMISSION, FEE, NET, PRICE, TOTAL, Source, balances, ok, run_timers
from tests.support.requests import EXTRA, offer
from tests.support.resources import rows

DAY = 24 * 3600
PAY = {'method': 'sandbox_card_ok'}


def paid(market, **changes):
    order = market.agreed(**changes)
    ok(market.buyer.post(f'/orders/{order["id"]}/payments', PAY), 201)
    return market.order(order['id'])


def delivered(market, **changes):
    order = paid(market, **changes)
    ok(market.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS))
    return ok(market.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201)


def test_it_says_what_was_agreed_on_and_what_each_side_pays_and_gets(market):
    order = market.agreed()
    assert (order['source_kind'], order['source_id']) == AGREED['source']
    assert (order['gig_id'], order['package'], order['kind']) == (None, None, 'service')
    assert {name: order[name] for name in ('title', 'description', 'currency', 'delivery_days', 'revisions')} == {
        name: AGREED[name] for name in ('title', 'description', 'currency', 'delivery_days', 'revisions')
    }
    assert [(line['kind'], line['label'], line['amount_minor']) for line in order['buyer_lines']] == [
        ('work', 'A logo and a sign', PRICE),
        ('buyer_fee', 'Service fee', FEE),
    ]
    assert (order['buyer_total_minor'], order['seller_net_minor'], order['policy_version']) == (TOTAL, NET, '2026-11')
    (shown,) = ok(market.seller.get('/orders', role='seller'))['items']
    assert (shown['id'], shown['title'], shown['gig_id']) == (order['id'], AGREED['title'], None)


def test_it_lives_the_life_of_any_order(market, buyer, seller, clock):
    order = delivered(market)
    assert balances() == {f'escrow:{order["id"]}': PRICE, f'fee.buyer:{order["id"]}': FEE}
    ok(buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Bigger'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Bigger'}), 201)
    assert buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Smaller'}).problem == 'order-state', 'it has one revision'
    clock.shift(3 * DAY + 1)
    assert run_timers() == ['complete_order']
    assert balances() == {f'seller.clearing:{seller.id}:{order["id"]}': NET, f'fee.commission:{order["id"]}': COMMISSION}
    clock.shift(14 * DAY + 1)
    assert run_timers() == ['release_payment']
    assert balances() == {f'seller.available:{seller.id}': NET}
    assert events(buyer, order) == [
        'OrderPlaced',
        'PaymentStarted',
        'PaymentCaptured',
        'RequirementsSubmitted',
        'OrderDelivered',
        'RevisionRequested',
        'OrderDelivered',
        'OrderCompleted',
        'PaymentReleased',
    ]
    audit()


def test_where_nothing_has_to_be_answered_work_begins_when_it_is_paid(market):
    order = paid(market, requirements=[])
    assert order['state'] == 'in_progress'
    assert order['delivery_due_at']


def test_it_takes_extras_refunds_and_disputes(market, buyer, seller, support):
    order = delivered(market)
    extra_id = offer(market, order)
    ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', PAY), 201)
    ok(seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_000, 'reason': 'Late'}), 201)
    grown = market.order(order['id'])
    assert [line['kind'] for line in grown['buyer_lines']] == ['work', 'extra', 'buyer_fee']
    assert grown['buyer_lines'][1]['amount_minor'] == EXTRA['price_minor']
    _, path = market.contested(order, refund_minor=CLAIM['refund_minor'])
    ok(buyer.post(f'{path}/escalate'))
    ok(support.post(f'{path}/ruling', {'refund_minor': 3_000, 'reasoning': 'A part', 'fault': 'seller'}))
    assert market.order(order['id'])['state'] == 'completed'
    run_timers()
    audit()


def test_its_invoices_and_its_evidence_say_what_was_agreed_on(market, buyer, seller):
    order = delivered(market)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert buyer.get(f'/orders/{order["id"]}/invoice').status == 200
    assert seller.get(f'/orders/{order["id"]}/fee-invoice').status == 200
    market.charged(order)
    (chargeback,) = ok(seller.get(f'/orders/{order["id"]}/chargebacks'))['items']
    pack = ok(seller.get(f'/orders/{order["id"]}/chargebacks/{chargeback["id"]}/evidence'))
    assert (pack['what_was_sold'], pack['package']) == (AGREED['title'], AGREED['description'])
    audit()


def test_it_waits_a_day_for_its_payment(market, clock):
    order = market.agreed()
    clock.shift(DAY - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['expire_order']
    assert market.order(order['id'])['state'] == 'expired'


def test_its_quote_is_kept_with_it_and_buys_nothing_else(market, buyer):
    market.agreed()
    (quote,) = (row for row in rows(settings.MARKET_TABLE) if row['row'] == 'quote')
    answer = buyer.post('/orders', {'quote_id': quote['id']})
    assert answer.problem == 'conflict'
    assert len(ok(buyer.get('/orders'))['items']) == 1


def test_it_is_about_a_gig_that_need_not_be_for_sale_any_more(market, seller):
    gig = market.gig()
    ok(seller.post(f'/gigs/{gig["id"]}/pause'))
    order = market.agreed(gig_id=gig['id'])
    assert (order['gig_id'], order['package']) == (gig['id'], None)


@pytest.mark.parametrize(
    ('changes', 'error'),
    [
        ({'price_minor': 499}, Invalid),
        ({'price_minor': 2_000_001}, Invalid),
        ({'currency': 'IDR', 'price_minor': 5_000_050}, Invalid),
    ],
)
def test_it_costs_what_work_is_sold_for(market, changes, error):
    with pytest.raises(error) as refused:
        market.agreed(**changes)
    assert refused.value.errors[0]['pointer'] == '#/price_minor'
    assert balances() == {}


def test_nobody_buys_from_themselves(market, buyer):
    with pytest.raises(Forbidden):
        market.agreed(seller_id=buyer.id)


def test_it_keeps_the_rates_of_the_day_of_the_bargain(market, buyer):
    ok(buyer.patch('/me', {'country': 'ID'}))
    order = market.agreed(currency='IDR', price_minor=7_777_700, source=Source('proposal', 'pro_01JDF5B8N3C6G9J2M5Q8S1V4XA'))
    assert [line['amount_minor'] for line in order['buyer_lines']] == [7_777_700, 427_800, 47_100]
    ok(buyer.post(f'/orders/{order["id"]}/payments', PAY), 201)
    assert balances()[f'fee.tax:{order["id"]}'] == 47_100
