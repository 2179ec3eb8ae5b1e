"""The reads of invoices: what they are made of, whose they are, and when there is one."""

import json
from collections.abc import Iterable

from chalicelib.auth import Caller
from chalicelib.documents import PDF, Document
from chalicelib.errors import Conflict, Forbidden
from chalicelib.invoices import pdf, sheets
from chalicelib.invoices.labels import spoken
from chalicelib.invoices.sheets import Moved, Reader, Sheet
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.orders.rows import Order
from chalicelib.payouts import store as payouts
from chalicelib.users import store as users
from chalicelib.users.schemas import UserView


def of_order(order_id: str, caller: Caller) -> Document:
    """The buyer's, once it is paid. Not the buyer's or staff: Forbidden. Not paid: Conflict."""
    order = _order(order_id, caller, OrderRole.SELLER)
    if not order.sources:
        raise Conflict(f'Order {order_id} is not paid: there is no invoice of it')
    payments = [f'pay:{source["payment_id"]}' for source in order.sources]
    moved = _moved([*payments, *_refunds(order)])
    names, reader = _people(caller, order.currency, order.buyer_id, order.seller_id)
    refunds = [moved[txid] for txid in _refunds(order) if txid in moved]
    return _document(sheets.order_invoice(reader, order.attribute_values, names, [moved[txid] for txid in payments], refunds))


def of_commission(order_id: str, caller: Caller) -> Document:
    """The seller's, once the order is completed. Not the seller's or staff: Forbidden. Not completed: Conflict."""
    order = _order(order_id, caller, OrderRole.BUYER)
    completed = f'complete:{order_id}'
    tips = _tips(order)
    moved = _moved([completed, *_refunds(order), *tips])
    if completed not in moved:
        raise Conflict(f'Order {order_id} is not completed: no commission was taken')
    names, reader = _people(caller, order.currency, order.seller_id)
    later = [('tip' if txid in tips else 'refund', one) for txid, one in moved.items() if txid != completed]
    later.sort(key=lambda kind_and_one: kind_and_one[1].at)
    return _document(sheets.fee_invoice(reader, order.attribute_values, names, moved[completed], later))


def of_payout(payout_id: str, caller: Caller) -> Document:
    """The seller's own, once it is paid. Not paid, failed or sent back: Conflict."""
    payout = payouts.get(*payouts.key(caller.user_id, payout_id))
    if payout.state != 'paid':
        raise Conflict(f'Payout {payout_id} is {payout.state}: nothing is with the bank')
    paid = f'payout_paid:{payout_id}'
    names, reader = _people(caller, payout.currency, payout.seller_id)
    return _document(sheets.payout_invoice(reader, payout.attribute_values, names, _moved([paid])[paid]))


def _order(order_id: str, caller: Caller, not_for: OrderRole) -> Order:
    order, actor = orders.load_for(order_id, caller)
    if actor.role is not_for:
        raise Forbidden(f'This invoice is not for the {not_for.value}')
    return order


def _refunds(order: Order) -> list[str]:
    """The names under which refunds are posted, in the order in which they were asked for."""
    asked = sorted(order.refunds, key=lambda refund: (refund.requested_at, refund.id))
    return [f'refund:{refund.id}' for refund in asked]


def _tips(order: Order) -> list[str]:
    """The names under which tips are posted. Only the log tells, and only an order that has some is asked for it."""
    noted = orders.all_events(order.id) if order.tips_minor else []
    return [f'pay:{json.loads(event["data"])["payment_id"]}' for event in noted if event['name'] == 'TipReceived']


def _moved(txids: Iterable[str]) -> dict[str, Moved]:
    return {txid: Moved.of(row) for txid, row in ledger.transactions(txids).items()}


def _people(caller: Caller, currency: str, *user_ids: str) -> tuple[dict[str, str], Reader]:
    """What they are called (those who have not said are known by their ids), and who reads."""
    known = {user_id: UserView.of(users.show(user_id)) for user_id in dict.fromkeys((*user_ids, caller.user_id))}
    names = {user_id: user.display_name or user_id for user_id, user in known.items()}
    return names, Reader(spoken(known[caller.user_id].languages), currency)


def _document(sheet: Sheet) -> Document:
    return Document(PDF, f'{sheet.number}.pdf', pdf.drawn(sheet))
