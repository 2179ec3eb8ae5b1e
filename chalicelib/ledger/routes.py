from chalicelib.auth import Caller
from chalicelib.http import Routes
from chalicelib.ledger import store
from chalicelib.ledger.schemas import BalanceView, StatementLine, StatementPage
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Money')


@routes.read('/me/balance', answers=BalanceView)
def show_balance(caller: Caller) -> BalanceView:
    """Your money by currency. What is not available yet is told amount by amount, with its reason and its date."""
    return BalanceView.of(store.totals(caller.user_id), store.held_for(caller.user_id))


@routes.read('/me/statement', answers=StatementPage, query=ListQuery)
def list_statement(caller: Caller, asked: ListQuery) -> StatementPage:
    """Every movement on your accounts, newest first."""
    page = store.statement(caller.user_id, Paging(asked.limit, asked.cursor))
    return StatementPage(items=[StatementLine.of(row) for row in page.rows], next_cursor=page.next_cursor)
