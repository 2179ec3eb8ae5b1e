"""What adjustments do when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.adjustments import store, unmatched
from chalicelib.timers import Handler


def _send_unmatched(pk: str, _: str) -> None:
    unmatched.send(store.adjustment_id_of(pk))


TIMERS: Mapping[str, Handler] = MappingProxyType({'send_unmatched': _send_unmatched})
