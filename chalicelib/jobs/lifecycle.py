"""Which job may become what, by whom, and what happens if nobody does anything. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.errors import Conflict, Forbidden
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.policy import Policy


class JobState(StrEnum):
    DRAFT = 'draft'
    IN_REVIEW = 'in_review'
    """Published by its buyer, and not by support yet."""
    OPEN = 'open'
    CLOSED = 'closed'


class CloseResult(StrEnum):
    HIRED = 'hired'
    """At least one seller was hired."""
    CANCELLED = 'cancelled'
    EXPIRED = 'expired'
    REMOVED = 'removed'
    """By support."""


class Rule(NamedTuple):
    who: OrderRole
    sources: frozenset[JobState]
    targets: frozenset[JobState]
    """None of them: the job stays in the state it is in."""


def _rule(who: OrderRole, sources: tuple[JobState, ...], *targets: JobState) -> Rule:
    return Rule(who, frozenset(sources), frozenset(targets))


_S, _R = JobState, OrderRole
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # action           who        from                                 to
        'edit': _rule(_R.BUYER, (_S.DRAFT, _S.OPEN)),
        'publish': _rule(_R.BUYER, (_S.DRAFT,), _S.IN_REVIEW, _S.OPEN),
        'approve': _rule(_R.STAFF, (_S.IN_REVIEW,), _S.OPEN),
        'remove': _rule(_R.STAFF, (_S.IN_REVIEW, _S.OPEN), _S.CLOSED),
        'close': _rule(_R.BUYER, (_S.DRAFT, _S.IN_REVIEW, _S.OPEN), _S.CLOSED),
        'invite': _rule(_R.BUYER, (_S.OPEN,)),
        'decline_invitation': _rule(_R.SELLER, (_S.OPEN,)),
        'propose': _rule(_R.SELLER, (_S.OPEN,)),
        'expire': _rule(_R.SYSTEM, (_S.OPEN,), _S.CLOSED),
    }
)


def decide(action: str, role: OrderRole, state: JobState) -> None:
    """Raises the reason why this may not be done now, if there is one. A seller is whoever the job is not of."""
    rule, said = RULES[action], action.replace('_', ' ').capitalize()
    if role is not rule.who:
        raise Forbidden(f'{said} is for the {rule.who} of a job, not for the {role}')
    if state not in rule.sources:
        sources = ' or '.join(sorted(source.value for source in rule.sources))
        raise Conflict(f'{said} needs a job that is {sources}; this one is {state}')


def close_result(action: str, hired: int) -> CloseResult:
    """What a job comes to that is closed in this way after so many sellers were hired."""
    if action == 'remove':
        return CloseResult.REMOVED
    if hired:
        return CloseResult.HIRED
    return CloseResult.EXPIRED if action == 'expire' else CloseResult.CANCELLED


def timer(state: JobState, policy: Policy, now: int) -> tuple[str, int] | None:
    """What happens, and when, to a job to which something has just happened and which is then left alone."""
    return ('expire_job', now + policy.job_idle_ms) if state is JobState.OPEN else None
