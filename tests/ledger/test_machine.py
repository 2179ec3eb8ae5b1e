"""Random lives of a market's money, with a provider that keeps its own books: 1,500 in memory, and some of them in DynamoDB."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chalicelib import db
from chalicelib.errors import InsufficientFunds, Moved
from chalicelib.ledger import accounts, postings, store
from chalicelib.ledger.postings import Bargain, Posting
from chalicelib.money import CURRENCIES, percentage
from tests.ledger.book import Book, Overdrawn
from tests.support import resources
from tests.support.audit import violations

pytestmark = pytest.mark.proof
SELLERS, BUYERS = ('s1', 's2', 's3'), ('b1', 'b2')
reached: Counter[str] = Counter()


@dataclass
class Order:
    bargain: Bargain
    state: str = 'held'
    refund: str = ''


class Market(RuleBasedStateMachine):
    """What may happen to orders and payouts, in any order; the rules refuse nothing by themselves, the ledger does."""

    held, completed, refunding, payouts = Bundle('held'), Bundle('completed'), Bundle('refunding'), Bundle('payouts')

    def __init__(self) -> None:
        super().__init__()
        self.book, self.number = Book(), 0
        self.orders: list[Order] = []
        self.open_payouts: dict[str, tuple[str, int, str]] = {}
        self.captured, self.sent = Counter(), Counter()

    def post(self, posting: Posting) -> None:
        reached[posting.event] += 1
        assert self.book.post(posting)

    def new(self, prefix: str) -> str:
        self.number += 1
        return f'{prefix}_{self.number}'

    def bargain(self, currency: str, units: int, buyer: str, seller: str, bps: tuple[int, int]) -> Bargain:
        price = units * CURRENCIES[currency].quantum
        fee, commission = (percentage(price, one, currency) for one in bps)
        return Bargain(self.new('ord'), buyer, seller, currency, price, fee, commission)

    some_bargain = {
        'currency': st.sampled_from(sorted(CURRENCIES)),
        'units': st.integers(1, 100_000),
        'buyer': st.sampled_from(BUYERS),
        'seller': st.sampled_from(SELLERS),
        'bps': st.sampled_from([(550, 2_000), (0, 2_000), (550, 0), (0, 0), (333, 1_111)]),
    }

    @rule(target=held, **some_bargain)
    def pay(self, **bargain) -> Order:
        order = Order(self.bargain(**bargain))
        self.orders.append(order)
        self.captured[order.bargain.currency] += order.bargain.total_minor
        self.post(postings.payment_captured(order.bargain, self.new('pay'), 'sandbox'))
        return order

    @rule(target=completed, order=consumes(held))
    def complete(self, order: Order) -> Order:
        self.post(postings.order_completed(order.bargain))
        order.state = 'clearing'
        return order

    @rule(order=consumes(completed))
    def release(self, order: Order) -> None:
        self.post(postings.payment_released(order.bargain))
        order.state = 'released'

    @rule(**some_bargain)
    def sell(self, **bargain) -> None:
        """The common life, so that there is something to pay out."""
        self.release(self.complete(self.pay(**bargain)))

    @rule(target=refunding, order=consumes(held))
    def cancel(self, order: Order) -> Order:
        order.refund, order.state = self.new('ref'), 'refunding'
        self.post(postings.refund_requested(order.bargain, order.refund))
        return order

    @rule(target=refunding, **some_bargain)
    def pay_too_late(self, **bargain) -> Order:
        order = Order(self.bargain(**bargain), 'refunding', self.new('ref'))
        self.orders.append(order)
        self.captured[order.bargain.currency] += order.bargain.total_minor
        self.post(postings.late_payment_captured(order.bargain, self.new('pay'), order.refund, 'sandbox'))
        return order

    @rule(order=consumes(refunding), is_taken=st.booleans())
    def settle_refund(self, order: Order, is_taken: bool) -> None:
        order.state = 'refunded'
        if is_taken:
            self.sent[order.bargain.currency] += order.bargain.total_minor
            self.post(postings.refund_succeeded(order.bargain, order.refund, 'sandbox'))
        else:
            self.post(postings.refund_failed(order.bargain, order.refund))

    @rule(target=payouts, data=st.data(), percent=st.integers(1, 130))
    def ask_for_payout(self, data, percent: int) -> str:
        everyone = [(seller, currency) for seller in SELLERS for currency in sorted(CURRENCIES)]
        rich = [
            (seller, currency) for seller, currency in everyone if self.book.balance(f'seller.available:{seller}', currency)
        ]
        seller, currency = data.draw(st.sampled_from(rich or everyone))
        quantum, available = CURRENCIES[currency].quantum, self.book.balance(f'seller.available:{seller}', currency)
        minor = max(quantum, available * percent // 100 // quantum * quantum)
        payout = self.new('pyo')
        posting = postings.payout_requested(seller, payout, minor, currency)
        if minor > available:
            with pytest.raises(Overdrawn):
                self.book.post(posting)
            reached['payout_refused'] += 1
            return ''
        self.post(posting)
        self.open_payouts[payout] = (seller, minor, currency)
        return payout

    @rule(payout=consumes(payouts), is_paid=st.booleans())
    def settle_payout(self, payout: str, is_paid: bool) -> None:
        if not payout:
            return
        seller, minor, currency = self.open_payouts.pop(payout)
        if is_paid:
            self.sent[currency] += minor
            self.post(postings.payout_paid(seller, payout, minor, currency, 'sandbox'))
        else:
            self.post(postings.payout_failed(seller, payout, minor, currency))

    @rule(data=st.data())
    def say_it_again(self, data) -> None:
        if self.book.postings:
            posting = data.draw(st.sampled_from(list(self.book.postings.values())))
            before = dict(self.book.balances)
            assert self.book.post(posting) is False
            assert dict(self.book.balances) == before
            reached['replayed'] += 1

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        totals: Counter[str] = Counter()
        for (_, currency), minor in self.book.balances.items():
            totals[currency] += minor
        assert not any(totals.values())

    @invariant()
    def nothing_guarded_is_overdrawn_or_in_parts(self) -> None:
        for (account, currency), minor in self.book.balances.items():
            if accounts.rule(account).is_guarded:
                assert minor * accounts.rule(account).side >= 0, account
                assert minor % CURRENCIES[currency].quantum == 0, account

    @invariant()
    def the_provider_agrees(self) -> None:
        for currency in CURRENCIES:
            assert self.book.balance('psp.clearing:sandbox', currency) == self.captured[currency]
            assert self.book.balance('psp.balance:sandbox', currency) == -self.sent[currency]

    @invariant()
    def an_order_holds_what_its_state_says(self) -> None:
        for order in self.orders:
            bargain, one = order.bargain, order.bargain.order_id
            held = {
                'escrow': self.book.balance(f'escrow:{one}', bargain.currency),
                'fee': self.book.balance(f'fee.buyer:{one}', bargain.currency),
                'commission': self.book.balance(f'fee.commission:{one}', bargain.currency),
                'clearing': self.book.balance(f'seller.clearing:{bargain.seller_id}:{one}', bargain.currency),
            }
            refund = self.book.balance(f'refund:{order.refund}', bargain.currency) if order.refund else 0
            expected = dict.fromkeys(held, 0)
            if order.state == 'held':
                expected |= {'escrow': bargain.price_minor, 'fee': bargain.buyer_fee_minor}
            if order.state == 'clearing':
                expected |= {'clearing': bargain.net_minor, 'commission': bargain.commission_minor}
            assert held == expected, order
            assert refund == (bargain.total_minor if order.state == 'refunding' else 0), order

    @invariant()
    def payouts_in_transit_hold_what_was_asked(self) -> None:
        for payout, (_, minor, currency) in self.open_payouts.items():
            assert self.book.balance(f'payout:{payout}', currency) == minor


class InDynamoDB(Market):
    """The same lives, posted to the tables as well: both take the same, refuse the same, and hold the same."""

    def __init__(self) -> None:
        super().__init__()
        resources.clear()
        self.book.post = self._both(self.book.post)

    def _both(self, post):
        def posted(posting: Posting) -> bool:
            try:
                is_new = post(posting)
            except Overdrawn:
                with pytest.raises(InsufficientFunds):
                    _store(posting)
                raise
            if is_new:
                _store(posting)
            else:
                with pytest.raises(Moved):
                    _store(posting)
            return is_new

        return posted

    def teardown(self) -> None:
        assert violations() == []
        stored = {row['pk']: row['minor'] for row in resources.rows('balances')}
        for (account, currency), minor in self.book.balances.items():
            if accounts.rule(account).is_guarded:
                assert stored[f'ACC#{account}#{currency}'] == minor * accounts.rule(account).side


def _store(posting: Posting) -> None:
    transaction = db.Transaction()
    store.post(transaction, posting)
    transaction.commit()


QUIETLY = {
    'deadline': None,
    'suppress_health_check': list(HealthCheck),
    'print_blob': True,
    'derandomize': True,
    'report_multiple_bugs': False,
}


@pytest.mark.no_aws
def test_money_keeps_its_invariants_through_fifteen_hundred_lives():
    reached.clear()
    run_state_machine_as_test(Market, settings=settings(max_examples=1_500, stateful_step_count=40, **QUIETLY))
    for event in (
        'payment_captured',
        'order_completed',
        'payment_released',
        'refund_requested',
        'late_payment_captured',
        'refund_succeeded',
        'refund_failed',
        'payout_requested',
        'payout_paid',
        'payout_failed',
        'payout_refused',
        'replayed',
    ):
        assert reached[event] >= 100, f'{event} was reached {reached[event]} times'


def test_dynamodb_holds_what_the_model_holds():
    run_state_machine_as_test(InDynamoDB, settings=settings(max_examples=60, stateful_step_count=25, **QUIETLY))


@pytest.mark.no_aws
@pytest.mark.parametrize(
    'mistake',
    [
        lambda bargain: (('seller.clearing', bargain.commission_minor), ('fee.commission', bargain.net_minor)),
        lambda bargain: (('seller.clearing', bargain.price_minor), ('fee.commission', 0)),
        lambda bargain: (('seller.clearing', bargain.net_minor * 99 // 100),),
    ],
)
def test_the_machine_finds_a_mistake_in_a_split(monkeypatch, mistake):
    right = postings.order_completed

    def wrong(bargain: Bargain) -> Posting:
        changed = dict(mistake(bargain))
        lines = tuple(
            postings.Line(line.account, changed.get(accounts.root(line.account), line.minor), line.owner_id)
            for line in right(bargain).lines
        )
        return Posting(
            f'complete:{bargain.order_id}', 'order_completed', bargain.currency, tuple(line for line in lines if line.minor)
        )

    monkeypatch.setattr(postings, 'order_completed', wrong)
    with pytest.raises((AssertionError, ValueError, Overdrawn)):
        run_state_machine_as_test(Market, settings=settings(max_examples=200, stateful_step_count=40, **QUIETLY))
