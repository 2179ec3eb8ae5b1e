"""Which dispute may become what, by whom, and what happens if nobody does anything. Pure."""

from enum import StrEnum
from typing import NamedTuple

from chalicelib.errors import Conflict, Forbidden
from chalicelib.money import CURRENCIES
from chalicelib.policy import Policy


class Stage(StrEnum):
    RESPONDING = 'responding'
    """The other side has its say. Silence grants the claim; a seller's who has delivered nothing goes to support."""
    PROPOSING = 'proposing'
    """Either side proposes a split, and the other one may accept it; silence sends it to support."""
    RULING = 'ruling'
    """Support rules on what was said; if it does not in time, the sides meet in the middle."""
    CLOSED = 'closed'


class Outcome(StrEnum):
    ACCEPTED = 'accepted'
    AGREED = 'agreed'
    RULED = 'ruled'
    BY_DEFAULT = 'by_default'
    WITHDRAWN = 'withdrawn'
    SUPERSEDED = 'superseded'
    """By a chargeback: the buyer's bank decides."""


class Side(StrEnum):
    """What somebody is to a dispute."""

    OPENER = 'opener'
    RESPONDENT = 'respondent'
    SUPPORT = 'support'


class Rule(NamedTuple):
    who: frozenset[Side]
    stages: frozenset[Stage]


def _rule(who: tuple[Side, ...], *stages: Stage) -> Rule:
    return Rule(frozenset(who), frozenset(stages))


_BOTH = (Side.OPENER, Side.RESPONDENT)
RULES = {
    'respond': _rule((Side.RESPONDENT,), Stage.RESPONDING),
    'propose': _rule(_BOTH, Stage.PROPOSING),
    'accept_proposal': _rule(_BOTH, Stage.PROPOSING, Stage.RULING),
    'add_evidence': _rule(_BOTH, Stage.RESPONDING, Stage.PROPOSING, Stage.RULING),
    'escalate': _rule(_BOTH, Stage.PROPOSING),
    'withdraw': _rule((Side.OPENER,), Stage.RESPONDING, Stage.PROPOSING),
    'rule': _rule((Side.SUPPORT,), Stage.RULING),
}


def decide(action: str, side: Side, stage: Stage) -> None:
    """Raises the reason why this side may not do it now, if there is one."""
    rule, said = RULES[action], action.replace('_', ' ').capitalize()
    if side not in rule.who:
        who = ' or '.join(sorted(one.value for one in rule.who))
        raise Forbidden(f'{said} is for the {who} of a dispute, not for the {side.value}')
    if stage not in rule.stages:
        stages = ' or '.join(sorted(one.value for one in rule.stages))
        raise Conflict(f'{said} needs a dispute that is {stages}; this one is {stage.value}')


def deadline(stage: Stage, policy: Policy, now: int) -> int | None:
    """When the default of a stage, come into now, takes its place."""
    match stage:
        case Stage.RESPONDING:
            return now + policy.dispute_answer_ms
        case Stage.PROPOSING:
            return now + policy.dispute_talk_ms
        case Stage.RULING:
            return now + policy.dispute_ruling_ms
        case Stage.CLOSED:
            return None


def middle(buyer_wants: int, seller_offers: int, currency: str) -> int:
    """What goes back to the buyer where nobody ruled: half-way between what both said last, in what can be paid."""
    quantum = CURRENCIES[currency].quantum
    return (buyer_wants + seller_offers) // 2 // quantum * quantum
