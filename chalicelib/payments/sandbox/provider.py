"""The sandbox behind the port."""

import contextlib
from collections.abc import Iterator, Mapping

from chalicelib import aws, clock, settings, timers
from chalicelib.errors import Conflict, NotFound
from chalicelib.money import Money
from chalicelib.payments.port import ChargebackStatus, ClaimedBack, Movement, Notice, Outcome, Status
from chalicelib.payments.sandbox import store
from chalicelib.payments.sandbox.store import SandboxLine, SandboxObject

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
FEE_BPS = 290
"""Of every payment, rounded down to a minor unit: a provider's fees care for no quantum."""
CHARGEBACK_FEE_MINOR = {'USD': 1_500, 'IDR': 20_000_000}
EVIDENCE_MS = 7 * clock.DAY


class Sandbox:
    name = 'sandbox'

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome:
        status, failure = CARDS.get(method, (Status.FAILED, 'unknown_method'))
        made = _object(payment_id, money, status, failure, note=method, expires_at_ms=expires_at)
        return _outcome(store.create(made, _paid(made) if status is Status.SUCCEEDED else None))

    def find_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:  # noqa: ARG002 - our ids are the sandbox's
        return _find(payment_id)

    def cancel_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:  # noqa: ARG002
        with contextlib.suppress(Conflict, NotFound):
            store.settle(payment_id, Status.FAILED.value, when=Status.REQUIRES_ACTION, failure='cancelled')
        return _find(payment_id)

    def refund(self, refund_id: str, payment_id: str, money: Money, payment_ref: str | None = None) -> Outcome:  # noqa: ARG002
        is_refused = store.get(payment_id).note == 'sandbox_card_no_refund'
        status, failure = (Status.FAILED, 'not_refundable') if is_refused else (Status.SUCCEEDED, None)
        return _send('refund', _object(refund_id, money, status, failure))

    def find_refund(self, refund_id: str, ref: str | None = None, payment_ref: str | None = None) -> Outcome | None:  # noqa: ARG002
        return _find(refund_id)

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome:
        status, failure = BANKS.get(destination, (Status.FAILED, 'unknown_destination'))
        return _send('payout', _object(payout_id, money, status, failure))

    def find_payout(self, payout_id: str, ref: str | None = None) -> Outcome | None:  # noqa: ARG002
        return _find(payout_id)

    def find_chargeback(self, ref: str) -> ClaimedBack | None:
        with contextlib.suppress(NotFound):
            return _claimed_back(store.get(ref))
        return None

    def contest_chargeback(self, ref: str, evidence: str) -> None:
        store.contest(ref, evidence)

    def movements(self, since: int, until: int) -> Iterator[Movement]:
        for line in store.lines(since, until):
            gross, fee = Money(line.minor, line.currency), Money(line.fee_minor, line.currency)
            ref = line.our_id if line.kind == 'payment' else None
            yield Movement(line.sk, line.kind, line.our_id, gross, fee, line.at, ref)

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:  # noqa: ARG002
        raise NotFound('The sandbox sends no webhooks')


def confirm(payment_id: str, *, is_approved: bool) -> None:
    """What a buyer does on their bank's page."""
    payment = store.get(payment_id)
    waits = Status.REQUIRES_ACTION
    if payment.status == waits and (payment.expires_at_ms or 0) < clock.now_ms():
        raise Conflict('It is too late to confirm this payment')
    if is_approved:
        store.settle(payment_id, Status.SUCCEEDED.value, when=waits, line=_paid(payment))
    else:
        store.settle(payment_id, Status.FAILED.value, when=waits, failure='not_confirmed')


def claim_back(payment_id: str, reason: str) -> str:
    """What a buyer's bank does when the buyer says that a payment was wrong: returns its reference. One at a time."""
    payment = store.get(payment_id)
    ref, money = payment_id.replace('pay_', 'scb_'), Money(payment.minor, payment.currency)
    made = _object(ref, money, ChargebackStatus.OPEN, None, note=reason, payment_id=payment_id)
    made.expires_at_ms = clock.now_ms() + EVIDENCE_MS
    if payment.status != Status.SUCCEEDED:
        raise Conflict('Only a payment that has succeeded can be claimed back')
    store.create(made, _moved('chargeback', made, -money.minor, CHARGEBACK_FEE_MINOR[money.currency]))
    return ref


def rule_on_chargeback(ref: str, *, is_won: bool) -> None:
    """What the buyer's bank decides. Won: by us, and by the seller."""
    claimed = store.get(ref)
    line = _moved('chargeback_won', claimed, claimed.minor) if is_won else None
    status = ChargebackStatus.WON if is_won else ChargebackStatus.LOST
    store.settle(ref, status.value, when=ChargebackStatus.OPEN, line=line)


def return_payout(payout_id: str) -> None:
    """What a seller's bank does with money that it cannot put anywhere, after it had taken it."""
    payout = store.get(payout_id)
    line = _moved('payout_returned', payout, payout.minor)
    store.settle(payout_id, Status.RETURNED.value, when=Status.SUCCEEDED, failure='returned_by_bank', line=line)


def tell(action: str, pk: str, sk: str) -> None:
    """What a webhook comes to: it names something, so that we are asked about it."""
    aws.client('sqs').send_message(QueueUrl=settings.PROVIDER_QUEUE_URL, MessageBody=timers.message(action, pk, sk))


def _object(
    our_id: str,
    money: Money,
    status: Status | ChargebackStatus,
    failure: str | None,
    *,
    note: str | None = None,
    payment_id: str | None = None,
    expires_at_ms: int | None = None,
) -> SandboxObject:
    return SandboxObject(
        id=our_id,
        minor=money.minor,
        currency=money.currency,
        status=status.value,
        failure=failure,
        note=note,
        payment_id=payment_id,
        expires_at_ms=expires_at_ms,
    )


def _paid(payment: SandboxObject) -> SandboxLine:
    return _moved('payment', payment, payment.minor, payment.minor * FEE_BPS // 10_000)


def _moved(kind: str, what: SandboxObject, minor: int, fee_minor: int = 0) -> SandboxLine:
    return store.line_of(kind, what.id, what.currency, minor, fee_minor)


def _send(kind: str, made: SandboxObject) -> Outcome:
    """Money on its way out: a refund or a payout."""
    line = _moved(kind, made, -made.minor) if made.status == Status.SUCCEEDED else None
    return _outcome(store.create(made, line))


def _find(our_id: str) -> Outcome | None:
    try:
        return _outcome(store.get(our_id))
    except NotFound:
        return None


def _claimed_back(found: SandboxObject) -> ClaimedBack:
    return ClaimedBack(
        ref=found.id,
        payment_id=found.payment_id or '',
        money=Money(found.minor, found.currency),
        fee=Money(CHARGEBACK_FEE_MINOR[found.currency], found.currency),
        status=ChargebackStatus(found.status),
        reason=found.note or '',
        evidence_due_at=found.expires_at_ms,
    )


def _outcome(found: SandboxObject) -> Outcome:
    if found.status == Status.REQUIRES_ACTION and (found.expires_at_ms or 0) < clock.now_ms():
        with contextlib.suppress(Conflict):  # it was confirmed after all
            store.settle(found.id, Status.FAILED.value, when=Status.REQUIRES_ACTION, failure='expired')
        found = store.get(found.id)
    outcome = Outcome(found.id, Money(found.minor, found.currency), Status(found.status), failure=found.failure)
    if outcome.status is Status.REQUIRES_ACTION:
        return outcome._replace(next_action_url=f'/api/sandbox/payments/{found.id}/confirmation')
    return outcome
