from chalicelib import aws, settings, timers
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.payments import store
from chalicelib.payments.sandbox import provider
from chalicelib.payments.sandbox.schemas import Confirmation, ConfirmPayment

routes = Routes(__name__, tag='Sandbox')


def _notify(payment_id: str) -> Confirmation:
    """What a webhook does for a real provider: it names the payment, and the provider is then asked about it."""
    body = timers.message('settle_payment', store.pk(payment_id), 'PAYMENT')
    aws.client('sqs').send_message(QueueUrl=settings.PROVIDER_QUEUE_URL, MessageBody=body)
    return Confirmation(id=payment_id, approved=provider.is_approved(payment_id))


@routes.write('POST', '/sandbox/payments/{payment_id}/confirmation', takes=ConfirmPayment, answers=Confirmation, then=_notify)
def confirm_sandbox_payment(_: Transaction, caller: Caller, said: ConfirmPayment, payment_id: str) -> Confirmation:
    """Stand in for your bank. Approve or refuse a payment that waits for a confirmation, where the sandbox is in use."""
    if store.get_of(payment_id, caller.user_id).provider != provider.Sandbox.name:
        raise NotFound(f'The sandbox has no payment {payment_id}')
    provider.confirm(payment_id, is_approved=said.approved)
    return Confirmation(id=payment_id, approved=said.approved)
