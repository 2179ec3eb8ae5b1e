from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.disputes import actions, store
from chalicelib.disputes.schemas import (
    AcceptSplit,
    AddEvidence,
    DisputeList,
    DisputePage,
    DisputeView,
    OpenDispute,
    ProposeSplit,
    RespondToDispute,
    Rule,
)
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.orders import store as orders
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Disputes')


@routes.write('POST', '/orders/{order_id}/disputes', takes=OpenDispute, answers=DisputeView, status=201)
def open_dispute(tx: Transaction, caller: Caller, wanted: OpenDispute, order_id: str) -> DisputeView:
    """Open a dispute about a paid order. No clock of the order runs until it is over, and it costs nothing.

    If the other side does not answer in time, your claim is granted.
    """
    return DisputeView.of(actions.open_one(tx, caller, order_id, **wanted.claim()))


@routes.read('/orders/{order_id}/disputes', answers=DisputeList)
def list_disputes(caller: Caller, order_id: str) -> DisputeList:
    """All disputes about an order, oldest first: the same for both sides."""
    order, _ = orders.load_for(order_id, caller)
    return DisputeList(items=[DisputeView.of(dispute) for dispute in store.of_order(order)])


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/response', takes=RespondToDispute, answers=DisputeView)
def respond_to_dispute(tx: Transaction, caller: Caller, said: RespondToDispute, order_id: str, dispute_id: str) -> DisputeView:
    """Grant the other side's claim, or say why not."""
    words = {'text': said.text, 'file_ids': said.file_ids}
    return DisputeView.of(actions.respond(tx, caller, order_id, dispute_id, accepts=said.accepts, words=words))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/evidence', takes=AddEvidence, answers=DisputeView, status=201)
def add_evidence(tx: Transaction, caller: Caller, said: AddEvidence, order_id: str, dispute_id: str) -> DisputeView:
    """Say and show more, while the dispute is open."""
    return DisputeView.of(actions.add_evidence(tx, caller, order_id, dispute_id, said.words()))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/proposals', takes=ProposeSplit, answers=DisputeView, status=201)
def propose_split(tx: Transaction, caller: Caller, said: ProposeSplit, order_id: str, dispute_id: str) -> DisputeView:
    """Propose how to split the money. It takes the place of your last proposal."""
    return DisputeView.of(actions.propose(tx, caller, order_id, dispute_id, **said.model_dump()))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/proposals/accept', takes=AcceptSplit, answers=DisputeView)
def accept_split(tx: Transaction, caller: Caller, said: AcceptSplit, order_id: str, dispute_id: str) -> DisputeView:
    """Agree to what the other side proposed last. That ends the dispute."""
    return DisputeView.of(actions.accept_proposal(tx, caller, order_id, dispute_id, said.refund_minor))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/escalate', answers=DisputeView)
def escalate_dispute(tx: Transaction, caller: Caller, order_id: str, dispute_id: str) -> DisputeView:
    """Ask support to rule, without waiting for the time to talk to be over."""
    return DisputeView.of(actions.escalate(tx, caller, order_id, dispute_id))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/withdraw', answers=DisputeView)
def withdraw_dispute(tx: Transaction, caller: Caller, order_id: str, dispute_id: str) -> DisputeView:
    """Let a dispute be that you opened. The order goes on where it stopped."""
    return DisputeView.of(actions.withdraw(tx, caller, order_id, dispute_id))


@routes.write('POST', '/orders/{order_id}/disputes/{dispute_id}/ruling', takes=Rule, answers=DisputeView, access=Access.STAFF)
def rule_on_dispute(tx: Transaction, caller: Caller, said: Rule, order_id: str, dispute_id: str) -> DisputeView:
    """Rule on a dispute, with your reasons.

    You say what goes back to the buyer; the rest is the seller's.
    """
    ruled = actions.rule(tx, caller, order_id, dispute_id, said.refund_minor, reasoning=said.reasoning, fault=said.fault)
    return DisputeView.of(ruled)


@routes.read('/admin/disputes', answers=DisputePage, access=Access.STAFF, query=ListQuery)
def list_open_disputes(_: Caller, asked: ListQuery) -> DisputePage:
    """Every dispute that is open, newest first."""
    page = store.open_ones(Paging(asked.limit, asked.cursor))
    return DisputePage(items=[DisputeView.of_row(row) for row in page.rows], next_cursor=page.next_cursor)
