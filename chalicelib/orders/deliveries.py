"""Deliveries and the revisions asked of them."""

from chalicelib import clock
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.files import store as files
from chalicelib.orders import lifecycle, limits, store
from chalicelib.orders.lifecycle import SYSTEM, Actor, OrderState
from chalicelib.orders.rows import Delivery, Order


def deliver(tx: Transaction, caller: Caller, order_id: str, message: str, file_ids: list[str]) -> Order:
    """Hands over work. From now on the buyer can see the files, and silence accepts them."""
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('deliver', actor, order.facts())
    limits.check_files(order, file_ids)
    limits.check_message(order, message)
    for n, file_id in enumerate(file_ids):
        files.require(tx, file_id, owner_id=order.seller_id, purpose='delivery', pointer=f'#/file_ids/{n}')
    order.enter(OrderState.DELIVERED)
    store.save(tx, order)
    _hand_over(tx, order, actor, message, file_ids)
    return order


def hand_over_product(tx: Transaction, order: Order) -> None:
    """Delivers a digital product to an order that was just paid, and saved."""
    product = order.terms['product']
    _hand_over(tx, order, SYSTEM, 'Your files are ready. The licence is part of the order.', product['file_ids'])


def request_revision(tx: Transaction, caller: Caller, order_id: str, reason: str) -> Order:
    """Sends a delivery back. The seller gets the package's time once more."""
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('request_revision', actor, order.facts())
    limits.check_another_delivery(order)
    order.revisions_used += 1
    order.start_clock()
    order.enter(OrderState.REVISION_REQUESTED)
    store.save(tx, order)
    store.note(tx, order, 'RevisionRequested', actor, reason=reason)
    return order


def take_back(tx: Transaction, order: Order) -> None:
    """The buyer of an order that ended without completion sees none of its files any more."""
    for file_id in {file_id for delivery in order.deliveries for file_id in delivery.file_ids}:
        files.revoke(tx, file_id, order.buyer_id, order.id)


def _hand_over(tx: Transaction, order: Order, actor: Actor, message: str, file_ids: list[str]) -> None:
    number = len(order.deliveries) + 1
    delivery = Delivery(number=number, message=message, file_ids=file_ids, delivered_at=clock.now_ms())
    store.add_part(tx, order, delivery, f'DELIVERY#{number:03d}')
    order.deliveries.append(delivery)
    for file_id in file_ids:
        files.grant(tx, file_id, order.buyer_id, order.id)
    store.note(tx, order, 'OrderDelivered', actor, number=number)
