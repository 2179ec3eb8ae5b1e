"""What a user says of themselves, and what others see."""

import json
from collections.abc import Set
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.schemas import Command, CountryCode, Distinct, Language, View, examples, partial

Level = Annotated[Literal['new', 'level_1', 'level_2', 'top_rated'], Field(title='SellerLevel')]
StaffRole = Annotated[Literal['support', 'admin'], Field(title='StaffRole')]
Skill = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class _Profile(Command):
    display_name: Annotated[str | None, Field(min_length=2, max_length=50)] = None
    headline: Annotated[str | None, Field(max_length=80)] = None
    bio: Annotated[str | None, Field(max_length=600)] = None
    country: Annotated[CountryCode | None, Field(description='ISO 3166-1 alpha-2.')] = None
    languages: Annotated[Annotated[list[Language], Distinct] | None, Field(max_length=10)] = None
    skills: Annotated[Annotated[list[Skill], Distinct] | None, Field(max_length=15)] = None


UpdateProfile = partial(
    _Profile,
    'UpdateProfile',
    'Only what is given is changed; null takes it away.',
    example={
        'display_name': 'Ana Wijaya',
        'headline': 'Logo designer',
        'country': 'ID',
        'languages': ['id', 'en'],
        'skills': ['logo design'],
    },
)


class SetLevel(Command):
    model_config = examples({'level': 'level_1'})

    level: Level


class UserView(View):
    """What everybody sees of a user."""

    id: str
    display_name: str | None = None
    headline: str | None = None
    bio: str | None = None
    country: str | None = None
    languages: list[str] = []
    skills: list[str] = []
    level: Level
    member_since: datetime

    @classmethod
    def of(cls, row: dict[str, Any], **more: Any) -> Self:
        profile = row['profile'] if isinstance(row['profile'], dict) else json.loads(row['profile'])
        return cls(id=row['id'], level=row['level'], member_since=row['created_at'], **profile, **more)


class MeView(UserView):
    """What one sees of oneself."""

    roles: Annotated[list[StaffRole], Field(description='Groups that this access token carries.')]
    buyer_faults: Annotated[int, Field(description='Paid orders of yours that were cancelled by your fault, as their buyer.')]
    seller_faults: Annotated[int, Field(description='The same, as their seller.')]

    @classmethod
    def seen(cls, row: dict[str, Any], roles: Set[str]) -> Self:
        faults = {name: row.get(name, 0) for name in ('buyer_faults', 'seller_faults')}
        return cls.of(row, roles=sorted(roles), **faults)
