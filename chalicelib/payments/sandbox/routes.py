from chalicelib import aws, settings, timers
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.payments import store
from chalicelib.payments.sandbox import provider
from chalicelib.payments.sandbox.schemas import Confirmation, ConfirmPayment

routes = Routes(__name__, tag='Sandbox')


def _confirm(said: Confirmation) -> Confirmation:
    """Decides it in the sandbox, and does what a webhook does: names the payment, so that the provider is asked about it."""
    provider.confirm(said.id, is_approved=said.approved)
    body = timers.message('settle_payment', store.pk(said.id), 'PAYMENT')
    aws.client('sqs').send_message(QueueUrl=settings.PROVIDER_QUEUE_URL, MessageBody=body)
    return said


@routes.write('POST', '/sandbox/payments/{payment_id}/confirmation', takes=ConfirmPayment, answers=Confirmation, then=_confirm)
def confirm_sandbox_payment(_: Transaction, caller: Caller, said: ConfirmPayment, payment_id: str) -> Confirmation:
    """Stand in for your bank. Approve or refuse a payment that waits for a confirmation, where the sandbox is in use."""
    if store.get_of(payment_id, caller.user_id).provider != provider.Sandbox.name:
        raise NotFound(f'The sandbox has no payment {payment_id}')
    return Confirmation(id=payment_id, approved=said.approved)
