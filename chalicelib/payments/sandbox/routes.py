from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.payments import store
from chalicelib.payments.sandbox import provider
from chalicelib.payments.sandbox.schemas import ClaimBack, Claimed, Confirmation, ConfirmPayment, Decide, Decision

routes = Routes(__name__, tag='Sandbox')


def _confirm(said: Confirmation) -> Confirmation:
    """Decides it in the sandbox, and does what a webhook does: names the payment, so that the provider is asked about it."""
    provider.confirm(said.id, is_approved=said.approved)
    provider.tell('settle_payment', store.pk(said.id), 'PAYMENT')
    return said


def _must_be_ours(payment_id: str, caller: Caller) -> None:
    if store.get_of(payment_id, caller.user_id).provider != provider.Sandbox.name:
        raise NotFound(f'The sandbox has no payment {payment_id}')


@routes.write('POST', '/sandbox/payments/{payment_id}/confirmation', takes=ConfirmPayment, answers=Confirmation, then=_confirm)
def confirm_sandbox_payment(_: Transaction, caller: Caller, said: ConfirmPayment, payment_id: str) -> Confirmation:
    """Stand in for your bank. Approve or refuse a payment that waits for a confirmation, where the sandbox is in use."""
    _must_be_ours(payment_id, caller)
    return Confirmation(id=payment_id, approved=said.approved)


def _claim_back(asked: Claimed) -> Claimed:
    ref = provider.claim_back(asked.payment_id, asked.reason)
    provider.tell('learn_chargeback', provider.Sandbox.name, ref)
    return asked


@routes.write('POST', '/sandbox/payments/{payment_id}/chargeback', takes=ClaimBack, answers=Claimed, then=_claim_back)
def claim_back_sandbox_payment(_: Transaction, caller: Caller, said: ClaimBack, payment_id: str) -> Claimed:
    """Stand in for your bank. Have it take back a payment of yours that the sandbox has made."""
    _must_be_ours(payment_id, caller)
    return Claimed(payment_id=payment_id, reason=said.reason)


def _decide(said: Decision) -> Decision:
    provider.rule_on_chargeback(said.id, is_won=said.won)
    provider.tell('learn_chargeback', provider.Sandbox.name, said.id)
    return said


@routes.write(
    'POST',
    '/sandbox/chargebacks/{chargeback_id}/decision',
    takes=Decide,
    answers=Decision,
    access=Access.STAFF,
    then=_decide,
)
def decide_sandbox_chargeback(_: Transaction, __: Caller, said: Decide, chargeback_id: str) -> Decision:
    """Stand in for the buyer's bank. Decide a chargeback of the sandbox: `won` is for the seller."""
    if provider.Sandbox().find_chargeback(chargeback_id) is None:
        raise NotFound(f'The sandbox has no chargeback {chargeback_id}')
    return Decision(id=chargeback_id, won=said.won)
