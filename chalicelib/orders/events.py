"""What happens to orders when nobody is on the line. Each looks again whether it is still due, and acts once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.errors import NotFound
from chalicelib.ledger import authority
from chalicelib.orders import actions, extensions, store
from chalicelib.orders.rows import Order
from chalicelib.timers import Handler


def _when_due(timer: str, act: Callable[[Transaction, Order], None]) -> Handler:
    def handle(pk: str, _: str) -> None:
        def work(tx: Transaction) -> None:
            order = store.load(store.order_id_of(pk))
            if order.is_due(timer):
                act(tx, order)

        db.atomically(work, by=authority.timer(timer))

    return handle


def _grant_extension(pk: str, sk: str) -> None:
    def work(tx: Transaction) -> None:
        order = store.load(store.order_id_of(pk))
        extension = next((extension for extension in order.extensions if extension.sk == sk), None)
        if extension is None:
            raise NotFound(f'There is no extension {pk} {sk}')
        if extension.is_due('grant_extension'):
            extensions.grant_by_silence(tx, order, extension)

    db.atomically(work, by=authority.timer('grant_extension'))


TIMERS: Mapping[str, Handler] = MappingProxyType(
    {
        'expire_order': _when_due('expire_order', actions.expire),
        'time_out_order': _when_due('time_out_order', actions.time_out),
        'complete_order': _when_due('complete_order', actions.complete),
        'grant_extension': _grant_extension,
    }
)
RELEASES: Mapping[str, Handler] = MappingProxyType({'release_payment': _when_due('release_payment', actions.release)})
