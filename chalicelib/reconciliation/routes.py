from chalicelib.auth import Caller
from chalicelib.http import Routes
from chalicelib.operations import Access
from chalicelib.reads import Paging
from chalicelib.reconciliation import store
from chalicelib.reconciliation.schemas import ReconciliationPage
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Money')


@routes.read('/admin/reconciliation', answers=ReconciliationPage, query=ListQuery, access=Access.STAFF)
def show_reconciliation(_: Caller, asked: ListQuery) -> ReconciliationPage:
    """Whether the providers' reports agree with our books.

    Compared every night; `items` are the cases that are open, newest first.
    """
    page = store.page_of_open(Paging(asked.limit, asked.cursor))
    return ReconciliationPage.of(store.all_progress(), page.rows, page.next_cursor)
