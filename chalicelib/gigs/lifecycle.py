"""Which gig may become what, and by whom. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from chalicelib.errors import Conflict, Forbidden


class Status(StrEnum):
    DRAFT = 'draft'
    ACTIVE = 'active'
    PAUSED = 'paused'
    DENIED = 'denied'
    DELETED = 'deleted'


TRANSITIONS: Mapping[str, tuple[frozenset[Status], Status | None, str]] = MappingProxyType(
    {
        # action     from                                                          to               who
        'edit': (frozenset({Status.DRAFT, Status.ACTIVE, Status.PAUSED}), None, 'seller'),
        'publish': (frozenset({Status.DRAFT}), Status.ACTIVE, 'seller'),
        'pause': (frozenset({Status.ACTIVE}), Status.PAUSED, 'seller'),
        'activate': (frozenset({Status.PAUSED}), Status.ACTIVE, 'seller'),
        'delete': (frozenset({Status.DRAFT, Status.ACTIVE, Status.PAUSED, Status.DENIED}), Status.DELETED, 'seller'),
        'deny': (frozenset({Status.ACTIVE, Status.PAUSED}), Status.DENIED, 'staff'),
    }
)


def next_status(action: str, status: Status, role: str) -> Status:
    """The status that a gig has after an action; None in the table leaves it as it is."""
    sources, target, who = TRANSITIONS[action]
    if role != who:
        raise Forbidden(f'Only the {who} can {action} a gig')
    if status not in sources:
        raise Conflict(f'A gig that is {status} cannot be changed in this way: {action} needs {" or ".join(sorted(sources))}')
    return target or status
