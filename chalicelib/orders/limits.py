"""How much an order takes: it is read, answered and remembered as a whole, in one transaction and in one row of 400 KB."""

from chalicelib.errors import Conflict
from chalicelib.orders.store import Order

MAX_DELIVERIES = 100
"""Of an order with revisions without end."""
MAX_FILES = 60
"""Of all deliveries of an order: if it is cancelled, all are taken back in one transaction, which has a hundred writes."""
MAX_EXTENSIONS = 100
MAX_WRITTEN_BYTES = 100_000
"""Of all that the seller writes to deliveries and extensions, in UTF-8."""


def check_text(order: Order, text: str) -> None:
    """Refuses a text for which a seller's earlier ones leave no room."""
    written = [*(delivery.message for delivery in order.deliveries), *(extension.reason for extension in order.extensions)]
    if sum(len(one.encode()) for one in (*written, text)) > MAX_WRITTEN_BYTES:
        raise Conflict(f'All that you write on one order has {MAX_WRITTEN_BYTES} bytes at most; put the rest into a file')


def check_files(order: Order, file_ids: list[str]) -> None:
    if len(set(file_ids).union(*(delivery.file_ids for delivery in order.deliveries))) > MAX_FILES:
        raise Conflict(f'The deliveries of an order have {MAX_FILES} different files at most')


def check_another_delivery(order: Order) -> None:
    """Asked when one is sent back, so that whatever is asked for can be delivered."""
    if len(order.deliveries) >= MAX_DELIVERIES:
        raise Conflict(f'An order has {MAX_DELIVERIES} deliveries at most; accept this one, or ask support to cancel')


def check_another_extension(order: Order) -> None:
    if len(order.extensions) >= MAX_EXTENSIONS:
        raise Conflict(f'More time was asked for {MAX_EXTENSIONS} times already, which is all there is')
