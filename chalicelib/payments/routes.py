from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.observe import logger
from chalicelib.payments import actions, store
from chalicelib.payments.port import OutcomeUnknown
from chalicelib.payments.schemas import Pay, PaymentView

routes = Routes(__name__, tag='Payments')


def _settled(started: PaymentView) -> PaymentView:
    """The payment after its provider was asked, or as it is where the provider does not answer; it is then asked again."""
    try:
        payment = actions.settle(started.id)
    except OutcomeUnknown:
        logger.exception('provider does not answer', payment_id=started.id)
        payment = store.get(started.id)
    return PaymentView.of(payment.attribute_values)


@routes.write('POST', '/orders/{order_id}/payments', takes=Pay, answers=PaymentView, status=201, then=_settled)
def pay_order(tx: Transaction, caller: Caller, wanted: Pay, order_id: str) -> PaymentView:
    """Pay for an order.

    Repeating the request shows the same payment as it is by then. If it fails, pay again with another method under a new
    Idempotency-Key.
    """
    return PaymentView.of(actions.start(tx, caller, order_id, wanted.method).attribute_values)


@routes.read('/payments/{payment_id}', answers=PaymentView)
def show_payment(caller: Caller, payment_id: str) -> PaymentView:
    """One payment of yours."""
    payment = store.get(payment_id) if caller.is_staff else store.get_of(payment_id, caller.user_id)
    return PaymentView.of(payment.attribute_values)
