"""What payouts do when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.payouts import actions
from chalicelib.timers import Handler

TIMERS: Mapping[str, Handler] = MappingProxyType({'send_payout': actions.send})
NOTICES: Mapping[str, Handler] = MappingProxyType({'check_payout': actions.check})
"""What a provider's word that something has happened leads to."""
