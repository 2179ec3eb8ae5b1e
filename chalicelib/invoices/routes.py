from chalicelib.auth import Caller
from chalicelib.documents import PDF, Document
from chalicelib.http import Routes
from chalicelib.invoices import actions, trail
from chalicelib.invoices.schemas import OrderTransactions

routes = Routes(__name__, tag='Money')


@routes.read('/orders/{order_id}/transactions', answers=OrderTransactions)
def list_order_transactions(caller: Caller, order_id: str) -> OrderTransactions:
    """Every transaction that moved the money of an order of yours, oldest first.

    Payments of extras and tips, refunds, chargebacks, completion and release are among them: what is pending for an order is
    what they have left on its accounts.
    """
    return trail.show(order_id, caller)


@routes.read('/orders/{order_id}/invoice', media_type=PDF)
def show_order_invoice(caller: Caller, order_id: str) -> Document:
    """The invoice of an order that you bought.

    Package, extras, service fee and the tax on it, what was paid and what went back; there is one once the order is paid.
    """
    return actions.of_order(order_id, caller)


@routes.read('/orders/{order_id}/fee-invoice', media_type=PDF)
def show_fee_invoice(caller: Caller, order_id: str) -> Document:
    """The invoice of the commission on an order that you sold.

    There is one once the order is completed.
    """
    return actions.of_commission(order_id, caller)


@routes.read('/payouts/{payout_id}/invoice', media_type=PDF)
def show_payout_invoice(caller: Caller, payout_id: str) -> Document:
    """The statement of a payout of yours, with its fee.

    There is one once the money was sent.
    """
    return actions.of_payout(payout_id, caller)
