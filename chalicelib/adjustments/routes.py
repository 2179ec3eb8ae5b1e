from chalicelib.adjustments import actions, store
from chalicelib.adjustments.schemas import AdjustmentPage, AdjustmentView, ProposeAdjustment
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Administration')


@routes.write('POST', '/admin/adjustments', takes=ProposeAdjustment, answers=AdjustmentView, status=201, access=Access.ADMIN)
def propose_adjustment(tx: Transaction, caller: Caller, said: ProposeAdjustment) -> AdjustmentView:
    """Propose an entry to the books by hand.

    It is posted when a second person approves it. Until then nothing moves.
    """
    return AdjustmentView.of(actions.propose(tx, caller.user_id, said.wanted.model_dump(), said.reason))


@routes.read('/admin/adjustments', answers=AdjustmentPage, access=Access.ADMIN, query=ListQuery)
def list_adjustments(_: Caller, asked: ListQuery) -> AdjustmentPage:
    """What waits for a second approval, newest first."""
    page = store.open_ones(Paging(asked.limit, asked.cursor))
    return AdjustmentPage(items=[AdjustmentView.of_row(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.write('POST', '/admin/adjustments/{adjustment_id}/approve', answers=AdjustmentView, access=Access.ADMIN)
def approve_adjustment(tx: Transaction, caller: Caller, adjustment_id: str) -> AdjustmentView:
    """Approve what somebody else has proposed: it is posted."""
    return AdjustmentView.of(actions.approve(tx, caller.user_id, adjustment_id))


@routes.write('POST', '/admin/adjustments/{adjustment_id}/reject', answers=AdjustmentView, access=Access.ADMIN)
def reject_adjustment(tx: Transaction, caller: Caller, adjustment_id: str) -> AdjustmentView:
    """Reject what was proposed, or take back what you proposed yourself."""
    return AdjustmentView.of(actions.reject(tx, caller.user_id, adjustment_id))
