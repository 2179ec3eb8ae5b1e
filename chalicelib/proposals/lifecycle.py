"""Which proposal may become what, by whom, and until when. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.errors import Conflict, Forbidden
from chalicelib.jobs.lifecycle import JobState
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.policy import Policy


class ProposalState(StrEnum):
    SUBMITTED = 'submitted'
    AWARDED = 'awarded'
    """The buyer wants it, and waits for the seller's word."""
    REVOKED = 'revoked'
    """It was awarded, and the seller did not accept in time, or the buyer thought better of it. It may be awarded again."""
    HIRED = 'hired'
    """The seller has accepted the award: there is an order."""
    TURNED_DOWN = 'turned_down'
    """The seller does not want the award."""
    DECLINED = 'declined'
    """The buyer does not want the proposal."""
    WITHDRAWN = 'withdrawn'
    ARCHIVED = 'archived'
    """Its job was closed before anything came of it. Nobody writes this down: it follows from the job."""


_OPEN_ENDED = frozenset({ProposalState.SUBMITTED, ProposalState.AWARDED, ProposalState.REVOKED})


class Rule(NamedTuple):
    who: frozenset[OrderRole]
    sources: frozenset[ProposalState]
    target: ProposalState | None
    """None: it stays in the state it is in."""


def _rule(who: tuple[OrderRole, ...], sources: tuple[ProposalState, ...], target: ProposalState | None = None) -> Rule:
    return Rule(frozenset(who), frozenset(sources), target)


_S, _R = ProposalState, OrderRole
_WAITING = (_S.SUBMITTED, _S.REVOKED)
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # action            who                       from            to
        'edit': _rule((_R.SELLER,), _WAITING),
        'withdraw': _rule((_R.SELLER,), _WAITING, _S.WITHDRAWN),
        'shortlist': _rule((_R.BUYER,), _WAITING),
        'hide': _rule((_R.BUYER,), _WAITING),
        'unmark': _rule((_R.BUYER,), _WAITING),
        'decline': _rule((_R.BUYER,), _WAITING, _S.DECLINED),
        'award': _rule((_R.BUYER,), _WAITING, _S.AWARDED),
        'accept_award': _rule((_R.SELLER,), (_S.AWARDED,), _S.HIRED),
        'turn_down_award': _rule((_R.SELLER,), (_S.AWARDED,), _S.TURNED_DOWN),
        'revoke_award': _rule((_R.BUYER,), (_S.AWARDED,), _S.REVOKED),
        'lapse_award': _rule((_R.SYSTEM,), (_S.AWARDED, _S.ARCHIVED), _S.REVOKED),
    }
)


def seen_state(state: str, job_state: str) -> ProposalState:
    """What a proposal is, as things are with its job."""
    own = ProposalState(state)
    return ProposalState.ARCHIVED if job_state == JobState.CLOSED and own in _OPEN_ENDED else own


def decide(action: str, role: OrderRole, state: ProposalState) -> Rule:
    """The rule by which this may be done now, or the reason why there is none."""
    rule, said = RULES[action], action.replace('_', ' ').capitalize()
    if role not in rule.who:
        who = ' or '.join(sorted(one.value for one in rule.who))
        raise Forbidden(f'{said} is for the {who} of a proposal, not for the {role}')
    if state not in rule.sources:
        sources = ' or '.join(sorted(source.value for source in rule.sources))
        raise Conflict(f'{said} needs a proposal that is {sources}; this one is {state}')
    return rule


def timer(state: ProposalState, policy: Policy, now: int) -> tuple[str, int] | None:
    """What happens, and when, to a proposal that has just come into this state and is then left alone."""
    return ('lapse_award', now + policy.award_ms) if state is ProposalState.AWARDED else None
