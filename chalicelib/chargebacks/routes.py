from chalicelib.auth import Caller
from chalicelib.chargebacks import actions, evidence, store, top_up_evidence
from chalicelib.chargebacks.schemas import (
    ChargebackList,
    ChargebackPage,
    ChargebackView,
    ContestChargeback,
    EvidencePack,
    TopUpEvidencePack,
)
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Chargebacks')


@routes.read('/orders/{order_id}/chargebacks', answers=ChargebackList)
def list_chargebacks(caller: Caller, order_id: str) -> ChargebackList:
    """All chargebacks of an order, oldest first.

    Each says what was taken from where, and until when there is something to say; the seller's remarks are not for the buyer.
    """
    order, actor = orders.load_for(order_id, caller)
    views = [ChargebackView.of(chargeback) for chargeback in store.of_order(order)]
    if actor.role is OrderRole.BUYER:
        views = [view.model_copy(update={'remarks': None}) for view in views]
    return ChargebackList(items=views)


@routes.read('/orders/{order_id}/chargebacks/{chargeback_id}/evidence', answers=EvidencePack)
def show_evidence(caller: Caller, order_id: str, chargeback_id: str) -> EvidencePack:
    """The evidence against a chargeback, built from the order's own log. For its seller and for support."""
    order, actor = orders.load_for(order_id, caller)
    if actor.role is OrderRole.BUYER:
        raise NotFound('The evidence is for the seller of an order and for support')
    pack = evidence.pack(order, store.get(order, chargeback_id))
    return EvidencePack.model_validate({**pack, 'text': evidence.as_text(pack)})


def _sent(view: ChargebackView) -> ChargebackView:
    """Lets the provider have it at once; what does not get through is sent again by its timer."""
    of_order = store.get(orders.load(view.order_id), view.id) if view.order_id else None
    return ChargebackView.of(actions.send_now(of_order or store.get_of_top_up(view.payment_id, view.id)))


@routes.write(
    'POST',
    '/orders/{order_id}/chargebacks/{chargeback_id}/contest',
    takes=ContestChargeback,
    answers=ChargebackView,
    then=_sent,
)
def contest_chargeback(
    tx: Transaction, caller: Caller, said: ContestChargeback, order_id: str, chargeback_id: str
) -> ChargebackView:
    """Contest a chargeback: a seller adds remarks, and support sends the evidence.

    If nobody does, it is sent by itself a day before it is due.
    """
    return ChargebackView.of(actions.contest(tx, caller, order_id, chargeback_id, said.remarks))


@routes.read('/payments/{payment_id}/chargebacks/{chargeback_id}/evidence', answers=TopUpEvidencePack, access=Access.STAFF)
def show_top_up_evidence(_: Caller, payment_id: str, chargeback_id: str) -> TopUpEvidencePack:
    """The evidence against a chargeback of a top-up.

    It is the payment, and what its wallet has paid for since. For support.
    """
    pack = top_up_evidence.pack(store.get_of_top_up(payment_id, chargeback_id))
    return TopUpEvidencePack.model_validate({**pack, 'text': top_up_evidence.as_text(pack)})


@routes.write(
    'POST',
    '/payments/{payment_id}/chargebacks/{chargeback_id}/contest',
    takes=ContestChargeback,
    answers=ChargebackView,
    access=Access.STAFF,
    then=_sent,
)
def contest_top_up_chargeback(
    tx: Transaction, _: Caller, said: ContestChargeback, payment_id: str, chargeback_id: str
) -> ChargebackView:
    """Contest a chargeback of a top-up: support sends the evidence, with remarks.

    If nobody does, it is sent by itself a day before it is due.
    """
    return ChargebackView.of(actions.contest_top_up(tx, payment_id, chargeback_id, said.remarks))


@routes.read('/admin/chargebacks', answers=ChargebackPage, access=Access.STAFF, query=ListQuery)
def list_open_chargebacks(_: Caller, asked: ListQuery) -> ChargebackPage:
    """Every chargeback that is open, newest first."""
    page = store.open_ones(Paging(asked.limit, asked.cursor))
    return ChargebackPage(items=[ChargebackView.of_row(row) for row in page.rows], next_cursor=page.next_cursor)
