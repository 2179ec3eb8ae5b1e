"""The sandbox behind the port."""

from dataclasses import replace

from chalicelib import clock
from chalicelib.errors import Conflict, NotFound
from chalicelib.money import Money
from chalicelib.payments.port import Outcome, Status
from chalicelib.payments.sandbox import store
from chalicelib.payments.sandbox.store import SandboxObject

CARDS: dict[str, tuple[Status, str | None]] = {
    'sandbox_card_ok': (Status.SUCCEEDED, None),
    'sandbox_card_declined': (Status.FAILED, 'card_declined'),
    'sandbox_card_confirm': (Status.REQUIRES_ACTION, None),
    'sandbox_card_no_refund': (Status.SUCCEEDED, None),
}
"""`sandbox_card_no_refund` pays, and takes no money back."""

BANKS: dict[str, tuple[Status, str | None]] = {
    'sandbox_bank_ok': (Status.SUCCEEDED, None),
    'sandbox_bank_closed': (Status.FAILED, 'account_closed'),
}


class Sandbox:
    name = 'sandbox'

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome:
        status, failure = CARDS.get(method, (Status.FAILED, 'unknown_method'))
        return _ask(payment_id, money, status, failure, note=method, expires_at=expires_at)

    def find_payment(self, payment_id: str) -> Outcome | None:
        return _find(payment_id)

    def refund(self, refund_id: str, payment_id: str, money: Money) -> Outcome:
        is_refused = store.get(payment_id).note == 'sandbox_card_no_refund'
        status, failure = (Status.FAILED, 'not_refundable') if is_refused else (Status.SUCCEEDED, None)
        return _ask(refund_id, money, status, failure)

    def find_refund(self, refund_id: str) -> Outcome | None:
        return _find(refund_id)

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome:
        status, failure = BANKS.get(destination, (Status.FAILED, 'unknown_destination'))
        return _ask(payout_id, money, status, failure)

    def find_payout(self, payout_id: str) -> Outcome | None:
        return _find(payout_id)


def confirm(payment_id: str, *, is_approved: bool) -> None:
    """What a buyer does on their bank's page."""
    payment = store.get(payment_id)
    if payment.status == Status.REQUIRES_ACTION and (payment.expires_at_ms or 0) < clock.now_ms():
        raise Conflict('It is too late to confirm this payment')
    if is_approved:
        store.settle(payment_id, Status.SUCCEEDED.value, None)
    else:
        store.settle(payment_id, Status.FAILED.value, 'not_confirmed')


def _ask(
    our_id: str, money: Money, status: Status, failure: str | None, *, note: str | None = None, expires_at: int | None = None
) -> Outcome:
    made = SandboxObject(
        id=our_id,
        minor=money.minor,
        currency=money.currency,
        status=status.value,
        failure=failure,
        note=note,
        expires_at_ms=expires_at,
    )
    return _outcome(store.create(made))


def _find(our_id: str) -> Outcome | None:
    try:
        return _outcome(store.get(our_id))
    except NotFound:
        return None


def _outcome(found: SandboxObject) -> Outcome:
    if found.status == Status.REQUIRES_ACTION and (found.expires_at_ms or 0) < clock.now_ms():
        found = store.expire(found.id)
    outcome = Outcome(found.id, Money(found.minor, found.currency), Status(found.status), failure=found.failure)
    if outcome.status is Status.REQUIRES_ACTION:
        return replace(outcome, next_action_url=f'/api/sandbox/payments/{found.id}/confirmation')
    return outcome
