from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.money import Money
from chalicelib.payments.sandbox import provider as sandbox
from chalicelib.payouts import actions, store
from chalicelib.payouts.schemas import PayoutPage, PayoutView, RequestPayout, ReturnedPayout
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


sandbox_routes = Routes(f'{__name__}.sandbox', tag='Sandbox')


def _return(asked: ReturnedPayout) -> ReturnedPayout:
    sandbox.return_payout(asked.payout_id)
    sandbox.tell('check_payout', *store.key(asked.seller_id, asked.payout_id))
    return asked


@sandbox_routes.write('POST', '/sandbox/payouts/{payout_id}/return', answers=ReturnedPayout, then=_return)
def return_sandbox_payout(_: Transaction, caller: Caller, payout_id: str) -> ReturnedPayout:
    """Stand in for your bank. Have it send back a payout of yours that the sandbox has paid."""
    if store.get(*store.key(caller.user_id, payout_id)).provider != sandbox.Sandbox.name:
        raise NotFound(f'The sandbox has no payout {payout_id}')
    return ReturnedPayout(payout_id=payout_id, seller_id=caller.user_id)
