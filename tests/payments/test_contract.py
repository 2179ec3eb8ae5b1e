"""What port.py says of a provider, held against each of them: the sandbox, and Stripe and Xendit as the fake plays them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import ids
from chalicelib.errors import NotFound
from chalicelib.money import Money
from chalicelib.payments import credentials
from chalicelib.payments.port import ChargebackStatus, Outcome, OutcomeUnknown, ProviderMismatch, Status, agreed
from chalicelib.payments.providers import provider
from chalicelib.payments.sandbox import provider as sandbox
from chalicelib.payments.stripe import client as stripe_client
from chalicelib.payments.xendit import client as xendit_client

pytestmark = pytest.mark.proof

LATER = 4_000_000_000_000


@dataclass(frozen=True)
class Side:
    """A provider, what it takes, and how those who are not we act there."""

    name: str
    money: Money
    card: str
    waiting: str
    declined: str
    bank: str
    closed: str
    pay: Callable[[Any, str], Any]
    return_payout: Callable[[Any, str], Any]

    @property
    def port(self) -> Any:
        return provider(self.name)

    def paid(self, psp: Any, payment_id: str | None = None) -> Outcome:
        payment_id = payment_id or ids.new('pay')
        made = self.port.create_payment(payment_id, self.money, self.card, expires_at=LATER)
        if made.status is Status.REQUIRES_ACTION:
            self.pay(psp, payment_id)
        return self.port.find_payment(payment_id)


SANDBOX = Side(
    'sandbox',
    Money(10_550, 'USD'),
    'sandbox_card_ok',
    'sandbox_card_confirm',
    'sandbox_card_declined',
    'sandbox_bank_ok',
    'sandbox_bank_closed',
    lambda _, our_id: sandbox.confirm(our_id, is_approved=True),
    lambda _, our_id: sandbox.return_payout(our_id),
)
STRIPE = Side(
    'stripe',
    Money(10_550, 'USD'),
    'pm_card',
    'pm_confirm',
    'pm_declined',
    'acct_good',
    'acct_closed',
    lambda psp, our_id: psp.pay(our_id),
    lambda psp, our_id: psp.settle(our_id, 'reversed'),
)
XENDIT = Side(
    'xendit',
    Money(15_000_000, 'IDR'),
    'QRIS',
    'BCA',
    'NO_SUCH_BANK',
    'ID_BCA:0001200:Mira',
    'ID_BCA:0001404:Mira',
    lambda psp, our_id: psp.pay(our_id),
    lambda psp, our_id: psp.settle(our_id, 'REVERSED'),
)
SIDES = (SANDBOX, STRIPE, XENDIT)
REMOTE = (STRIPE, XENDIT)
CREATE = {'stripe': 'POST /v1/payment_intents', 'xendit': 'POST /v2/invoices'}
PAYOUTS = {'stripe': 'POST /v1/transfers', 'xendit': 'POST /v2/payouts'}


def named(sides: tuple[Side, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize('side', sides, ids=lambda side: side.name)


@named(SIDES)
def test_a_payment_is_made_once_under_one_id(psp, side):
    payment_id = ids.new('pay')
    asked = (payment_id, side.money, side.waiting)
    first = side.port.create_payment(*asked, expires_at=LATER)
    assert side.port.create_payment(*asked, expires_at=LATER) == first
    assert agreed(first, payment_id, side.money).status is Status.REQUIRES_ACTION
    assert first.next_action_url
    assert len(psp.books.things) == (0 if side is SANDBOX else 1)


@named(SIDES)
def test_what_a_buyer_confirms_is_paid(psp, side):
    payment_id = ids.new('pay')
    side.port.create_payment(payment_id, side.money, side.waiting, expires_at=LATER)
    side.pay(psp, payment_id)
    found = side.port.find_payment(payment_id)
    assert (agreed(found, payment_id, side.money).status, found.next_action_url) == (Status.SUCCEEDED, None)
    assert side.port.find_payment(payment_id, found.ref) == found


@named(SIDES)
def test_a_method_that_is_no_good_fails_and_says_why(psp, side):
    payment_id = ids.new('pay')
    made = side.port.create_payment(payment_id, side.money, side.declined, expires_at=LATER)
    assert agreed(made, payment_id, side.money).status is Status.FAILED
    assert made.failure in ('card_declined', 'unknown_method')


@named(SIDES)
def test_nothing_is_known_of_what_was_never_asked(psp, side):
    assert side.port.find_payment(ids.new('pay')) is None
    assert side.port.find_refund(ids.new('ref')) is None
    assert side.port.find_payout(ids.new('pyo')) is None
    assert side.port.find_chargeback('dp_404') is None
    assert side.port.cancel_payment(ids.new('pay')) is None


@named(SIDES)
def test_a_payment_that_nobody_waits_for_is_ended(psp, side):
    payment_id = ids.new('pay')
    made = side.port.create_payment(payment_id, side.money, side.waiting, expires_at=LATER)
    assert side.port.cancel_payment(payment_id, made.ref).status is Status.FAILED
    assert side.port.find_payment(payment_id, made.ref).status is Status.FAILED
    assert side.port.cancel_payment(payment_id, made.ref).status is Status.FAILED


@named(SIDES)
def test_a_payment_that_was_made_is_not_ended(psp, side):
    paid = side.paid(psp)
    assert side.port.cancel_payment(paid.our_id, paid.ref).status is Status.SUCCEEDED


@named(SIDES)
def test_a_refund_is_sent_once_under_one_id(psp, side):
    paid, refund_id = side.paid(psp), ids.new('ref')
    first = side.port.refund(refund_id, paid.our_id, side.money, paid.ref)
    assert agreed(first, refund_id, side.money).status is Status.SUCCEEDED
    assert side.port.refund(refund_id, paid.our_id, side.money, paid.ref) == first
    assert side.port.find_refund(refund_id, first.ref, paid.ref) == first
    assert side.port.find_refund(refund_id, None, paid.ref) == first


@named(REMOTE)
def test_no_more_is_returned_than_was_paid(psp, side):
    paid = side.paid(psp)
    side.port.refund(ids.new('ref'), paid.our_id, side.money, paid.ref)
    second = side.port.refund(ids.new('ref'), paid.our_id, side.money, paid.ref)
    assert second.status is Status.FAILED
    assert second.failure in ('charge_already_refunded', 'maximum_refund_amount_reached')


@named(SIDES)
def test_a_payout_is_sent_once_under_one_id(psp, side):
    payout_id = ids.new('pyo')
    first = side.port.create_payout(payout_id, side.money, side.bank)
    assert agreed(first, payout_id, side.money).status is Status.SUCCEEDED
    assert side.port.create_payout(payout_id, side.money, side.bank).ref == first.ref
    assert side.port.find_payout(payout_id) == side.port.find_payout(payout_id, first.ref) == first


@named(SIDES)
def test_a_payout_to_nowhere_fails_and_says_why(psp, side):
    made = side.port.create_payout(ids.new('pyo'), side.money, side.closed)
    assert (made.status, bool(made.failure)) == (Status.FAILED, True)


@named(SIDES)
def test_a_payout_that_a_bank_sends_back_is_returned(psp, side):
    payout_id = ids.new('pyo')
    side.port.create_payout(payout_id, side.money, side.bank)
    side.return_payout(psp, payout_id)
    found = side.port.find_payout(payout_id)
    assert (agreed(found, payout_id, side.money).status, bool(found.failure)) == (Status.RETURNED, True)


@named(SIDES)
def test_the_report_tells_all_that_moved_in_its_order_and_in_its_time(psp, side, clock):
    paid = side.paid(psp)
    clock.shift(60)
    refund_id, payout_id = ids.new('ref'), ids.new('pyo')
    side.port.refund(refund_id, paid.our_id, side.money, paid.ref)
    clock.shift(60)
    side.port.create_payout(payout_id, side.money, side.bank)
    clock.shift(60)
    side.return_payout(psp, payout_id)
    minor = side.money.minor
    told = list(side.port.movements(0, LATER))
    assert [(one.kind, one.our_id, one.gross.minor) for one in told] == [
        ('payment', paid.our_id, minor),
        ('refund', refund_id, -minor),
        ('payout', payout_id, -minor),
        ('payout_returned', payout_id, minor),
    ]
    assert len({one.ref for one in told}) == 4
    assert told[0].fee.minor > 0
    assert {one.gross.currency for one in told} == {side.money.currency}
    second = told[1].at
    assert list(side.port.movements(second, told[3].at)) == told[1:3]
    assert list(side.port.movements(0, second)) == told[:1]


@named((SANDBOX, STRIPE))
@pytest.mark.parametrize('is_won', [True, False])
def test_a_chargeback_is_found_contested_and_ruled_on(psp, side, is_won):
    paid = side.paid(psp)
    ref = psp.claim_back(paid.our_id) if side is STRIPE else sandbox.claim_back(paid.our_id, 'fraudulent')
    claimed = side.port.find_chargeback(ref)
    assert (claimed.ref, claimed.payment_id, claimed.money) == (ref, paid.our_id, side.money)
    assert (claimed.status, claimed.fee, claimed.reason) == (ChargebackStatus.OPEN, Money(1_500, 'USD'), 'fraudulent')
    assert claimed.evidence_due_at
    side.port.contest_chargeback(ref, 'It was delivered')
    side.port.contest_chargeback(ref, 'It was delivered')
    assert side.port.find_chargeback(ref).status is ChargebackStatus.OPEN
    if side is STRIPE:
        assert psp.books.things[ref].about['evidence'] == 'It was delivered'
        assert len(list(psp.asked('POST', '/disputes/'))) == 1
        psp.rule(ref, is_won=is_won)
    else:
        sandbox.rule_on_chargeback(ref, is_won=is_won)
    assert side.port.find_chargeback(ref).status is (ChargebackStatus.WON if is_won else ChargebackStatus.LOST)
    kinds = [(one.kind, one.our_id) for one in side.port.movements(0, LATER)]
    assert kinds[1:] == [('chargeback', ref), *([('chargeback_won', ref)] if is_won else [])]


def test_an_inquiry_is_no_chargeback(psp):
    ref = psp.claim_back(STRIPE.paid(psp).our_id)
    for status in ('warning_needs_response', 'warning_under_review', 'warning_closed', 'prevented'):
        psp.books.things[ref].status = status
        assert STRIPE.port.find_chargeback(ref) is None


@contextmanager
def in_trouble(psp: Any, trouble: str, about: str) -> Iterator[None]:
    """The next request goes wrong, and so does the SDK's repetition of it; and nobody waits long for an answer."""
    psp.misbehave(trouble, about, times=1 + stripe_client.RETRIES)
    with pytest.MonkeyPatch.context() as impatient:
        impatient.setattr(stripe_client, 'TIMEOUT_S', 0.3)
        impatient.setattr(xendit_client, 'READ_S', 0.3)
        _forget_clients()
        with pytest.raises(OutcomeUnknown):
            yield
    _forget_clients()
    psp.behave()


def _forget_clients() -> None:
    stripe_client._client.cache_clear()
    xendit_client._pool.cache_clear()


@named(REMOTE)
@pytest.mark.parametrize('trouble', ['crash', 'lose', 'hang', 'garbage', 'busy'])
def test_an_answer_that_does_not_come_is_unknown_and_asked_for_again_under_the_same_id(psp, side, trouble):
    payment_id, payout_id = ids.new('pay'), ids.new('pyo')
    with in_trouble(psp, trouble, CREATE[side.name]):
        side.port.create_payment(payment_id, side.money, side.card, expires_at=LATER)
    again = side.port.create_payment(payment_id, side.money, side.card, expires_at=LATER)
    assert agreed(again, payment_id, side.money).status in (Status.SUCCEEDED, Status.REQUIRES_ACTION)
    with in_trouble(psp, trouble, PAYOUTS[side.name]):
        side.port.create_payout(payout_id, side.money, side.bank)
    found = side.port.find_payout(payout_id) or side.port.create_payout(payout_id, side.money, side.bank)
    assert agreed(found, payout_id, side.money).status is Status.SUCCEEDED
    assert sorted(thing.our_id for thing in psp.books.things.values()) == sorted([payment_id, payout_id])


@named(REMOTE)
def test_a_provider_that_is_not_there_is_unknown(psp, side):
    psp.stop()
    with pytest.raises(OutcomeUnknown):
        side.port.create_payment(ids.new('pay'), side.money, side.card, expires_at=LATER)
    with pytest.raises(OutcomeUnknown):
        side.port.find_payout(ids.new('pyo'))


@named(REMOTE)
def test_a_key_that_is_not_right_fails_nobodys_payment(psp, side):
    psp.keys[side.name] = 'another'
    for ask in (
        lambda: side.port.create_payment(ids.new('pay'), side.money, side.card, expires_at=LATER),
        lambda: side.port.create_payout(ids.new('pyo'), side.money, side.bank),
        lambda: side.port.find_payout(ids.new('pyo')),
    ):
        with pytest.raises(OutcomeUnknown):
            ask()


@named(REMOTE)
def test_what_was_done_is_found_when_its_key_is_forgotten(psp, side):
    paid, refund_id, payout_id = side.paid(psp), ids.new('ref'), ids.new('pyo')
    sent = side.port.refund(refund_id, paid.our_id, side.money, paid.ref)
    made = side.port.create_payout(payout_id, side.money, side.bank)
    psp.forget_keys()
    assert side.port.find_payment(paid.our_id) == paid
    assert side.port.find_refund(refund_id, None, paid.ref) == sent
    assert side.port.find_payout(payout_id).ref == made.ref


@named(REMOTE)
@pytest.mark.parametrize('status', ['a_word_of_tomorrow', 'SOMETHING_NEW', ''])
def test_a_status_that_nobody_knows_is_not_the_last_word(psp, side, status):
    paid, refund_id, payout_id = side.paid(psp), ids.new('ref'), ids.new('pyo')
    sent = side.port.refund(refund_id, paid.our_id, side.money, paid.ref)
    side.port.create_payout(payout_id, side.money, side.bank)
    for our_id in (paid.our_id, refund_id, payout_id):
        psp.lie(our_id, status=status)
    assert side.port.find_payment(paid.our_id, paid.ref).status is Status.PENDING
    assert side.port.find_refund(refund_id, sent.ref).status is Status.PENDING
    if side is XENDIT:
        assert side.port.find_payout(payout_id).status is Status.PENDING


@named(REMOTE)
@pytest.mark.parametrize('said', [{'minor': 100}, {'our_id': 'pay_of_somebody_else'}])
def test_what_is_said_of_something_else_is_not_agreed(psp, side, said):
    paid = side.paid(psp)
    psp.lie(paid.our_id, **said)
    found = side.port.find_payment(paid.our_id, paid.ref)
    with pytest.raises(ProviderMismatch):
        agreed(found or Outcome('', side.money, Status.PENDING), paid.our_id, side.money)


@named(REMOTE)
def test_a_currency_that_we_do_not_know_is_not_agreed(psp, side):
    paid = side.paid(psp)
    psp.lie(paid.our_id, currency='XTS')
    with pytest.raises(ProviderMismatch):
        side.port.find_payment(paid.our_id, paid.ref)


def test_rupiah_are_whole_both_ways(psp):
    with pytest.raises(ProviderMismatch):
        XENDIT.port.create_payment(ids.new('pay'), Money(15_000_050, 'IDR'), 'QRIS', expires_at=LATER)
    with pytest.raises(ProviderMismatch):
        XENDIT.port.create_payout(ids.new('pyo'), Money(10_000, 'USD'), XENDIT.bank)
    paid = XENDIT.paid(psp)
    assert psp.books.things[paid.ref].about['amount'] == 150_000
    psp.lie(paid.our_id, minor=15_000_050)
    assert XENDIT.port.find_payment(paid.our_id).money == Money(15_000_050, 'IDR'), 'a sen more is not the same'


def test_stripe_counts_rupiah_in_hundredths_as_we_do(psp):
    payment_id, money = ids.new('pay'), Money(15_000_000, 'IDR')
    made = STRIPE.port.create_payment(payment_id, money, 'pm_card', expires_at=LATER)
    assert agreed(made, payment_id, money).status is Status.SUCCEEDED
    assert psp.books.things[made.ref].minor == 15_000_000


@pytest.mark.parametrize(
    ('said', 'meant'),
    [
        ('ACCEPTED', Status.PENDING),
        ('REQUESTED', Status.PENDING),
        ('PENDING_COMPLIANCE_ASSESSMENT', Status.PENDING),
        ('READY', Status.PENDING),
        ('LOCKED', Status.PENDING),
        ('SUCCEEDED', Status.SUCCEEDED),
        ('FAILED', Status.FAILED),
        ('CANCELLED', Status.FAILED),
        ('EXPIRED', Status.FAILED),
        ('COMPLIANCE_REJECTED', Status.FAILED),
        ('REVERSED', Status.RETURNED),
    ],
)
def test_every_documented_status_of_a_payout_at_xendit_is_understood(psp, said, meant):
    payout_id = ids.new('pyo')
    XENDIT.port.create_payout(payout_id, XENDIT.money, 'ID_BCA:0001:Mira')
    psp.lie(payout_id, status=said)
    assert XENDIT.port.find_payout(payout_id).status is meant


@pytest.mark.parametrize(
    ('said', 'meant'),
    [
        ('requires_payment_method', Status.FAILED),
        ('requires_confirmation', Status.PENDING),
        ('requires_action', Status.REQUIRES_ACTION),
        ('processing', Status.PENDING),
        ('requires_capture', Status.PENDING),
        ('canceled', Status.FAILED),
        ('succeeded', Status.SUCCEEDED),
    ],
)
def test_every_documented_status_of_a_payment_at_stripe_is_understood(psp, said, meant):
    paid = STRIPE.paid(psp)
    psp.lie(paid.our_id, status=said)
    assert STRIPE.port.find_payment(paid.our_id, paid.ref).status is meant


@named(REMOTE)
def test_a_payout_that_our_balance_there_does_not_cover_waits(psp, side):
    destination = {'stripe': 'acct_short', 'xendit': 'ID_BCA:0001402:Mira'}[side.name]
    made = side.port.create_payout(ids.new('pyo'), side.money, destination)
    assert made.status is Status.PENDING


def test_a_virtual_account_takes_nothing_back(psp):
    payment_id = ids.new('pay')
    made = XENDIT.port.create_payment(payment_id, XENDIT.money, 'BCA', expires_at=LATER)
    psp.pay(payment_id)
    refused = XENDIT.port.refund(ids.new('ref'), payment_id, XENDIT.money, made.ref)
    assert (refused.status, refused.failure) == (Status.FAILED, 'refund_not_supported')


def test_of_two_invoices_for_one_payment_the_paid_one_counts(psp):
    payment_id = ids.new('pay')
    first = XENDIT.port.create_payment(payment_id, XENDIT.money, 'BCA', expires_at=LATER)
    psp.books.add('payment', 'inv', payment_id, (XENDIT.money.minor, 'IDR'), 'PENDING', dialect='xendit')
    psp.pay(payment_id)
    found = XENDIT.port.find_payment(payment_id, first.ref)
    assert (found.status, found.ref == first.ref) == (Status.SUCCEEDED, False)


def test_another_body_under_the_same_id_is_a_mismatch(psp):
    payment_id = ids.new('pay')
    STRIPE.port.create_payment(payment_id, STRIPE.money, 'pm_card', expires_at=LATER)
    with pytest.raises(ProviderMismatch):
        STRIPE.port.create_payment(payment_id, Money(1, 'USD'), 'pm_card', expires_at=LATER)


def test_a_payout_that_was_asked_for_before_is_what_it_was(psp):
    payout_id = ids.new('pyo')
    XENDIT.port.create_payout(payout_id, XENDIT.money, XENDIT.bank)
    again = XENDIT.port.create_payout(payout_id, Money(100, 'IDR'), XENDIT.bank)
    assert again.money == XENDIT.money
    with pytest.raises(ProviderMismatch):
        agreed(again, payout_id, Money(100, 'IDR'))


def test_our_key_goes_nowhere_but_to_the_provider(psp):
    STRIPE.paid(psp)
    XENDIT.paid(psp)
    assert 'sk_test_key' not in repr(credentials.of('stripe'))
    assert {path.split('/')[1] for _, path, _ in psp.requests} == {'v1', 'v2'}


def test_the_sandbox_tells_nothing(aws):
    with pytest.raises(NotFound):
        SANDBOX.port.read_notice({}, b'{}')
