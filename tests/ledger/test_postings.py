import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.campaigns.rules import Tranche, fee_share
from chalicelib.ledger import accounts
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import credit_postings as credit
from chalicelib.ledger import order_postings as orders
from chalicelib.ledger import payout_postings as payouts
from chalicelib.ledger import work_postings as work
from chalicelib.ledger.postings import Line, Posting
from chalicelib.ledger.purse import Means, Price, Purse, Sides, Standing
from chalicelib.money import CURRENCIES, percentage

pytestmark = pytest.mark.no_aws
SIDES = Sides('ord_1', 'usr_b', 'usr_s', 'USD')
PRICE = Price(price_minor=10_000, buyer_fee_minor=550, tax_minor=60)
CARD = Means('pay_1', 'sandbox', 10_610)
CREDIT = Means('pay_1', 'sandbox', 10_000, wallet_minor=600, promo_minor=10)
HELD = Purse().paid(PRICE)
CLEARING = HELD.completed(2_000, 'USD')
RELEASED = CLEARING.let_out()
BROKE, RICH, IN_DEBT = Standing(), Standing(available_minor=20_000), Standing(owed_minor=3_000)
CLAIM = orders.Claim('cb_1', 'sandbox', 10_610, 1_500, RELEASED.frozen(10_610))
EARLY_CLAIM = orders.Claim('cb_2', 'sandbox', 10_610, 1_500, HELD.frozen(10_610))
TRANSFER = payouts.Transfer('pyo_1', 'usr_s', 'USD', 8_000, 100)
CONTEST = work.Fund('cst_1', 'usr_b', 'USD', 10_000, 500)
CAMPAIGN = work.Fund('cmp_1', 'usr_b', 'USD', 10_000, 750)
LEG = orders.Leg('ref_1', 5_000, 200, 10)


def refund(purse, minor, *legs, standing=BROKE):
    return orders.refund_requested(SIDES, purse.taken(minor, 'USD'), legs, standing)


EVENTS = {
    'pay:pay_1': orders.payment_captured(SIDES, PRICE, CARD),
    'refund:ref_1': refund(HELD, 10_610, orders.Leg('ref_1', 10_610)),
    'pay:pay_2': orders.late_payment_captured(SIDES, Means('pay_2', 'sandbox', 10_610), 'ref_2'),
    'refund_ok:ref_1': orders.refund_succeeded(SIDES, 'ref_1', 10_610, 'sandbox'),
    'refund_failed:ref_1': orders.refund_failed(SIDES, 'ref_1', 10_610),
    'refund_superseded:ref_1': orders.refund_superseded(SIDES, 'ref_1', 10_610),
    'refund_returned:ref_1': orders.refund_returned(SIDES, 'ref_1', 10_610, 'sandbox', is_in_doubt=False),
    'refund_returned:ref_2': orders.refund_returned(SIDES, 'ref_2', 10_610, 'sandbox', is_in_doubt=True),
    'complete:ord_1': orders.order_completed(SIDES, HELD, CLEARING, 'ID'),
    'release:ord_1': orders.payment_released(SIDES, CLEARING, BROKE),
    'pay:pay_3': orders.tip_captured(SIDES, Means('pay_3', 'sandbox', 1_000), 1_000, 200, BROKE),
    'dispute_open:cb_1': orders.chargeback_opened(SIDES, CLAIM, Standing(available_minor=5_000)),
    'dispute_won:cb_1': orders.chargeback_won(SIDES, CLAIM, Standing(owed_minor=3_000)),
    'dispute_lost:cb_1': orders.chargeback_lost(SIDES, CLAIM),
    'dispute_open:cb_2': orders.chargeback_opened(SIDES, EARLY_CLAIM, BROKE),
    'dispute_won:cb_2': orders.chargeback_won(SIDES, EARLY_CLAIM, BROKE),
    'dispute_lost:cb_2': orders.chargeback_lost(SIDES, EARLY_CLAIM),
    'payout:pyo_1': payouts.payout_requested(TRANSFER, BROKE),
    'payout_paid:pyo_1': payouts.payout_paid(TRANSFER, 'sandbox'),
    'payout_failed:pyo_1': payouts.payout_failed(TRANSFER, BROKE),
    'payout_returned:pyo_1': payouts.payout_returned(TRANSFER, 'sandbox', BROKE),
    'reserve:pay_1': credit.credit_reserved('usr_b', 'USD', CREDIT),
    'unreserve:pay_1': credit.credit_returned('usr_b', 'USD', CREDIT),
    'pay:pay_4': credit.wallet_topped_up('usr_b', 'USD', Means('pay_4', 'sandbox', 5_000)),
    'promo:prm_1': credit.promo_granted('prm_1', 'usr_b', 'USD', 500),
    'affiliate:aff_1': credit.affiliate_rewarded('aff_1', 'usr_s', 'USD', 500),
    'adjust:adj_1': corrections.debt_written_off('adj_1', 'usr_s', 'USD', 3_000),
    'adjust:adj_2': corrections.adjusted('adj_2', 'USD', [Line('suspense:sandbox', -1), Line('revenue.fx', 1)]),
    'reverse:adjust:adj_2': corrections.undone('adjust:adj_2', 'USD', [Line('suspense:sandbox', -1), Line('revenue.fx', 1)]),
    'unmatched:sandbox:x': corrections.unmatched_received('x', 'sandbox', 'USD', 700),
    'adjust:adj_4': corrections.unmatched_resolved('adj_4', 'sandbox', 'usr_b', 'USD', 700),
    'refund:adj_5': corrections.unmatched_sent_back('adj_5', 'sandbox', 'USD', 700),
    'refund_ok:adj_5': corrections.unmatched_refund_succeeded('adj_5', 'sandbox', 'USD', 700),
    'refund_failed:adj_5': corrections.unmatched_refund_failed('adj_5', 'sandbox', 'USD', 700),
    'refund_returned:adj_5': corrections.unmatched_refund_returned('adj_5', 'sandbox', 'USD', 700),
    'adjust:adj_6': corrections.difference_absorbed('adj_6', 'sandbox', 'USD', [('suspense:sandbox', 700)]),
    'fx_sell:fx_1': corrections.exchange_sold(
        'fx_1', source='buyer.wallet:usr_b', pair='USD-IDR', currency='USD', minor=100, owner_id='usr_b'
    ),
    'fx_buy:fx_1': corrections.exchange_bought(
        'fx_1',
        target='buyer.wallet:usr_b',
        pair='USD-IDR',
        currency='IDR',
        minor=160_000_00,
        spread_minor=1_000_00,
        owner_id='usr_b',
    ),
    'own:sandbox:x': corrections.own_money_moved('x', 'sandbox', 'USD', -5_000),
    'bid_fee:fee_1': work.job_fee_paid('fee_1', 'usr_b', 'USD', 300),
    'pay:pay_5': work.contest_funded(CONTEST, Means('pay_5', 'sandbox', 10_500)),
    'prize:cst_1:1': work.prize_awarded(CONTEST, 1, 'usr_s', 10_000, 1_000),
    'pay:pay_6': work.campaign_funded(CAMPAIGN, Means('pay_6', 'sandbox', 10_750)),
    'task:cmp_1:sub_1': work.tasks_approved(CAMPAIGN, [work.Approved('sub_1', 'usr_s', 3_333, 250)], {'usr_s': BROKE}),
    'close:cmp_1': work.fund_closed(CAMPAIGN, 6_667, 500),
}


def fold(*names):
    balance = {}
    for name in names:
        for line in EVENTS[name].lines:
            balance[line.account] = balance.get(line.account, 0) + line.minor
    return {account: minor for account, minor in balance.items() if minor}


@pytest.mark.parametrize('txid', EVENTS)
def test_every_event_balances_and_is_named_after_its_fact(txid):
    posting = EVENTS[txid]
    assert posting.txid == txid
    assert sum(line.minor for line in posting.lines) == 0


def test_an_order_that_runs_to_its_end_leaves_the_seller_their_net_and_us_our_fees():
    assert fold('pay:pay_1', 'complete:ord_1', 'release:ord_1') == {
        'psp.clearing:sandbox': -10_610,
        'seller.available:usr_s': 8_000,
        'revenue.commission': 2_000,
        'revenue.buyer_fee': 550,
        'tax.payable:ID': 60,
    }


def test_an_order_that_is_cancelled_leaves_nothing_with_us():
    assert fold('pay:pay_1', 'refund:ref_1', 'refund_ok:ref_1') == {
        'psp.clearing:sandbox': -10_610,
        'psp.balance:sandbox': 10_610,
    }
    assert fold('pay:pay_1', 'refund:ref_1', 'refund_failed:ref_1') == {
        'psp.clearing:sandbox': -10_610,
        'buyer.wallet:usr_b': 10_610,
    }


def test_a_late_payment_is_on_its_way_back_at_once():
    assert fold('pay:pay_2') == {'psp.clearing:sandbox': -10_610, 'refund:ref_2': 10_610}


@pytest.mark.parametrize('ended', [('refund_failed:adj_5',), ('refund_ok:adj_5', 'refund_returned:adj_5')])
def test_money_that_cannot_be_sent_back_is_in_suspense_again(ended):
    assert fold('refund:adj_5', *ended) == {}
    assert fold('unmatched:sandbox:x', 'refund:adj_5', 'refund_ok:adj_5') == {
        'psp.clearing:sandbox': -700,
        'psp.balance:sandbox': 700,
    }


def test_a_refund_that_came_back_is_the_buyers_or_waits_for_their_bank():
    assert fold('refund_ok:ref_1', 'refund_returned:ref_1') == {'refund:ref_1': -10_610, 'buyer.wallet:usr_b': 10_610}
    assert fold('refund_returned:ref_2') == {'psp.balance:sandbox': -10_610, 'refund:ref_2': 10_610}


@pytest.mark.parametrize(('owed', 'repaid'), [(0, 0), (3_000, 3_000), (7_167, 7_167), (9_000, 7_167)])
def test_a_fund_that_is_closed_pays_what_its_buyer_owes(owed, repaid):
    closed = lines(work.fund_closed(CAMPAIGN, 6_667, 500, owed))
    assert (closed.get('receivable.seller:usr_b', 0), closed.get('buyer.wallet:usr_b', 0)) == (repaid, 7_167 - repaid)


def test_sen_that_a_bank_takes_move_on_no_account_that_people_have():
    rupiah = SIDES._replace(currency='IDR')
    claim = orders.Claim('cb_3', 'sandbox', 500_050, 77, {'escrow': 400_000})
    opened, won, lost = (
        lines(posting)
        for posting in (
            orders.chargeback_opened(rupiah, claim, BROKE),
            orders.chargeback_won(rupiah, claim, BROKE),
            orders.chargeback_lost(rupiah, claim),
        )
    )
    assert opened == {
        'receivable.dispute:ord_1': -500_000,
        'expense.chargeback:loss': -50,
        'expense.chargeback:fee': -77,
        'psp.balance:sandbox': 500_127,
        'escrow:ord_1': -400_000,
        'hold.dispute:ord_1': 400_000,
    }
    assert (won['expense.chargeback:loss'], won['psp.balance:sandbox']) == (50, -500_050)
    assert lost['expense.chargeback:loss'] == -100_000


def lines(posting):
    return {line.account: line.minor for line in posting.lines}


def test_a_part_that_goes_back_is_of_the_same_share_of_price_fee_and_tax():
    assert lines(refund(HELD, 5_210, LEG)) == {
        'escrow:ord_1': -4_910,
        'fee.buyer:ord_1': -270,
        'fee.tax:ord_1': -30,
        'refund:ref_1': 5_000,
        'buyer.wallet:usr_b': 200,
        'buyer.promo:usr_b': 10,
    }


def test_in_clearing_the_seller_and_we_give_back_the_same_share():
    assert lines(refund(CLEARING, 1_000, orders.Leg('ref_1', 1_000))) == {
        'seller.clearing:usr_s:ord_1': -800,
        'fee.commission:ord_1': -200,
        'refund:ref_1': 1_000,
    }


def test_what_a_seller_has_not_got_any_more_they_owe():
    some = Standing(available_minor=500)
    assert lines(refund(RELEASED, 1_000, orders.Leg('ref_1', 1_000), standing=some)) == {
        'seller.available:usr_s': -500,
        'receivable.seller:usr_s': -300,
        'revenue.commission': -200,
        'refund:ref_1': 1_000,
    }


@pytest.mark.parametrize(('owed', 'repaid', 'available'), [(3_000, 3_000, 5_000), (9_000, 8_000, 0), (0, 0, 8_000)])
def test_what_a_seller_owes_is_paid_first(owed, repaid, available):
    said = lines(orders.payment_released(SIDES, CLEARING, Standing(owed_minor=owed)))
    assert (said.get('receivable.seller:usr_s', 0), said.get('seller.available:usr_s', 0)) == (repaid, available)
    asked = lines(payouts.payout_requested(TRANSFER, Standing(20_000, owed)))
    assert asked['seller.available:usr_s'] == -8_000 - owed
    assert asked.get('receivable.seller:usr_s', 0) == owed


def test_a_chargeback_takes_from_the_order_first_then_from_its_seller_and_the_rest_is_ours_to_lose():
    assert lines(EVENTS['dispute_open:cb_2']) == {
        'receivable.dispute:ord_1': -10_610,
        'expense.chargeback:fee': -1_500,
        'psp.balance:sandbox': 12_110,
        'escrow:ord_1': -10_000,
        'fee.buyer:ord_1': -550,
        'fee.tax:ord_1': -60,
        'hold.dispute:ord_1': 10_610,
    }
    assert fold('dispute_open:cb_2', 'dispute_lost:cb_2') == {
        'expense.chargeback:fee': -1_500,
        'psp.balance:sandbox': 12_110,
    } | {account: -minor for account, minor in lines(EVENTS['pay:pay_1']).items() if minor > 0}
    assert lines(EVENTS['dispute_open:cb_1']) == {
        'receivable.dispute:ord_1': -10_610,
        'expense.chargeback:fee': -1_500,
        'psp.balance:sandbox': 12_110,
        'seller.available:usr_s': -5_000,
        'receivable.seller:usr_s': -3_000,
        'hold.dispute:ord_1': 8_000,
    }
    assert fold('dispute_open:cb_1', 'dispute_lost:cb_1')['expense.chargeback:loss'] == -2_610


@pytest.mark.parametrize('claim', ['cb_1', 'cb_2'])
def test_a_chargeback_that_is_won_costs_its_fee(claim):
    assert fold(f'dispute_open:{claim}', f'dispute_won:{claim}') == {
        'expense.chargeback:fee': -1_500,
        'psp.balance:sandbox': 1_500,
    }


def test_a_payout_leaves_or_comes_back():
    assert fold('payout:pyo_1', 'payout_failed:pyo_1') == {}
    assert fold('payout:pyo_1', 'payout_paid:pyo_1') == {
        'seller.available:usr_s': -8_000,
        'psp.balance:sandbox': 7_900,
        'revenue.payout_fee': 100,
    }
    assert fold('payout:pyo_1', 'payout_paid:pyo_1', 'payout_returned:pyo_1') == {}


def test_credit_is_set_aside_and_used_or_given_back():
    assert fold('reserve:pay_1', 'unreserve:pay_1') == {}
    used = lines(orders.payment_captured(SIDES, PRICE, CREDIT))
    assert (used['psp.clearing:sandbox'], used['buyer.reserved:pay_1']) == (-10_000, -610)
    late = lines(orders.late_payment_captured(SIDES, CREDIT, 'ref_9'))
    assert (late['refund:ref_9'], late['buyer.wallet:usr_b'], late['buyer.promo:usr_b']) == (10_000, 600, 10)


@pytest.mark.parametrize(('minor', 'currency', 'spendable'), [(150, 'IDR', 100), (99, 'IDR', 0), (150, 'USD', 150)])
def test_amounts_that_nobody_can_pay_stay_in_the_wallet(minor, currency, spendable):
    assert credit.spendable(minor, currency) == spendable


@given(st.integers(1, 10**6), st.integers(0, 10**5), st.integers(1, 60), st.data())
def test_a_campaign_pays_every_task_and_the_fee_of_it_to_the_last_unit(pay, fee, count, data):
    fund, paid = work.Fund('cmp', 'b', 'IDR', pay * count * 100, fee * 100), [Tranche(1, count, fee * 100)]
    approved = data.draw(st.integers(0, count))
    tasks = [
        lines(work.tasks_approved(fund, [work.Approved(str(n), 'w', pay * 100, fee_share(n, paid, 'IDR'))], {'w': BROKE}))
        for n in range(1, approved + 1)
    ]
    work_left = fund.work_minor + sum(task['escrow:cmp'] for task in tasks)
    fee_left = fund.fee_minor + sum(task.get('fee.buyer:cmp', 0) for task in tasks)
    assert min(work_left, fee_left) >= 0
    assert (work_left, fee_left) == (0, 0) or approved < count
    assert all(task['seller.available:w'] == pay * 100 for task in tasks)


@given(st.integers(1, 10**6), st.integers(1, 40))
def test_a_contest_without_a_winner_is_shared_to_the_last_unit(prize, entrants):
    fund = work.Fund('cst', 'b', 'IDR', prize * 100)
    shares = work.shared_prizes(fund, entrants)
    assert sum(shares) == fund.work_minor
    assert max(shares) - min(shares) <= 100


@given(
    st.sampled_from(sorted(CURRENCIES)),
    st.integers(1, 10**6),
    st.tuples(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(0, 5_000)),
    st.lists(st.tuples(st.sampled_from(['refund', 'complete', 'release']), st.integers(1, 100)), max_size=12),
)
def test_a_purse_never_gives_more_than_it_has_nor_keeps_a_unit(currency, units, rates, lives):
    fee_bps, tax_bps, commission_bps = rates
    quantum = CURRENCIES[currency].quantum
    fee = percentage(units * quantum, fee_bps, currency)
    price = Price(units * quantum, fee, percentage(fee, tax_bps, currency))
    purse, back, earned = Purse().paid(price), 0, 0
    for what, percent in lives:
        if what == 'refund' and (minor := purse.refundable_minor * percent // 100 // quantum * quantum):
            parts = purse.taken(minor, currency)
            assert sum(parts.values()) == minor
            purse, back = purse.less(parts), back + minor
        elif what == 'complete' and purse.escrow:
            earned = purse.fee + purse.tax
            purse = purse.completed(commission_bps, currency)
        elif what == 'release' and purse.clearing + purse.commission:
            purse = purse.let_out()
    assert sum(purse.stored().values()) + back + earned == price.total_minor
    assert all(minor % quantum == 0 and minor > 0 for minor in purse.stored().values())


def test_a_purse_refuses_to_give_what_it_has_not():
    with pytest.raises(ValueError, match='less than'):
        HELD.less({'escrow': 10_001})


def test_people_see_the_lines_on_their_own_accounts():
    nobodys = {name for name in EVENTS if name.startswith('refund') and name.endswith('adj_5')}
    told = [posting for name, posting in EVENTS.items() if name not in nobodys]
    owners = {(accounts.root(line.account), line.owner_id) for posting in told for line in posting.lines}
    sellers = {'seller.clearing', 'seller.available', 'receivable.seller', 'payout'}
    buyers = {'escrow', 'fee.buyer', 'fee.tax', 'refund', 'buyer.wallet', 'buyer.promo', 'buyer.reserved'}
    assert owners == {
        (root, 'usr_s' if root in sellers else 'usr_b' if root in buyers else None) for root in {root for root, _ in owners}
    }


def test_every_account_of_the_chart_is_used():
    assert {accounts.root(line.account) for posting in EVENTS.values() for line in posting.lines} == accounts.CHART.keys() - {
        'expense.psp_fee'  # which a settlement posts
    }


def test_fees_that_are_waived_leave_no_lines():
    free, means = Price(10_000), Means('pay_1', 'sandbox', 10_000)
    assert len(orders.payment_captured(SIDES, free, means).lines) == 2
    assert len(orders.payment_released(SIDES, Purse(clearing=10_000), BROKE).lines) == 2


@pytest.mark.parametrize(
    'lines',
    [
        (),
        (Line('escrow:o', 1),),
        (Line('escrow:o', 1), Line('psp.clearing:sandbox', -2)),
        (Line('escrow:o', 0), Line('psp.clearing:sandbox', 0)),
        (Line('escrow:o', 1.0), Line('psp.clearing:sandbox', -1.0)),
        (Line('escrow:o', True), Line('psp.clearing:sandbox', -1)),
        (Line('escrow:o', 1), Line('escrow:o', -1)),
        (Line('slush.fund', 1), Line('escrow:o', -1)),
        (Line('escrow', 1), Line('psp.clearing:sandbox', -1)),
        (Line('escrow:', 1), Line('psp.clearing:sandbox', -1)),
        (Line('revenue.commission:x', 1), Line('psp.clearing:sandbox', -1)),
        (Line('seller.clearing:s', 1), Line('psp.clearing:sandbox', -1)),
    ],
)
def test_what_is_not_a_posting_is_not_made(lines):
    with pytest.raises(ValueError, match=r'x:1|chart'):
        Posting('x:1', 'x', 'USD', lines)


def test_nobody_is_owed_a_part_of_a_rupiah():
    lines = (Line('escrow:o', 150), Line('psp.clearing:sandbox', -150))
    assert Posting('x:1', 'x', 'USD', lines)
    with pytest.raises(ValueError, match='150'):
        Posting('x:1', 'x', 'IDR', lines)


def test_another_posting_under_the_same_name_is_recognised():
    one = EVENTS['pay:pay_1']
    other = Posting(one.txid, one.event, one.currency, (Line('psp.clearing:sandbox', -1), Line('escrow:ord_1', 1)))
    again = orders.payment_captured(SIDES, PRICE, CARD)
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_the_chart_says_what_every_account_is():
    for root, rule in accounts.CHART.items():
        assert rule.meaning
        assert accounts.root(':'.join([root, *['x'] * rule.parts])) == root
        if rule.is_guarded:
            assert rule.parts > 0, 'a guarded account is never shared by all orders'
