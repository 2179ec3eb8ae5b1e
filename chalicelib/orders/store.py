"""Orders and what belongs to them, read and written."""

from collections.abc import Iterator
from typing import Any

from chalicelib import clock, reads, settings
from chalicelib.auth import Caller
from chalicelib.db import MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.orders.rows import Addition, Delivery, Event, Extension, Order, Refund
from chalicelib.reads import Page, Paging


def add(tx: Transaction, order: Order) -> None:
    order.pk, order.sk = pk(order.id), 'ORDER'
    order.buyer_shelf, order.seller_shelf = order.buyer_id, f'{order.seller_id}#order'
    order.listed_at = f'{order.created_at:015d}#{order.id}'
    order.deliveries, order.extensions, order.refunds, order.additions = [], [], [], []
    tx.put(order, otherwise=Conflict(f'Order {order.id} exists already'))


def load(order_id: str) -> Order:
    """An order with all that belongs to it, but for its log. One request."""
    rows: list[Any] = list(MarketRow.query(pk(order_id), MarketRow.sk.startswith('ORDER'), consistent_read=True))
    order = next((row for row in rows if isinstance(row, Order)), None)
    if order is None:
        raise NotFound(f'There is no order {order_id}')
    order.deliveries = [row for row in rows if isinstance(row, Delivery)]
    order.extensions = [row for row in rows if isinstance(row, Extension)]
    order.refunds = [row for row in rows if isinstance(row, Refund)]
    order.additions = [row for row in rows if isinstance(row, Addition)]
    return order


def refund_sk(refund_id: str) -> str:
    return f'ORDER#REFUND#{refund_id}'


def refund(order: Order, sk: str) -> Refund:
    found = next((refund for refund in order.refunds if refund.sk == sk), None)
    if found is None:
        raise NotFound(f'Order {order.id} has no refund {sk}')
    return found


def addition(order: Order, addition_id: str) -> Addition:
    found = next((addition for addition in order.additions if addition.id == addition_id), None)
    if found is None:
        raise NotFound(f'Order {order.id} has no extra {addition_id}')
    return found


def load_for(order_id: str, caller: Caller) -> tuple[Order, Actor]:
    """The order and what the caller is to it; to a stranger there is no such order."""
    order = load(order_id)
    if caller.user_id == order.buyer_id:
        return order, Actor(OrderRole.BUYER, caller.user_id)
    if caller.user_id == order.seller_id:
        return order, Actor(OrderRole.SELLER, caller.user_id)
    if caller.is_staff:
        return order, Actor(OrderRole.STAFF, caller.user_id)
    raise NotFound(f'There is no order {order_id} of yours')


def save(tx: Transaction, order: Order) -> None:
    """Writes the order as it now is, provided that it is still as it was read."""
    seen = order.version
    order.version = seen + 1
    tx.replace(order, when=Order.version == seen, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def add_part(tx: Transaction, order: Order, part: Delivery | Extension | Refund | Addition, name: str) -> None:
    part.pk, part.sk = pk(order.id), f'ORDER#{name}'
    tx.put(part, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def save_extension(tx: Transaction, extension: Extension) -> None:
    tx.replace(extension, when=Extension.state == 'open', otherwise=Moved('This extension was answered meanwhile'))


def save_addition(tx: Transaction, addition: Addition) -> None:
    seen = addition.version
    addition.version = seen + 1
    tx.replace(addition, when=Addition.version == seen, otherwise=Moved(f'Extra {addition.id} moved on meanwhile'))


def save_refund(tx: Transaction, refund: Refund, seen: str) -> None:
    """Writes it as it now is, provided that its state is still the one that was seen."""
    tx.replace(refund, when=Refund.state == seen, otherwise=Moved('This refund was settled meanwhile'))


def note(tx: Transaction, order: Order, name: str, actor: Actor, **data: Any) -> None:
    """Adds to the log what the open transaction does. Called after the order was added or saved: lines are numbered by it."""
    event = Event(
        pk(order.id),
        f'EVENT#{order.version:06d}#{name}',
        name=name,
        order_id=order.id,
        by_role=actor.role.value,
        by_id=actor.id,
        at=clock.now_ms(),
        data=data,
    )
    tx.put(event, otherwise=Moved(f'Order {order.id} moved on meanwhile'))


def events(order_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', pk(order_id)), 'sk', paging, range_prefix='EVENT#', newest_first=False)


def all_events(order_id: str) -> Iterator[dict[str, Any]]:
    page = events(order_id, Paging(reads.MANY))
    yield from page.rows
    while page.next_cursor:
        page = events(order_id, Paging(reads.MANY, page.next_cursor))
        yield from page.rows


def bought_by(buyer_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('buyer_shelf', buyer_id), 'listed_at', paging, index='by_buyer')


def sold_by(seller_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('seller_shelf', f'{seller_id}#order'), 'listed_at', paging, index='by_seller')


def pk(order_id: str) -> str:
    return f'ORDER#{order_id}'


def order_id_of(key: str) -> str:
    return key.removeprefix('ORDER#')
