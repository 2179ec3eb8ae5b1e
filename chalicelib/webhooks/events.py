"""What webhooks lead to when nobody is on the line."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.timers import Handler
from chalicelib.webhooks import actions

TIMERS: Mapping[str, Handler] = MappingProxyType({'read_notice': actions.follow_up})
