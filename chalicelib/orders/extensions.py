"""Extensions: more time, asked for by the seller or given by the buyer."""

from chalicelib import clock, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.orders import lifecycle, limits, store
from chalicelib.orders.lifecycle import SYSTEM, Actor, OrderRole, OrderState
from chalicelib.orders.rows import Extension, Order


def extend(tx: Transaction, caller: Caller, order_id: str, days: int, reason: str) -> Order:
    """A seller asks for time to deliver. A buyer gives it, or takes more time to review what was delivered."""
    order, actor = store.load_for(order_id, caller)
    if actor.role is OrderRole.SELLER:
        name = 'ExtensionAsked'
        _ask(tx, order, actor, days, reason)
    elif order.state == OrderState.DELIVERED:
        name = 'ReviewExtended'
        _extend_review(tx, order, actor, days)
    else:
        name = 'DeliveryExtended'
        lifecycle.decide('extend_delivery', actor, order.facts())
        _check(days, order.policy.max_extension_days)
        move_due_date(order, days)
        store.save(tx, order)
    store.note(tx, order, name, actor, days=days, reason=reason)
    return order


def answer(tx: Transaction, caller: Caller, order_id: str, extension_id: str, *, is_granted: bool) -> Order:
    order, actor = store.load_for(order_id, caller)
    extension = next((extension for extension in order.extensions if extension.id == extension_id), None)
    if extension is None:
        raise NotFound(f'Order {order_id} has no extension {extension_id}')
    lifecycle.decide('answer_extension', actor, order.facts())
    if extension.state != 'open':
        raise Conflict(f'This extension is {extension.state} already')
    _settle(tx, order, extension, 'granted' if is_granted else 'declined', actor)
    return order


def grant_by_silence(tx: Transaction, order: Order, extension: Extension) -> None:
    """A request for more time that nobody answered is granted, unless the order needs it no longer."""
    is_needed = order.state in (OrderState.IN_PROGRESS, OrderState.REVISION_REQUESTED)
    _settle(tx, order, extension, 'granted' if is_needed else 'lapsed', SYSTEM)


def _ask(tx: Transaction, order: Order, actor: Actor, days: int, reason: str) -> None:
    lifecycle.decide('ask_extension', actor, order.facts())
    _check(days, order.policy.max_extension_days)
    if any(extension.state == 'open' for extension in order.extensions):
        raise Conflict('The buyer has not answered your last request for more time yet')
    limits.check_another_extension(order, reason)
    now, extension_id = clock.now_ms(), ids.new('ext')
    extension = Extension(store.pk(order.id), id=extension_id, order_id=order.id, days=days, reason=reason, asked_at=now)
    extension.set_timer(('grant_extension', now + order.policy.extension_answer_ms))
    store.save(tx, order)
    store.add_part(tx, order, extension, f'EXTENSION#{extension_id}')
    order.extensions.append(extension)


def _extend_review(tx: Transaction, order: Order, actor: Actor, days: int) -> None:
    lifecycle.decide('extend_review', actor, order.facts())
    left = order.policy.max_review_extension_days - order.review_extension_days
    if not left:
        raise Conflict(f'The review was extended by {order.review_extension_days} days already, which is all there is')
    _check(days, left)
    order.review_extension_days += days
    order.set_timer(('complete_order', (order.due_at or clock.now_ms()) + days * order.policy.day_ms))
    store.save(tx, order)


def _settle(tx: Transaction, order: Order, extension: Extension, state: str, actor: Actor) -> None:
    extension.state = state
    extension.set_timer(None)
    if state == 'granted':
        move_due_date(order, extension.days)
    store.save_extension(tx, extension)
    store.save(tx, order)
    store.note(tx, order, f'Extension{state.capitalize()}', actor, extension_id=extension.id, days=extension.days)


def move_due_date(order: Order, days: int) -> None:
    order.delivery_due_at = (order.delivery_due_at or clock.now_ms()) + days * order.policy.day_ms
    if order.frozen_by:
        order.postpone(days * order.policy.day_ms)
    else:
        order.enter(OrderState(order.state))


def _check(days: int, most: int) -> None:
    if days > most:
        raise Invalid.at('#/days', f'This can be extended by {most} days at most')
