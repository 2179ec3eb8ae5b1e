"""What payouts do when nobody is on the line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chalicelib.payouts import actions

Handler = Callable[[str, str], None]

TIMERS: Mapping[str, Handler] = MappingProxyType({'send_payout': actions.send})
NOTICES: Mapping[str, Handler] = MappingProxyType({'check_payout': actions.check})
"""What a provider's word that something has happened leads to."""
