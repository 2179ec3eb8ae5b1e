"""The tax on the buyer fee: quoted, held, owed once the fee is earned, and given back with it."""

import pytest

from tests.support.audit import audit
from tests.support.market import DAY, FEE, GIG, NET, PRICE, TOTAL, balances, ok, run_timers
from tests.support.requests import offer
from tests.support.resources import rows

TAX = 61
"""11 % of a fee of 5.50."""


@pytest.fixture
def taxed(market, buyer):
    ok(buyer.patch('/me', {'country': 'ID'}))
    return market


def owed(country='ID'):
    """What we owe to a tax office."""
    return sum(row['minor'] for row in rows('journal') if row.get('account') == f'tax.payable:{country}')


def refund(person, order, minor):
    return ok(person.post(f'/orders/{order["id"]}/refunds', {'amount_minor': minor, 'reason': 'Late'}), 201)


def test_a_buyer_from_indonesia_pays_ppn_on_the_fee(taxed):
    order = taxed.paid()
    assert order['buyer_total_minor'] == TOTAL + TAX
    assert [(line['kind'], line['amount_minor']) for line in order['buyer_lines']][1:] == [('buyer_fee', FEE), ('tax', TAX)]
    assert balances() == {
        f'escrow:{order["id"]}': PRICE,
        f'fee.buyer:{order["id"]}': FEE,
        f'fee.tax:{order["id"]}': TAX,
    }
    assert owed() == 0, 'nothing is owed on a fee that is not earned'
    audit()


@pytest.mark.parametrize('country', [None, 'US', 'SG'])
def test_nobody_else_pays_it(market, buyer, country):
    ok(buyer.patch('/me', {'country': country}))
    order = market.paid()
    assert order['buyer_total_minor'] == TOTAL
    assert f'fee.tax:{order["id"]}' not in balances()


def test_the_country_of_the_seller_is_of_no_account(market, seller):
    ok(seller.patch('/me', {'country': 'ID'}))
    assert market.paid()['buyer_total_minor'] == TOTAL


def test_an_order_keeps_the_tax_that_it_was_quoted_with(taxed, buyer):
    order = taxed.started()
    ok(buyer.patch('/me', {'country': 'US'}))
    extra_id = offer(taxed, order)
    assert taxed.order(order['id'])['added_extras'][0]['tax_minor'] == 12
    extra = ok(buyer.post(f'/orders/{order["id"]}/extras/{extra_id}/payments', {'method': 'sandbox_card_ok'}), 201)
    assert extra['amount_minor'] == 2_000 + 110 + 12
    assert balances()[f'fee.tax:{order["id"]}'] == TAX + 12
    audit()


def test_it_is_owed_once_the_fee_is_earned(taxed, seller, clock):
    order = taxed.completed()
    assert owed() == TAX
    assert f'fee.tax:{order["id"]}' not in balances()
    audit()
    clock.shift(14 * DAY + 1)
    run_timers()
    assert (owed(), balances()) == (TAX, {f'seller.available:{seller.id}': NET})
    audit()


def test_all_of_it_goes_back_with_a_cancellation(taxed, buyer):
    order = taxed.paid()
    cancelled = ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'}))
    assert cancelled['refunds'][0]['amount_minor'] == TOTAL + TAX
    run_timers()
    assert (owed(), balances()) == (0, {})
    audit()


def test_a_part_of_it_goes_back_with_a_part_of_the_price(taxed, buyer, seller):
    order = taxed.delivered()
    refund(seller, order, (TOTAL + TAX) // 2)
    held = balances()
    assert held[f'escrow:{order["id"]}'] + held[f'fee.buyer:{order["id"]}'] + held[f'fee.tax:{order["id"]}'] == 5_306
    left = held[f'fee.tax:{order["id"]}']
    assert left in (30, 31)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    assert owed() == left, 'on what was earned of the fee'
    run_timers()
    audit()


def test_after_completion_the_tax_stays_with_the_fee(taxed, seller):
    order = taxed.completed()
    refund(seller, order, PRICE)
    run_timers()
    assert (owed(), balances()) == (TAX, {})
    audit()


def test_the_last_part_that_can_go_back_leaves_something_to_complete(taxed, buyer, seller, clock):
    order = taxed.delivered()
    refund(seller, order, TOTAL + TAX - 1)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    audit()
    clock.shift(14 * DAY + 1)
    assert set(run_timers()) == {'send_refund', 'release_payment'}
    assert balances() == {f'seller.available:{seller.id}': 1}
    audit()


def test_an_order_of_which_only_fee_and_tax_are_left_is_completed(taxed, buyer, seller, clock):
    package = GIG['packages'][0] | {'price_minor': 500}
    order = taxed.delivered(taxed.gig(packages=[package], extras=[]))
    refund(seller, order, 500)
    while f'escrow:{order["id"]}' in balances():
        if balances()[f'escrow:{order["id"]}'] > 10:
            refund(seller, order, balances()[f'escrow:{order["id"]}'] - 10)
        refund(seller, order, 1)
    assert sum(minor for account, minor in balances().items() if account.startswith('fee.')) > 0
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    audit()
    clock.shift(15 * DAY)
    assert set(run_timers()) == {'send_refund'}
    assert balances() == {}
    audit()


def test_a_chargeback_takes_the_tax_back_as_long_as_it_is_not_owed(taxed):
    order = taxed.delivered()
    _, ref = taxed.charged(order)
    assert balances()[f'hold.dispute:{order["id"]}'] == TOTAL + TAX
    taxed.decide(ref, won=True)
    assert balances()[f'fee.tax:{order["id"]}'] == TAX
    audit()


def test_ppn_is_of_whole_rupiah(taxed, buyer, clock):
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = taxed.completed(taxed.gig(currency='IDR', packages=[package], extras=[]))
    assert [line['amount_minor'] for line in order['buyer_lines']] == [7_777_700, 427_800, 47_100]
    assert owed() == 47_100
    audit()
