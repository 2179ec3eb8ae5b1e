"""What payouts do when nobody is on the line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chalicelib.payouts import actions

TIMERS: Mapping[str, Callable[[str, str], None]] = MappingProxyType({'send_payout': actions.send})
