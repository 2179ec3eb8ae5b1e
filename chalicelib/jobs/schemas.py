"""Jobs as they are written and shown, and invitations to them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.gigs.parts import Slug
from chalicelib.jobs.lifecycle import CloseResult, JobState
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.schemas import (
    Amount,
    Command,
    CurrencyCode,
    Distinct,
    FileId,
    Language,
    ListQuery,
    PageView,
    UserId,
    View,
    examples,
    partial,
)
from chalicelib.users.schemas import Skill

JobKind = Annotated[
    Literal['fixed', 'hourly'],
    Field(title='JobKind', description='More kinds will come. `hourly` can be drafted, and not be published yet.'),
]
Visibility = Annotated[
    Literal['public', 'invite_only'],
    Field(title='JobVisibility', description='`invite_only`: seen by, and proposed to by, invited sellers only.'),
]
InvitationState = Annotated[Literal['sent', 'accepted', 'declined'], Field(title='InvitationState')]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Part(Command):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Budget(_Part):
    """What the work may cost, in the currency of the job. Proposals may ask for more, or for less."""

    min_minor: Amount
    max_minor: Amount


class ScreeningQuestion(_Part):
    id: Slug
    question: Annotated[str, Field(min_length=1, max_length=400)]
    mandatory: bool = True


class WriteJob(Command):
    """A draft. It may be incomplete: what is missing is told when it is published."""

    model_config = examples(
        {
            'title': 'Product photos for 40 ceramics',
            'category': 'product-images',
            'language': 'en',
            'currency': 'USD',
            'description': 'Forty bowls and cups, each from two sides on white, cut out, as PNG of 2,000 pixels.',
            'skills': ['product photography', 'retouching'],
            'budget': {'min_minor': 20_000, 'max_minor': 40_000},
            'questions': [{'id': 'light', 'question': 'How do you light glazed ceramics?'}],
        }
    )

    kind: JobKind = 'fixed'
    title: Annotated[str, Field(min_length=1, max_length=80)]
    category: Annotated[Slug, Field(description='A second-level slug of `GET /categories`.')]
    language: Language
    currency: CurrencyCode
    visibility: Visibility = 'public'
    description: Annotated[str, Field(max_length=5_000)] = ''
    skills: Annotated[list[Skill], Field(max_length=15), Distinct] = []
    budget: Budget | None = None
    hires: Annotated[int, Field(ge=1, le=20, description='How many sellers are wanted.')] = 1
    questions: Annotated[list[ScreeningQuestion], Field(max_length=10, description='What every proposal has to answer.')] = []
    attachments: Annotated[
        list[FileId],
        Field(max_length=15, description='Ready files of yours, announced as `attachment`. Whoever sees the job sees them.'),
        Distinct,
    ] = []


EditJob = partial(
    WriteJob,
    'EditJob',
    'Only what is given is changed; lists are replaced as a whole. What proposals rest on stays once it is published.',
    example={'budget': {'min_minor': 25_000, 'max_minor': 45_000}, 'hires': 2},
)


class CloseJob(Command):
    model_config = examples({'reason': 'We have found somebody nearby.'}, {})

    reason: Reason | None = None


class RemoveJob(Command):
    model_config = examples({'reason': 'It asks for payment outside of the marketplace.'})

    reason: Reason


class InviteSeller(Command):
    model_config = examples({'seller_id': 'usr_01JDF2M4H9T3W6Y8A1C4E7G0JN', 'message': 'We like your photos of glass.'})

    seller_id: UserId
    message: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class JobQuery(ListQuery):
    category: Annotated[str | None, Field(description='A second-level slug of `GET /categories`.')] = None
    buyer_id: UserId | None = None


class AttachmentView(View):
    file_id: str
    filename: str
    content_type: str
    size_bytes: int


class JobSummary(View):
    id: str
    buyer_id: str
    kind: JobKind
    state: JobState
    close_result: CloseResult | None = None
    visibility: Visibility
    title: str
    category: str
    language: str
    currency: CurrencyCode
    budget: Budget | None = None
    skills: list[str]
    hires: int
    hired: int
    proposals: Annotated[int, Field(description='How many were ever placed.')]
    created_at: datetime
    published_at: datetime | None = None
    expires_at: Annotated[datetime | None, Field(description='When it closes if nothing happens to it until then.')] = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        content = row['content'] if isinstance(row['content'], dict) else json.loads(row['content'])
        return cls.model_validate({**row, **content, 'kind': row['job_kind'], 'expires_at': row.get('due_at')})


class JobView(JobSummary):
    closed_because: str | None = None
    description: str
    questions: list[ScreeningQuestion]
    attachments: Annotated[
        list[AttachmentView], Field(description='`GET /jobs/{id}/attachments/{file_id}` has a link to each.')
    ]
    updated_at: datetime
    closed_at: datetime | None = None


class JobPage(PageView):
    items: list[JobSummary]


class InvitationView(View):
    id: str
    job_id: str
    buyer_id: str
    seller_id: str
    title: Annotated[str, Field(description="The job's.")]
    message: str
    state: InvitationState
    created_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(row)


class InvitationPage(PageView):
    items: list[InvitationView]


class JobEventView(View):
    id: str
    name: Annotated[str, Field(examples=['JobOpened'])]
    at: datetime
    by_role: OrderRole
    by_id: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, 'id': row['sk'].removeprefix('EVENT#'), 'data': json.loads(row['data'])})


class JobEventPage(PageView):
    items: list[JobEventView]
