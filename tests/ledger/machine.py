"""Random lives of a market's money, with a provider that keeps its own books. The rules refuse nothing, the ledger does."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from chalicelib.ledger import accounts, order_postings, payout_postings, work_postings
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import credit_postings as credit
from chalicelib.ledger.order_postings import Claim, Leg
from chalicelib.ledger.payout_postings import Transfer
from chalicelib.ledger.postings import Line, Posting, posting
from chalicelib.ledger.purse import HELD, Means, Price, Purse, Sides, Standing
from chalicelib.ledger.work_postings import Approved, Fund
from chalicelib.money import CURRENCIES, nth_share, percentage
from tests.ledger.book import Book, Overdrawn

SELLERS, BUYERS, KINDS = ('s1', 's2', 's3'), ('b1', 'b2'), ('ord', 'mil', 'wek')
PSP = 'sandbox'
PER_UNIT = {'escrow': 'escrow', 'fee': 'fee.buyer', 'tax': 'fee.tax', 'commission': 'fee.commission'}
reached: Counter[str] = Counter()


@dataclass
class Provider:
    """The other side's books: what it owes us, and what of that is in our balance there."""

    pending: Counter[str] = field(default_factory=Counter)
    available: Counter[str] = field(default_factory=Counter)
    fees: Counter[str] = field(default_factory=Counter)


@dataclass
class Unit:
    """An order, a milestone or a week, as the machine knows it."""

    sides: Sides
    purse: Purse
    bps: int
    taxed: bool
    card: int
    returned: int = 0
    """Of the card's part, by refunds."""
    state: str = 'held'
    claim: Claim | None = None
    before: str = ''


class Market(RuleBasedStateMachine):
    units, refunds, payouts = Bundle('units'), Bundle('refunds'), Bundle('payouts')

    def __init__(self) -> None:
        super().__init__()
        self.book, self.number, self.provider = Book(), 0, Provider()
        self.known: list[Unit] = []
        self.open_refunds: dict[str, tuple[Unit, int]] = {}
        self.transfers: dict[str, tuple[Transfer, str]] = {}

    def post(self, new: Posting) -> None:
        reached[new.event] += 1
        assert self.book.post(new)

    def new(self, prefix: str) -> str:
        self.number += 1
        return f'{prefix}_{self.number}'

    def standing(self, seller: str, currency: str) -> Standing:
        return Standing(
            *(self.book.balance(f'{root}:{seller}', currency) for root in ('seller.available', 'receivable.seller'))
        )

    def means(self, buyer: str, currency: str, total: int, *, uses_credit: bool) -> Means:
        """Set aside, if there is credit to use."""
        promo = wallet = 0
        if uses_credit:
            promo = min(total, credit.spendable(self.book.balance(f'buyer.promo:{buyer}', currency), currency))
            wallet = min(total - promo, credit.spendable(self.book.balance(f'buyer.wallet:{buyer}', currency), currency))
        means = Means(self.new('pay'), PSP, total - promo - wallet, wallet, promo)
        if means.credit_minor:
            self.post(credit.credit_reserved(buyer, currency, means))
        return means

    some_price = {
        'currency': st.sampled_from(sorted(CURRENCIES)),
        'quanta': st.integers(1, 100_000),
        'buyer': st.sampled_from(BUYERS),
        'bps': st.sampled_from([(550, 1_100, 2_000), (550, 0, 2_000), (0, 0, 2_000), (550, 1_100, 0), (333, 777, 1_111)]),
        'uses_credit': st.booleans(),
    }

    def price(self, currency: str, quanta: int, bps: tuple[int, int, int]) -> Price:
        minor = quanta * CURRENCIES[currency].quantum
        fee = percentage(minor, bps[0], currency)
        return Price(minor, fee, percentage(fee, bps[1], currency))

    @rule(target=units, kind=st.sampled_from(KINDS), seller=st.sampled_from(SELLERS), **some_price)
    def pay(self, *, kind: str, seller: str, currency: str, quanta: int, buyer: str, bps, uses_credit: bool) -> Unit:
        price = self.price(currency, quanta, bps)
        sides = Sides(self.new(kind), buyer, seller, currency)
        means = self.means(buyer, currency, price.total_minor, uses_credit=uses_credit)
        self.post(order_postings.payment_captured(sides, price, means))
        self.provider.pending[currency] += means.card_minor
        unit = Unit(sides, Purse().paid(price), bps[2], bool(price.tax_minor), means.card_minor)
        self.known.append(unit)
        return unit

    @rule(unit=units, quanta=st.integers(1, 1_000))
    def add_an_extra(self, unit: Unit, quanta: int) -> None:
        if unit.state != 'held' or not unit.purse.escrow:
            return
        price = Price(quanta * CURRENCIES[unit.sides.currency].quantum)
        means = Means(self.new('pay'), PSP, price.total_minor)
        self.post(order_postings.payment_captured(unit.sides, price, means, event='extra_captured'))
        self.provider.pending[unit.sides.currency] += price.total_minor
        unit.purse, unit.card = unit.purse.paid(price), unit.card + price.total_minor

    @rule(unit=units)
    def complete(self, unit: Unit) -> None:
        if unit.state != 'held' or not unit.purse.held_minor:
            return
        after = unit.purse.completed(unit.bps, unit.sides.currency)
        self.post(order_postings.order_completed(unit.sides, unit.purse, after, 'ID' if unit.taxed else None))
        unit.purse, unit.state = after, 'clearing' if after.held_minor else 'over'

    @rule(unit=units)
    def release(self, unit: Unit) -> None:
        if unit.state != 'clearing':
            return
        standing = self.standing(unit.sides.seller_id, unit.sides.currency)
        reached['netted'] += bool(standing.owed_minor and unit.purse.clearing)
        self.post(order_postings.payment_released(unit.sides, unit.purse, standing))
        unit.purse, unit.state = unit.purse.let_out(), 'released'

    @rule(unit=units)
    def live_on(self, unit: Unit) -> None:
        """The common life, so that there is something to pay out."""
        self.complete(unit)
        self.release(unit)

    @rule(unit=units, how=st.sampled_from(['paid', 'paid', 'returned']))
    def live_on_and_withdraw(self, unit: Unit, how: str) -> None:
        """So that what is taken back afterwards is owed."""
        self.live_on(unit)
        seller, currency = unit.sides.seller_id, unit.sides.currency
        standing = self.standing(seller, currency)
        if standing.available_minor > standing.owed_minor:
            payout = self.new('pyo')
            transfer = Transfer(payout, seller, currency, standing.available_minor - standing.owed_minor)
            self.post(payout_postings.payout_requested(transfer, standing))
            self.transfers[payout] = (transfer, 'asked')
            self.settle_payout(payout, 'paid')
            self.settle_payout(payout, how)

    @rule(target=refunds, unit=units, percent=st.sampled_from([1, 33, 50, 50, 99, 100]))
    def refund(self, unit: Unit, percent: int) -> str:
        quantum, most = CURRENCIES[unit.sides.currency].quantum, unit.purse.refundable_minor
        minor = most if percent == 100 else most * percent // 100 // quantum * quantum
        if unit.state in ('charged', 'over') or not minor:
            return ''
        parts = unit.purse.taken(minor, unit.sides.currency)
        card = min(minor, unit.card - unit.returned)
        leg = Leg(self.new('ref'), card, minor - card)
        standing = self.standing(unit.sides.seller_id, unit.sides.currency)
        self.post(order_postings.refund_requested(unit.sides, parts, [leg], standing))
        reached[f'refund of {unit.state}'] += 1
        reached['refund into debt'] += parts.get('released', 0) > standing.available_minor
        unit.purse, unit.returned = unit.purse.less(parts), unit.returned + card
        if unit.state != 'released' and not unit.purse.held_minor:
            unit.state = 'over'
        if not card:
            return ''
        self.open_refunds[leg.refund_id] = (unit, card)
        return leg.refund_id

    @rule(refund=consumes(refunds), is_taken=st.booleans())
    def settle_refund(self, refund: str, is_taken: bool) -> None:
        if not refund:
            return
        unit, card = self.open_refunds.pop(refund)
        if is_taken:
            self.provider.available[unit.sides.currency] -= card
            self.post(order_postings.refund_succeeded(unit.sides, refund, card, PSP))
        else:
            self.post(order_postings.refund_failed(unit.sides, refund, card))

    @rule(unit=units, uses_credit=st.booleans())
    def pay_too_late(self, unit: Unit, uses_credit: bool) -> None:
        sides, total = unit.sides, 100 * CURRENCIES[unit.sides.currency].quantum
        means = self.means(sides.buyer_id, sides.currency, total, uses_credit=uses_credit)
        refund = self.new('ref')
        self.post(order_postings.late_payment_captured(sides, means, refund))
        self.provider.pending[sides.currency] += means.card_minor
        if means.card_minor:
            self.open_refunds[refund] = (unit, means.card_minor)
            self.settle_refund(refund, is_taken=True)

    @rule(buyer=st.sampled_from(BUYERS), currency=st.sampled_from(sorted(CURRENCIES)))
    def fail_to_pay(self, buyer: str, currency: str) -> None:
        means = self.means(buyer, currency, 100 * CURRENCIES[currency].quantum, uses_credit=True)
        if means.credit_minor:
            self.post(credit.credit_returned(buyer, currency, means))

    @rule(unit=units, quanta=st.integers(1, 500))
    def tip(self, unit: Unit, quanta: int) -> None:
        sides = unit.sides
        tip = quanta * CURRENCIES[sides.currency].quantum
        means = Means(self.new('pay'), PSP, tip)
        standing = self.standing(sides.seller_id, sides.currency)
        commission = percentage(tip, unit.bps, sides.currency)
        if commission == tip:
            return
        self.post(order_postings.tip_captured(sides, means, tip, commission, standing))
        self.provider.pending[sides.currency] += tip

    @rule(unit=units, fee=st.integers(0, 2_000), is_won=st.sampled_from([None, True, False]))
    def claim_back_and_rule(self, unit: Unit, fee: int, is_won: bool | None) -> None:
        self.claim_back(unit, fee)
        if is_won is not None:
            self.rule_on_claim(unit, is_won)

    def claim_back(self, unit: Unit, fee: int) -> None:
        taken = unit.card - unit.returned
        if taken <= 0 or unit.claim or unit.state == 'over':
            return
        sides = unit.sides
        unit.claim = Claim(self.new('cb'), PSP, taken, fee, unit.purse.frozen(taken))
        standing = self.standing(sides.seller_id, sides.currency)
        self.post(order_postings.chargeback_opened(sides, unit.claim, standing))
        self.provider.available[sides.currency] -= taken + fee
        reached[f'chargeback of {unit.state}'] += 1
        reached['chargeback into debt'] += unit.claim.parts.get('released', 0) > standing.available_minor
        unit.purse, unit.before, unit.state = unit.purse.less(unit.claim.parts), unit.state, 'charged'

    @rule(unit=units, is_won=st.booleans())
    def rule_on_claim(self, unit: Unit, is_won: bool) -> None:
        if unit.state != 'charged' or unit.claim is None:
            return
        sides, claim = unit.sides, unit.claim
        if is_won:
            standing = self.standing(sides.seller_id, sides.currency)
            self.post(order_postings.chargeback_won(sides, claim, standing))
            self.provider.available[sides.currency] += claim.taken_minor
            unit.purse, unit.state, unit.claim = unit.purse.plus(claim.parts), unit.before, None
        else:
            self.post(order_postings.chargeback_lost(sides, claim))
            unit.returned += claim.taken_minor
            unit.state, unit.claim = unit.before, None
            if unit.purse.held_minor:
                self.refund(unit, 100)
            unit.purse, unit.state, unit.claim = Purse(), 'over', None

    @rule(target=payouts, data=st.data(), percent=st.integers(1, 130), fee=st.sampled_from([0, 1, 100]))
    def ask_for_payout(self, data, percent: int, fee: int) -> str:
        everyone = [(seller, currency) for seller in SELLERS for currency in sorted(CURRENCIES)]
        rich = [one for one in everyone if self.standing(*one).available_minor]
        seller, currency = data.draw(st.sampled_from(rich or everyone))
        standing, quantum = self.standing(seller, currency), CURRENCIES[currency].quantum
        minor = max(quantum, standing.available_minor * percent // 100 // quantum * quantum)
        transfer = Transfer(self.new('pyo'), seller, currency, minor, min(fee * quantum, minor - quantum))
        asked = payout_postings.payout_requested(transfer, standing)
        if minor + standing.owed_minor > standing.available_minor:
            with pytest.raises(Overdrawn):
                self.book.post(asked)
            reached['payout_refused'] += 1
            return ''
        self.post(asked)
        self.transfers[transfer.payout_id] = (transfer, 'asked')
        return transfer.payout_id

    @rule(payout=payouts, how=st.sampled_from(['paid', 'failed', 'returned']))
    def settle_payout(self, payout: str, how: str) -> None:
        transfer, state = self.transfers.get(payout, (None, ''))
        if transfer is None:
            return
        standing = self.standing(transfer.seller_id, transfer.currency)
        match state, how:
            case 'asked', 'paid':
                self.post(payout_postings.payout_paid(transfer, PSP))
                self.provider.available[transfer.currency] -= transfer.sent_minor
            case 'asked', 'failed':
                self.post(payout_postings.payout_failed(transfer, standing))
            case 'paid', 'returned':
                self.post(payout_postings.payout_returned(transfer, PSP, standing))
                self.provider.available[transfer.currency] += transfer.sent_minor
            case _:
                return
        self.transfers[payout] = (transfer, how)

    @rule(buyer=st.sampled_from(BUYERS), currency=st.sampled_from(sorted(CURRENCIES)), quanta=st.integers(1, 5_000))
    def give_credit(self, buyer: str, currency: str, quanta: int) -> None:
        minor = quanta * CURRENCIES[currency].quantum
        self.post(credit.promo_granted(self.new('prm'), buyer, currency, minor))
        self.post(credit.wallet_topped_up(buyer, currency, Means(self.new('pay'), PSP, minor)))
        self.provider.pending[currency] += minor

    @rule(currency=st.sampled_from(sorted(CURRENCIES)), bps=st.integers(0, 400), part=st.integers(1, 4))
    def settle(self, currency: str, bps: int, part: int) -> None:
        gross = self.provider.pending[currency] // part
        fee = gross * bps // 10_000  # a provider's fees care for no quantum
        if not gross:
            return
        self.post(
            posting(
                f'settle:{PSP}:{self.new("line")}',
                'settled',
                currency,
                Line(f'psp.clearing:{PSP}', gross),
                Line(f'psp.balance:{PSP}', fee - gross),
                Line(f'expense.psp_fee:{PSP}', -fee),
            )
        )
        self.provider.pending[currency] -= gross
        self.provider.available[currency] += gross - fee
        self.provider.fees[currency] += fee

    @rule(currency=st.sampled_from(sorted(CURRENCIES)), minor=st.integers(1, 10**6), buyer=st.sampled_from(BUYERS))
    def receive_unmatched(self, currency: str, minor: int, buyer: str) -> None:
        self.post(corrections.unmatched_received(self.new('x'), PSP, currency, minor))
        self.provider.pending[currency] += minor
        if whole := credit.spendable(minor, currency):
            self.post(corrections.unmatched_resolved(self.new('adj'), PSP, buyer, currency, whole))

    @rule(data=st.data())
    def write_off(self, data) -> None:
        everyone = [(seller, currency) for seller in SELLERS for currency in sorted(CURRENCIES)]
        if owing := [one for one in everyone if self.standing(*one).owed_minor]:
            seller, currency = data.draw(st.sampled_from(owing))
            owed = self.standing(seller, currency).owed_minor
            self.post(corrections.debt_written_off(self.new('adj'), seller, currency, owed))

    @rule(currency=st.sampled_from(sorted(CURRENCIES)), minor=st.integers(-(10**6), 10**6).filter(bool))
    def move_own_money(self, currency: str, minor: int) -> None:
        self.post(corrections.own_money_moved(self.new('x'), PSP, currency, minor))
        self.provider.available[currency] += minor

    @rule(count=st.integers(1, 7), approved=st.integers(0, 7), fee=st.integers(0, 60), **some_price)
    def run_a_campaign(self, *, count, approved, fee, currency, quanta, buyer, bps, uses_credit) -> None:
        quantum = CURRENCIES[currency].quantum
        fund = Fund(self.new('cmp'), buyer, currency, count * quanta * quantum, fee * quantum)
        means = self.means(buyer, currency, fund.work_minor + fund.fee_minor, uses_credit=uses_credit)
        self.post(work_postings.campaign_funded(fund, means))
        self.provider.pending[currency] += means.card_minor
        for number in range(1, min(approved, count) + 1):
            standing = self.standing('s1', currency)
            pay, share = (nth_share(minor, count, number, currency) for minor in (fund.work_minor, fund.fee_minor))
            self.post(work_postings.tasks_approved(fund, [Approved(str(number), 's1', pay, share)], {'s1': standing}))
        left = [self.book.balance(f'{root}:{fund.unit_id}', currency) for root in ('escrow', 'fee.buyer')]
        if any(left):
            self.post(work_postings.fund_closed(fund, *left))

    @rule(entrants=st.integers(0, 4), **some_price)
    def run_a_contest(self, *, entrants, currency, quanta, buyer, bps, uses_credit) -> None:
        fund = Fund(self.new('cst'), buyer, currency, (quanta + 4) * CURRENCIES[currency].quantum)
        means = self.means(buyer, currency, fund.work_minor, uses_credit=uses_credit)
        self.post(work_postings.contest_funded(fund, means))
        self.provider.pending[currency] += means.card_minor
        if not entrants:
            self.post(work_postings.fund_closed(fund, fund.work_minor, 0))
            return
        for place, prize in enumerate(work_postings.shared_prizes(fund, entrants), 1):
            seller = SELLERS[place % 3]
            sides = Sides(f'{fund.unit_id}.{place}', buyer, seller, currency)
            self.post(work_postings.prize_awarded(fund, place, seller, prize, bps[2]))
            commission = percentage(prize, bps[2], currency)
            purse = Purse(clearing=prize - commission, commission=commission)
            self.known.append(Unit(sides, purse, bps[2], False, 0, state='clearing'))
            self.release(self.known[-1])

    @rule(data=st.data())
    def say_it_again(self, data) -> None:
        if self.book.postings:
            again = data.draw(st.sampled_from(list(self.book.postings.values())))
            before = dict(self.book.balances)
            assert self.book.post(again) is False
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
            known = accounts.rule(account)
            if known.is_guarded:
                assert minor * known.side >= 0, account
                assert minor % CURRENCIES[currency].quantum == 0, account

    @invariant()
    def the_provider_agrees(self) -> None:
        for currency in CURRENCIES:
            assert self.book.balance(f'psp.clearing:{PSP}', currency) == self.provider.pending[currency]
            assert self.book.balance(f'psp.balance:{PSP}', currency) == self.provider.available[currency]
            assert self.book.balance(f'expense.psp_fee:{PSP}', currency) == self.provider.fees[currency]

    @invariant()
    def a_unit_holds_what_its_purse_says(self) -> None:
        for unit in self.known:
            one, currency, purse = unit.sides.order_id, unit.sides.currency, unit.purse
            held = {name: self.book.balance(f'{root}:{one}', currency) for name, root in PER_UNIT.items()}
            held['clearing'] = self.book.balance(f'seller.clearing:{unit.sides.seller_id}:{one}', currency)
            assert held == {name: getattr(purse, name) for name in HELD}, unit
            if unit.state in ('released', 'over'):
                assert not purse.held_minor, unit
            claimed = unit.claim.taken_minor if unit.claim else 0
            frozen = unit.claim.held_minor if unit.claim else 0
            assert self.book.balance(f'receivable.dispute:{one}', currency) == claimed, unit
            assert self.book.balance(f'hold.dispute:{one}', currency) == frozen, unit
            assert 0 <= unit.returned <= unit.card, unit

    @invariant()
    def what_is_on_its_way_is_what_was_asked(self) -> None:
        for refund, (unit, card) in self.open_refunds.items():
            assert self.book.balance(f'refund:{refund}', unit.sides.currency) == card
        for payout, (transfer, state) in self.transfers.items():
            held = self.book.balance(f'payout:{payout}', transfer.currency)
            assert held == (transfer.amount_minor if state == 'asked' else 0)
