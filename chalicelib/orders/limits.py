"""How much an order takes: it is read, answered and remembered as a whole, in one transaction and in one row of 400 KB."""

from pydantic_core import to_json

from chalicelib.errors import Conflict
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.orders.rows import Order

MAX_DELIVERIES = 100
"""Of an order with revisions without end."""
MAX_FILES = 60
"""Of all deliveries of an order: if it is cancelled, all are taken back in one transaction, which has a hundred writes."""
_WRITES_TO_CLOSE = 80
"""Of those hundred, what files and payments may take: a file one, and a payment, which goes back, three."""
MAX_EXTENSIONS = 100
MAX_WRITTEN_BYTES = 100_000
"""Of all that the seller writes to deliveries and extensions, as JSON in UTF-8."""
MAX_REFUNDS = 20
"""That somebody has granted, and not the provider's doing."""
MAX_ADDITIONS = 20
_RESERVED_BYTES = 1_000
"""Left for one more delivery, and for each revision that the buyer has paid for, whatever was written before."""


def check_message(order: Order, message: str) -> None:
    """Refuses the message of a delivery for which a seller's earlier texts leave no room."""
    left = MAX_WRITTEN_BYTES - _written(order) - _RESERVED_BYTES * (order.revisions_left or 0)
    if _size(message) > left:
        raise Conflict(f'There is room for {left} bytes more on this order; put the rest into a file')


def check_files(order: Order, file_ids: list[str]) -> None:
    most = min(MAX_FILES, _WRITES_TO_CLOSE - _writes_of_payments(order))
    if len(_files(order).union(file_ids)) > most:
        raise Conflict(f'The deliveries of this order have {most} different files at most')


def check_another_delivery(order: Order) -> None:
    """Asked when one is sent back, so that whatever is asked for can be delivered."""
    if len(order.deliveries) >= MAX_DELIVERIES or _written(order) + _RESERVED_BYTES > MAX_WRITTEN_BYTES:
        raise Conflict('An order takes no more deliveries than this one; accept it, or ask support to cancel')


def check_another_extension(order: Order, reason: str) -> None:
    reserved = _RESERVED_BYTES * (1 + (order.revisions_left or 0))
    if len(order.extensions) >= MAX_EXTENSIONS or _written(order) + _size(reason) + reserved > MAX_WRITTEN_BYTES:
        raise Conflict('More time was asked for so often, or so wordily, that there is no room left to ask for more')


def check_another_refund(order: Order) -> None:
    if sum(refund.by_role != OrderRole.SYSTEM for refund in order.refunds) >= MAX_REFUNDS:
        raise Conflict(f'An order has {MAX_REFUNDS} refunds at most; the rest goes back by cancelling it, or in a dispute')


def check_another_addition(order: Order) -> None:
    if len(order.additions) >= MAX_ADDITIONS:
        raise Conflict(f'{MAX_ADDITIONS} extras were offered on this order already, and an order takes no more')
    if len(_files(order)) + _writes_of_payments(order, 1) > _WRITES_TO_CLOSE:
        raise Conflict('An order with so many files takes no more extras')


def _files(order: Order) -> set[str]:
    return {file_id for delivery in order.deliveries for file_id in delivery.file_ids}


def _writes_of_payments(order: Order, more: int = 0) -> int:
    """Of the order's own, and of the extras that are paid or may be, and of so many more."""
    extras = sum(addition.state in ('offered', 'paid') for addition in order.additions)
    return 3 * (1 + extras + more)


def _written(order: Order) -> int:
    texts = [*(delivery.message for delivery in order.deliveries), *(extension.reason for extension in order.extensions)]
    return sum(map(_size, texts))


def _size(text: str) -> int:
    return len(to_json(text))
