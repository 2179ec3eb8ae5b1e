import pytest

from chalicelib.ledger import accounts, postings
from chalicelib.ledger.postings import Bargain, Line, Posting

pytestmark = pytest.mark.no_aws
BARGAIN = Bargain('ord_1', 'usr_b', 'usr_s', 'USD', price_minor=10_000, buyer_fee_minor=550, commission_minor=2_000)
EVENTS = {
    'pay:pay_1': postings.payment_captured(BARGAIN, 'pay_1', 'sandbox'),
    'refund:ref_1': postings.refund_requested(BARGAIN, 'ref_1'),
    'pay:pay_2': postings.late_payment_captured(BARGAIN, 'pay_2', 'ref_2', 'sandbox'),
    'refund_ok:ref_1': postings.refund_succeeded(BARGAIN, 'ref_1', 'sandbox'),
    'refund_failed:ref_1': postings.refund_failed(BARGAIN, 'ref_1'),
    'complete:ord_1': postings.order_completed(BARGAIN),
    'release:ord_1': postings.payment_released(BARGAIN),
    'payout:pyo_1': postings.payout_requested('usr_s', 'pyo_1', 8_000, 'USD'),
    'payout_paid:pyo_1': postings.payout_paid('usr_s', 'pyo_1', 8_000, 'USD', 'sandbox'),
    'payout_failed:pyo_1': postings.payout_failed('usr_s', 'pyo_1', 8_000, 'USD'),
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
        'psp.clearing:sandbox': -10_550,
        'seller.available:usr_s': 8_000,
        'revenue.commission': 2_000,
        'revenue.buyer_fee': 550,
    }


def test_an_order_that_is_cancelled_leaves_nothing_with_us():
    assert fold('pay:pay_1', 'refund:ref_1', 'refund_ok:ref_1') == {
        'psp.clearing:sandbox': -10_550,
        'psp.balance:sandbox': 10_550,
    }
    assert fold('pay:pay_1', 'refund:ref_1', 'refund_failed:ref_1') == {
        'psp.clearing:sandbox': -10_550,
        'buyer.wallet:usr_b': 10_550,
    }


def test_a_late_payment_is_on_its_way_back_at_once():
    assert fold('pay:pay_2') == {'psp.clearing:sandbox': -10_550, 'refund:ref_2': 10_550}


def test_a_payout_leaves_or_comes_back():
    assert fold('payout:pyo_1', 'payout_failed:pyo_1') == {}
    assert fold('payout:pyo_1', 'payout_paid:pyo_1') == {'seller.available:usr_s': -8_000, 'psp.balance:sandbox': 8_000}


def test_people_see_the_lines_on_their_own_accounts():
    owners = {line.account.partition(':')[0]: line.owner_id for posting in EVENTS.values() for line in posting.lines}
    assert owners == {
        'psp.clearing': None,
        'psp.balance': None,
        'escrow': 'usr_b',
        'fee.buyer': 'usr_b',
        'refund': 'usr_b',
        'buyer.wallet': 'usr_b',
        'seller.clearing': 'usr_s',
        'fee.commission': None,
        'revenue.buyer_fee': None,
        'seller.available': 'usr_s',
        'revenue.commission': None,
        'payout': 'usr_s',
    }


def test_fees_that_are_waived_leave_no_lines():
    free = Bargain('ord_1', 'b', 's', 'USD', price_minor=10_000, buyer_fee_minor=0, commission_minor=0)
    assert len(postings.payment_captured(free, 'pay_1', 'sandbox').lines) == 2
    assert len(postings.payment_released(free).lines) == 2


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
    again = postings.payment_captured(BARGAIN, 'pay_1', 'sandbox')
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_the_chart_says_what_every_account_is():
    for root, rule in accounts.CHART.items():
        assert rule.meaning
        assert accounts.root(':'.join([root, *['x'] * rule.parts])) == root
        if rule.is_guarded:
            assert rule.parts > 0, 'a guarded account is never shared by all orders'
