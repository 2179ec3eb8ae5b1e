"""What happens to jobs when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.jobs import actions, store
from chalicelib.timers import Handler


def _expire(pk: str, _: str) -> None:
    def work(tx: Transaction) -> None:
        job = store.get(store.job_id_of(pk))
        if job.is_due('expire_job'):
            actions.expire(tx, job)

    db.atomically(work)


TIMERS: Mapping[str, Handler] = MappingProxyType({'expire_job': _expire})
