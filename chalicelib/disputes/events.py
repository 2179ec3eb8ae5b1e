"""What disputes do when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.disputes import actions, store
from chalicelib.ledger import authority
from chalicelib.orders import store as orders
from chalicelib.timers import Handler


def _advance(pk: str, sk: str) -> None:
    def work(tx: Transaction) -> None:
        order = orders.load(orders.order_id_of(pk))
        dispute = store.find(pk, sk)
        if dispute.is_due('advance_dispute'):
            actions.advance(tx, order, dispute)

    db.atomically(work, by=authority.timer('advance_dispute'))


TIMERS: Mapping[str, Handler] = MappingProxyType({'advance_dispute': _advance})
