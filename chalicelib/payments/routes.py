from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.money import Money
from chalicelib.observe import logger
from chalicelib.payments import actions, store
from chalicelib.payments.actions import How
from chalicelib.payments.port import OutcomeUnknown
from chalicelib.payments.schemas import AddPositions, Pay, PaymentView, Tip, TopUp

routes = Routes(__name__, tag='Payments')


def _settled(started: PaymentView) -> PaymentView:
    """The payment after its provider was asked, or as it is where the provider does not answer; it is then asked again."""
    try:
        payment = actions.settle(started.id)
    except OutcomeUnknown:
        logger.exception('provider does not answer', payment_id=started.id)
        payment = store.get(started.id)
    return PaymentView.of(payment.attribute_values)


def _how(wanted: Pay) -> How:
    return How(wanted.method, wanted.use_credit)


@routes.write('POST', '/orders/{order_id}/payments', takes=Pay, answers=PaymentView, status=201, then=_settled)
def pay_order(tx: Transaction, caller: Caller, wanted: Pay, order_id: str) -> PaymentView:
    """Pay for an order.

    Repeating the request shows the same payment as it is by then. If it fails, pay again with another method under a new
    Idempotency-Key.
    """
    return PaymentView.of(actions.pay_order(tx, caller, order_id, _how(wanted)).attribute_values)


@routes.write(
    'POST', '/orders/{order_id}/extras/{extra_id}/payments', takes=Pay, answers=PaymentView, status=201, then=_settled
)
def pay_extra(tx: Transaction, caller: Caller, wanted: Pay, order_id: str, extra_id: str) -> PaymentView:
    """Pay for an extra that the seller has offered. It is then part of the order."""
    return PaymentView.of(actions.pay_extra(tx, caller, order_id, extra_id, _how(wanted)).attribute_values)


@routes.write('POST', '/orders/{order_id}/tips', takes=Tip, answers=PaymentView, status=201, then=_settled)
def tip_seller(tx: Transaction, caller: Caller, wanted: Tip, order_id: str) -> PaymentView:
    """Give the seller of a completed order something on top."""
    return PaymentView.of(actions.tip(tx, caller, order_id, wanted.amount_minor, _how(wanted)).attribute_values)


@routes.write('POST', '/campaigns/{campaign_id}/payments', takes=Pay, answers=PaymentView, status=201, then=_settled)
def pay_campaign(tx: Transaction, caller: Caller, wanted: Pay, campaign_id: str) -> PaymentView:
    """Pay for all positions of a campaign, and the fee. It then runs."""
    return PaymentView.of(actions.pay_campaign(tx, caller, campaign_id, _how(wanted)).attribute_values)


@routes.write('POST', '/campaigns/{campaign_id}/positions', takes=AddPositions, answers=PaymentView, status=201, then=_settled)
def add_positions(tx: Transaction, caller: Caller, wanted: AddPositions, campaign_id: str) -> PaymentView:
    """Pay for more positions of a campaign. They can be claimed once the payment is through."""
    made = actions.pay_campaign(tx, caller, campaign_id, _how(wanted), wanted.positions)
    return PaymentView.of(made.attribute_values)


@routes.write('POST', '/me/wallet/top-ups', takes=TopUp, answers=PaymentView, status=201, then=_settled)
def top_up_wallet(tx: Transaction, caller: Caller, wanted: TopUp) -> PaymentView:
    """Pay into your own wallet, to pay with it later."""
    money = Money(wanted.amount_minor, wanted.currency)
    return PaymentView.of(actions.top_up(tx, caller.user_id, money, wanted.method).attribute_values)


@routes.read('/payments/{payment_id}', answers=PaymentView)
def show_payment(caller: Caller, payment_id: str) -> PaymentView:
    """One payment of yours."""
    payment = store.get(payment_id) if caller.is_staff else store.get_of(payment_id, caller.user_id)
    return PaymentView.of(payment.attribute_values)
