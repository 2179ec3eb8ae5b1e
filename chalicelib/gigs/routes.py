from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Forbidden, Invalid
from chalicelib.gigs import actions, store
from chalicelib.gigs.categories import SLUGS
from chalicelib.gigs.schemas import (
    CategoryTree,
    DenyGig,
    EditGig,
    GigPage,
    GigQuery,
    GigSummary,
    GigView,
    WriteGig,
)
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.reads import Page, Paging
from chalicelib.schemas import Command

routes = Routes(__name__, tag='Gigs')


@routes.write('POST', '/gigs', takes=WriteGig, answers=GigView, status=201)
def draft_gig(tx: Transaction, caller: Caller, wanted: WriteGig) -> GigView:
    """Draft a gig. Nobody else sees it until it is published."""
    return GigView.of(actions.draft(tx, caller.user_id, wanted.model_dump()).attribute_values, to_owner=True)


@routes.read('/gigs/{gig_id}', answers=GigView, access=Access.PUBLIC)
def show_gig(caller: Caller | None, gig_id: str) -> GigView:
    """One gig with everything about it. Those that are not active are shown to their seller and to staff."""
    viewer_id = caller.user_id if caller else None
    row = store.show(gig_id, viewer_id, is_staff=bool(caller and caller.is_staff))
    return GigView.of(row, to_owner=row['seller_id'] == viewer_id)


@routes.read('/gigs', answers=GigPage, access=Access.PUBLIC, query=GigQuery)
def list_gigs(caller: Caller | None, asked: GigQuery) -> GigPage:
    """Gigs, newest first: all, those of a category, or those of a seller."""
    page = _page(caller, asked)
    return GigPage(items=[GigSummary.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.write('PATCH', '/gigs/{gig_id}', takes=EditGig, answers=GigView)
def edit_gig(tx: Transaction, caller: Caller, changes: Command, gig_id: str) -> GigView:
    """Change a gig. Orders already quoted keep what they were quoted."""
    gig = actions.edit(tx, caller, gig_id, changes.given())
    return GigView.of(gig.attribute_values, to_owner=True)


@routes.write('DELETE', '/gigs/{gig_id}', answers=None, status=204)
def delete_gig(tx: Transaction, caller: Caller, gig_id: str) -> None:
    """Delete a gig. Its orders go on."""
    actions.move(tx, caller, gig_id, 'delete')


@routes.write('POST', '/gigs/{gig_id}/publish', answers=GigView)
def publish_gig(tx: Transaction, caller: Caller, gig_id: str) -> GigView:
    """Put a draft on the market. All that is still missing is told at once."""
    return GigView.of(actions.move(tx, caller, gig_id, 'publish').attribute_values, to_owner=True)


@routes.write('POST', '/gigs/{gig_id}/pause', answers=GigView)
def pause_gig(tx: Transaction, caller: Caller, gig_id: str) -> GigView:
    """Take an active gig off the market for a while."""
    return GigView.of(actions.move(tx, caller, gig_id, 'pause').attribute_values, to_owner=True)


@routes.write('POST', '/gigs/{gig_id}/activate', answers=GigView)
def activate_gig(tx: Transaction, caller: Caller, gig_id: str) -> GigView:
    """Put a paused gig back on the market."""
    return GigView.of(actions.move(tx, caller, gig_id, 'activate').attribute_values, to_owner=True)


@routes.write('POST', '/gigs/{gig_id}/deny', takes=DenyGig, answers=GigView, access=Access.STAFF)
def deny_gig(tx: Transaction, _: Caller, wanted: DenyGig, gig_id: str) -> GigView:
    """Take a gig off the market for good, with a reason that its seller sees."""
    return GigView.of(actions.deny(tx, gig_id, wanted.reason).attribute_values, to_owner=False)


@routes.read('/categories', answers=CategoryTree, access=Access.PUBLIC)
def list_categories(_: Caller | None) -> CategoryTree:
    """All categories, in two levels, named in every language of the marketplace."""
    return CategoryTree.whole()


def _page(caller: Caller | None, asked: GigQuery) -> Page:
    paging = Paging(asked.limit, asked.cursor)
    if asked.seller_id is None:
        if asked.status != 'active':
            raise Invalid.parameter('status', 'Gigs that are not active are listed by seller only: give your id as seller_id')
        if asked.category and asked.category not in SLUGS:
            raise Invalid.parameter('category', 'Give a second-level slug of GET /categories')
        return store.in_category(asked.category, paging) if asked.category else store.newest(paging)
    if asked.category:
        raise Invalid.parameter('category', 'Gigs are listed by seller or by category: give either seller_id or category')
    if asked.status != 'active' and not (caller and (caller.user_id == asked.seller_id or caller.is_staff)):
        raise Forbidden('Gigs that are not active are shown to their seller and to staff')
    return store.of_seller(asked.seller_id, asked.status, paging)
