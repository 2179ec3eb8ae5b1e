"""What happens to proposals when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.proposals import awards, store
from chalicelib.timers import Handler


def _lapse_award(pk: str, sk: str) -> None:
    def work(tx: Transaction) -> None:
        job, proposal = store.load(pk, sk)
        if proposal.is_due('lapse_award'):
            awards.lapse(tx, job, proposal)

    db.atomically(work)


TIMERS: Mapping[str, Handler] = MappingProxyType({'lapse_award': _lapse_award})
