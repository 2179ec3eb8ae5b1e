"""What payments and refunds do when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.orders import store as orders
from chalicelib.payments import actions, returns, store
from chalicelib.timers import Handler


def _settle_payment(pk: str, _: str) -> None:
    actions.settle(store.payment_id_of(pk))


def _send_refund(pk: str, sk: str) -> None:
    returns.send(orders.order_id_of(pk), sk)


TIMERS: Mapping[str, Handler] = MappingProxyType({'settle_payment': _settle_payment, 'send_refund': _send_refund})
