"""What campaigns and tasks do when nobody is on the line. Each looks again whether it is still due, and acts once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.campaigns import funding, store, tasks
from chalicelib.campaigns.rows import Task
from chalicelib.db import Transaction
from chalicelib.ledger import authority
from chalicelib.timers import Handler


def _when_due(timer: str, act: Callable[[Transaction, Task], None]) -> Handler:
    def handle(pk: str, sk: str) -> None:
        def work(tx: Transaction) -> None:
            task = store.task(pk, sk)
            if task.is_due(timer):
                act(tx, task)

        db.atomically(work, by=authority.timer(timer))

    return handle


def _close(pk: str, _: str) -> None:
    def work(tx: Transaction) -> None:
        campaign = store.load(store.campaign_id_of(pk))
        if campaign.is_due('close_campaign'):
            funding.close(tx, campaign)

    db.atomically(work, by=authority.timer('close_campaign'))


TIMERS: Mapping[str, Handler] = MappingProxyType(
    {
        'expire_task': _when_due('expire_task', tasks.expire),
        'approve_task': _when_due('approve_task', tasks.approve_by_silence),
        'close_campaign': _close,
    }
)
