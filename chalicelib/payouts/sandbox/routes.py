from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.http import Routes
from chalicelib.payments.sandbox import provider as sandbox
from chalicelib.payouts import store
from chalicelib.payouts.schemas import ReturnedPayout

routes = Routes(__name__, tag='Sandbox')


def _return(asked: ReturnedPayout) -> ReturnedPayout:
    sandbox.return_payout(asked.payout_id)
    sandbox.tell('check_payout', *store.key(asked.seller_id, asked.payout_id))
    return asked


@routes.write('POST', '/sandbox/payouts/{payout_id}/return', answers=ReturnedPayout, then=_return)
def return_sandbox_payout(_: Transaction, caller: Caller, payout_id: str) -> ReturnedPayout:
    """Stand in for your bank. Have it send back a payout of yours that the sandbox has paid."""
    if store.get(*store.key(caller.user_id, payout_id)).provider != sandbox.Sandbox.name:
        raise NotFound(f'The sandbox has no payout {payout_id}')
    return ReturnedPayout(payout_id=payout_id, seller_id=caller.user_id)
