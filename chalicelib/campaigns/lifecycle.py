"""Which campaign and which task may become what, by whom. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.errors import Forbidden, IllegalTransition


class CampaignState(StrEnum):
    DRAFT = 'draft'
    RUNNING = 'running'
    PAUSED = 'paused'
    """Nobody claims; what was claimed goes on."""
    STOPPED = 'stopped'
    """For good. What was claimed is still rated; then the rest of the money is the buyer's."""
    FINISHED = 'finished'
    """Every position was approved."""


class TaskState(StrEnum):
    CLAIMED = 'claimed'
    SUBMITTED = 'submitted'
    REVISION_REQUESTED = 'revision_requested'
    APPROVED = 'approved'
    REJECTED = 'rejected'
    EXPIRED = 'expired'


class Role(StrEnum):
    """What somebody is to a campaign, or to a task of it."""

    BUYER = 'buyer'
    WORKER = 'worker'
    STAFF = 'staff'
    SYSTEM = 'system'
    """A timer, or what the payment provider said."""


class Rule(NamedTuple):
    who: Role
    sources: tuple[StrEnum, ...]
    target: StrEnum | None = None
    """None: it stays in the state it is in."""


_C, _T, _R = CampaignState, TaskState, Role
CAMPAIGN_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        'edit': Rule(_R.BUYER, (_C.DRAFT,)),
        'pay': Rule(_R.BUYER, (_C.DRAFT,)),
        'add_positions': Rule(_R.BUYER, (_C.RUNNING, _C.PAUSED)),
        'pause': Rule(_R.BUYER, (_C.RUNNING,), _C.PAUSED),
        'resume': Rule(_R.BUYER, (_C.PAUSED,), _C.RUNNING),
        'stop': Rule(_R.BUYER, (_C.RUNNING, _C.PAUSED), _C.STOPPED),
        'claim': Rule(_R.WORKER, (_C.RUNNING,)),
        'close': Rule(_R.SYSTEM, (_C.RUNNING, _C.PAUSED, _C.STOPPED)),
    }
)
TASK_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        'submit': Rule(_R.WORKER, (_T.CLAIMED, _T.REVISION_REQUESTED), _T.SUBMITTED),
        'approve': Rule(_R.BUYER, (_T.SUBMITTED,), _T.APPROVED),
        'reject': Rule(_R.BUYER, (_T.SUBMITTED,), _T.REJECTED),
        'request_revision': Rule(_R.BUYER, (_T.SUBMITTED,), _T.REVISION_REQUESTED),
        'approve_by_silence': Rule(_R.SYSTEM, (_T.SUBMITTED,), _T.APPROVED),
        'expire': Rule(_R.SYSTEM, (_T.CLAIMED, _T.REVISION_REQUESTED), _T.EXPIRED),
    }
)


def decide(action: str, role: Role, state: str) -> str:
    """The state that follows. Raises the reason why this one may not do it now, if there is one."""
    noun, rules = ('campaign', CAMPAIGN_RULES) if action in CAMPAIGN_RULES else ('task', TASK_RULES)
    rule, said = rules[action], action.replace('_', ' ').capitalize()
    if role is not rule.who:
        raise Forbidden(f'{said} is for the {rule.who.value} of a {noun}, not for the {role.value}')
    if state not in rule.sources:
        states = ' or '.join(source.value for source in rule.sources)
        raise IllegalTransition(f'{said} needs a {noun} that is {states}; this one is {state}')
    return rule.target.value if rule.target else state
