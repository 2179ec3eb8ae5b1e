"""What chargebacks do when nobody is on the line, and what a provider's word of one leads to."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib.chargebacks import actions
from chalicelib.timers import Handler

TIMERS: Mapping[str, Handler] = MappingProxyType(
    {'submit_evidence': actions.submit_by_itself, 'watch_chargeback': actions.watch}
)
NOTICES: Mapping[str, Handler] = MappingProxyType({'learn_chargeback': actions.learn})
"""Their keys are not those of a row: the provider's name, and its reference."""
