"""What an operation of the API is, and who may call it."""

from enum import Enum
from typing import NamedTuple

from chalicelib.auth import Caller
from chalicelib.schemas import Command, Query, View

JSON_TYPE = 'application/json'


class Access(Enum):
    """Who may call an operation at all. What it then shows or allows is decided where the data is."""

    PUBLIC = 'public'
    SIGNED_IN = 'signed in'
    STAFF = 'staff'
    ADMIN = 'admin'

    def admits(self, caller: Caller | None) -> bool:
        match self:
            case Access.PUBLIC | Access.SIGNED_IN:
                return True
            case Access.STAFF:
                return bool(caller and caller.is_staff)
            case Access.ADMIN:
                return bool(caller and 'admin' in caller.roles)


class Operation(NamedTuple):
    """One method of one path, as the OpenAPI document tells it."""

    method: str
    path: str
    name: str
    description: str
    tag: str
    access: Access
    answers: type[View] | None
    status: int
    takes: type[Command] | None = None
    query: type[Query] | None = None
    media_type: str = JSON_TYPE
    is_keyed: bool = True
    """Whether a write takes an Idempotency-Key."""
