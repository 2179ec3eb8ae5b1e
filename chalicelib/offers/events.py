"""What offers do when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.ledger import authority
from chalicelib.offers import actions, store
from chalicelib.timers import Handler


def _expire(pk: str, _: str) -> None:
    def work(tx: Transaction) -> None:
        offer = store.get(store.offer_id_of(pk))
        if offer.is_due('expire_offer'):
            actions.expire(tx, offer)

    db.atomically(work, by=authority.timer('expire_offer'))


TIMERS: Mapping[str, Handler] = MappingProxyType({'expire_offer': _expire})
