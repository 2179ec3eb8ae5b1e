"""Which offer may become what, and by whom. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.errors import Conflict, Forbidden


class OfferState(StrEnum):
    OPEN = 'open'
    ACCEPTED = 'accepted'
    DECLINED = 'declined'
    WITHDRAWN = 'withdrawn'
    EXPIRED = 'expired'


class OfferRole(StrEnum):
    BUYER = 'buyer'
    SELLER = 'seller'
    STAFF = 'staff'
    SYSTEM = 'system'


class Transition(NamedTuple):
    who: OfferRole
    target: OfferState


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        'accept': Transition(OfferRole.BUYER, OfferState.ACCEPTED),
        'decline': Transition(OfferRole.BUYER, OfferState.DECLINED),
        'withdraw': Transition(OfferRole.SELLER, OfferState.WITHDRAWN),
        'expire': Transition(OfferRole.SYSTEM, OfferState.EXPIRED),
    }
)
"""All of them from `open`: what an offer has become it stays."""


def decide(action: str, role: OfferRole, state: OfferState, *, is_over: bool) -> OfferState:
    """The state in which it ends, or the reason why it does not. Nothing is accepted once its time is over (`is_over`)."""
    transition = TRANSITIONS[action]
    if role is not transition.who:
        raise Forbidden(f'To {action} an offer is for its {transition.who}, not for the {role}')
    if state is not OfferState.OPEN:
        raise Conflict(f'This offer is {state} already')
    if action == 'accept' and is_over:
        raise Conflict('The time of this offer is over; ask the seller for a new one')
    return transition.target
