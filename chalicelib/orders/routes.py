from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.orders import actions, additions, deliveries, extensions, refunds, requirements, store
from chalicelib.orders.schemas import (
    CancelOrder,
    Deliver,
    ExtendOrder,
    GrantRefund,
    OfferExtra,
    OrderEvent,
    OrderEventPage,
    OrderPage,
    OrderQuery,
    OrderSummary,
    OrderView,
    PlaceOrder,
    RequestRevision,
    SubmitRequirements,
)
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Orders')


@routes.write('POST', '/orders', takes=PlaceOrder, answers=OrderView, status=201)
def place_order(tx: Transaction, caller: Caller, wanted: PlaceOrder) -> OrderView:
    """Place an order on exactly the terms of a quote. It waits for its payment."""
    return OrderView.of(actions.place(tx, caller.user_id, wanted.quote_id))


@routes.read('/orders', answers=OrderPage, query=OrderQuery)
def list_orders(caller: Caller, asked: OrderQuery) -> OrderPage:
    """Your orders, newest first."""
    listing = store.bought_by if asked.role == 'buyer' else store.sold_by
    page = listing(caller.user_id, Paging(asked.limit, asked.cursor))
    return OrderPage(items=[OrderSummary.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.read('/orders/{order_id}', answers=OrderView)
def show_order(caller: Caller, order_id: str) -> OrderView:
    """One order of yours, with its deliveries, extensions and refunds."""
    order, _ = store.load_for(order_id, caller)
    return OrderView.of(order)


@routes.read('/orders/{order_id}/events', answers=OrderEventPage, query=ListQuery)
def list_order_events(caller: Caller, asked: ListQuery, order_id: str) -> OrderEventPage:
    """All that ever happened to an order, oldest first: the same for both sides."""
    store.load_for(order_id, caller)
    page = store.events(order_id, Paging(asked.limit, asked.cursor))
    return OrderEventPage(items=[OrderEvent.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.write('POST', '/orders/{order_id}/requirements', takes=SubmitRequirements, answers=OrderView)
def submit_requirements(tx: Transaction, caller: Caller, given: SubmitRequirements, order_id: str) -> OrderView:
    """Answer what the seller has to know. The delivery time runs from here."""
    answers = [answer.model_dump() for answer in given.answers]
    return OrderView.of(requirements.submit(tx, caller, order_id, answers))


@routes.write('POST', '/orders/{order_id}/deliveries', takes=Deliver, answers=OrderView, status=201)
def deliver_order(tx: Transaction, caller: Caller, wanted: Deliver, order_id: str) -> OrderView:
    """Deliver work, with a message and files. If the buyer then stays silent, it counts as accepted."""
    return OrderView.of(deliveries.deliver(tx, caller, order_id, wanted.message, wanted.file_ids))


@routes.write('POST', '/orders/{order_id}/revisions', takes=RequestRevision, answers=OrderView, status=201)
def request_revision(tx: Transaction, caller: Caller, wanted: RequestRevision, order_id: str) -> OrderView:
    """Send a delivery back, as often as the package says."""
    return OrderView.of(deliveries.request_revision(tx, caller, order_id, wanted.reason))


@routes.write('POST', '/orders/{order_id}/accept', answers=OrderView)
def accept_order(tx: Transaction, caller: Caller, order_id: str) -> OrderView:
    """Accept a delivery. The seller has earned the money, which then clears."""
    return OrderView.of(actions.accept(tx, caller, order_id))


@routes.write('POST', '/orders/{order_id}/cancel', takes=CancelOrder, answers=OrderView)
def cancel_order(tx: Transaction, caller: Caller, wanted: CancelOrder, order_id: str) -> OrderView:
    """Cancel an order that is not completed. All that is held goes back to the buyer."""
    return OrderView.of(actions.cancel(tx, caller, order_id, wanted.reason, wanted.fault))


@routes.write('POST', '/orders/{order_id}/refunds', takes=GrantRefund, answers=OrderView, status=201)
def refund_order(tx: Transaction, caller: Caller, wanted: GrantRefund, order_id: str) -> OrderView:
    """Give back part of what an order has cost, as its seller or as support.

    Before its completion, while the money clears, or after it was released. It goes back the way it came.
    """
    return OrderView.of(refunds.grant(tx, caller, order_id, wanted.amount_minor, wanted.reason))


@routes.write('POST', '/orders/{order_id}/extras', takes=OfferExtra, answers=OrderView, status=201)
def offer_extra(tx: Transaction, caller: Caller, wanted: OfferExtra, order_id: str) -> OrderView:
    """Offer an extra while the order runs. Paid by the buyer, it is part of the order."""
    return OrderView.of(additions.offer(tx, caller, order_id, wanted.model_dump()))


@routes.write('POST', '/orders/{order_id}/extras/{extra_id}/withdraw', answers=OrderView)
def withdraw_extra(tx: Transaction, caller: Caller, order_id: str, extra_id: str) -> OrderView:
    """Take back the offer of an extra."""
    return OrderView.of(additions.end(tx, caller, order_id, extra_id, action='withdraw_extra'))


@routes.write('POST', '/orders/{order_id}/extras/{extra_id}/decline', answers=OrderView)
def decline_extra(tx: Transaction, caller: Caller, order_id: str, extra_id: str) -> OrderView:
    """Decline an extra that the seller has offered."""
    return OrderView.of(additions.end(tx, caller, order_id, extra_id, action='decline_extra'))


@routes.write('POST', '/orders/{order_id}/extensions', takes=ExtendOrder, answers=OrderView, status=201)
def extend_order(tx: Transaction, caller: Caller, wanted: ExtendOrder, order_id: str) -> OrderView:
    """More time.

    A seller asks for it, and silence grants it. A buyer gives it at once: to the seller while the work is in progress, or to
    themselves to review what was delivered.
    """
    return OrderView.of(extensions.extend(tx, caller, order_id, wanted.days, wanted.reason))


@routes.write('POST', '/orders/{order_id}/extensions/{extension_id}/accept', answers=OrderView)
def accept_extension(tx: Transaction, caller: Caller, order_id: str, extension_id: str) -> OrderView:
    """Grant the seller's request for more time."""
    return OrderView.of(extensions.answer(tx, caller, order_id, extension_id, is_granted=True))


@routes.write('POST', '/orders/{order_id}/extensions/{extension_id}/decline', answers=OrderView)
def decline_extension(tx: Transaction, caller: Caller, order_id: str, extension_id: str) -> OrderView:
    """Decline the seller's request for more time. The due date stays."""
    return OrderView.of(extensions.answer(tx, caller, order_id, extension_id, is_granted=False))
