"""What webhooks lead to when nobody is on the line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chalicelib.webhooks import actions

TIMERS: Mapping[str, Callable[[str, str], None]] = MappingProxyType({'read_notice': actions.follow_up})
