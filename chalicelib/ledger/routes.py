from chalicelib.auth import Caller
from chalicelib.documents import CSV, Document
from chalicelib.http import Routes
from chalicelib.ledger import exports, store, transactions
from chalicelib.ledger.schemas import BalanceView, StatementExport, StatementLine, StatementPage, TransactionView
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


@routes.read('/me/statement.csv', media_type=CSV, query=StatementExport)
def export_statement(caller: Caller, asked: StatementExport) -> Document:
    """Your statement as a spreadsheet reads it, newest first.

    The columns are at, transaction, event, account, order_id, currency, amount (in dollars or whole rupiah) and amount_minor.
    What does not fit in is led to by the `Link` header.
    """
    return exports.statement(caller.user_id, asked)


@routes.read('/transactions/{txid}', answers=TransactionView)
def show_transaction(caller: Caller, txid: str) -> TransactionView:
    """All lines of one transaction of the ledger that moved your money. Staff see any."""
    return transactions.show(txid, caller)
