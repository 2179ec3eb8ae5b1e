from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.money import Money
from chalicelib.payouts import actions, store
from chalicelib.payouts.schemas import PayoutPage, PayoutView, RequestPayout
from chalicelib.reads import Paging
from chalicelib.schemas import ListQuery

routes = Routes(__name__, tag='Money')


@routes.write('POST', '/payouts', takes=RequestPayout, answers=PayoutView, status=201)
def request_payout(tx: Transaction, caller: Caller, wanted: RequestPayout) -> PayoutView:
    """Have available money paid out."""
    money = Money(wanted.amount_minor, wanted.currency)
    return PayoutView.of(actions.request(tx, caller.user_id, money, wanted.destination).attribute_values)


@routes.read('/payouts', answers=PayoutPage, query=ListQuery)
def list_payouts(caller: Caller, asked: ListQuery) -> PayoutPage:
    """Your payouts, newest first."""
    page = store.of_seller(caller.user_id, Paging(asked.limit, asked.cursor))
    return PayoutPage(items=[PayoutView.of(row) for row in page.rows], next_cursor=page.next_cursor)
