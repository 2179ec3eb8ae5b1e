"""What the buyer and the workers of a campaign send, and what they see."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib import ids
from chalicelib.campaigns.lifecycle import CampaignState, Role, TaskState
from chalicelib.campaigns.rows import Campaign, HireGroup, Task
from chalicelib.schemas import (
    Amount,
    Command,
    CountryCode,
    CurrencyCode,
    Distinct,
    FileId,
    Language,
    ListQuery,
    Minor,
    PageView,
    Query,
    UserId,
    View,
    examples,
    partial,
)

GroupId = Annotated[str, StringConstraints(pattern=ids.pattern('grp'))]
TaskId = Annotated[str, StringConstraints(pattern=ids.pattern('tsk'))]
FileProof = Annotated[Literal['none', 'optional', 'required'], Field(title='FileProof')]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Rating = Annotated[Literal['ok', 'nok', 'revise'], Field(title='TaskRating')]
Percent = Annotated[int, Field(ge=1, le=100)]
Rated = Annotated[int, Field(ge=1, le=1_000, description='Of at least so many rated tasks.')]
Groups = Annotated[list[GroupId], Field(max_length=5, description='Only workers in one of these may claim.'), Distinct]
EXAMPLE = {
    'title': 'Say which photo is sharper',
    'category': 'data-entry',
    'instructions': 'Look at both photos on the page, and write down the letter of the sharper one.',
    'currency': 'USD',
    'pay_minor': 12,
    'positions': 100,
    'minutes_to_finish': 10,
}


class WriteProof(Command):
    text: Annotated[bool, Field(description='Whether the worker has to say something.')] = True
    file: FileProof = 'none'
    verification_code: Annotated[
        Annotated[str, StringConstraints(min_length=8, max_length=100)] | None,
        Field(description='What only who has done the task can know. It is kept as a hash, and never shown.'),
    ] = None


class WriteGate(Command):
    """Of a worker's tasks that were rated in the last 60 days."""

    min_success_percent: Percent = 75
    min_rated: Rated = 10


class WriteCampaign(Command):
    model_config = examples(EXAMPLE)

    title: Annotated[str, Field(min_length=5, max_length=80)]
    category: str
    instructions: Annotated[str, Field(min_length=20, max_length=5_000)]
    proof: Annotated[WriteProof, Field(default_factory=WriteProof)]
    currency: CurrencyCode
    pay_minor: Annotated[Amount, Field(description='For each task that is approved.')]
    positions: Annotated[int, Field(ge=1, le=10_000)]
    per_worker: Annotated[int, Field(ge=1, le=10_000, description='How many positions one worker may claim.')] = 1
    minutes_to_finish: Annotated[int, Field(ge=1, le=10_080)]
    days_to_rate: Annotated[int, Field(ge=1, le=30, description='What is not rated in time is approved.')] = 7
    countries: Annotated[Annotated[list[CountryCode], Distinct], Field(max_length=50)] = []
    languages: Annotated[Annotated[list[Language], Distinct], Field(max_length=20)] = []
    hire_group_ids: Groups = []
    gate: Annotated[WriteGate | None, Field(description='Not asked of workers in a hire group.')] = None


EditCampaign = partial(
    WriteCampaign, 'EditCampaign', 'Only what is given is changed.', example={'positions': 200}, without={'currency'}
)


class WriteGroup(Command):
    model_config = examples({'name': 'Those with an eye', 'worker_ids': ['usr_01JDF7E5R8F1J6M0P3S7V2X4ZC']})

    name: Annotated[str, Field(min_length=1, max_length=80)]
    worker_ids: Annotated[Annotated[list[UserId], Distinct], Field(max_length=100)]


class SubmitProof(Command):
    model_config = examples({'text': 'B'}, {'text': 'B', 'file_ids': ['fil_01JDF7E5R8F1J6M0P3S7V2X4ZC']})

    text: Annotated[str | None, Field(min_length=1, max_length=2_000)] = None
    file_ids: Annotated[
        Annotated[list[FileId], Distinct], Field(max_length=5, description='Ready files of yours, announced for `proof`.')
    ] = []
    verification_code: Annotated[str | None, Field(max_length=100)] = None


class RateTask(Command):
    task_id: TaskId
    rating: Rating
    reason: Annotated[Reason | None, Field(description='Needed where it is not `ok`.')] = None

    @model_validator(mode='after')
    def _says_why(self) -> Self:
        if self.rating != 'ok' and self.reason is None:
            raise ValueError('Say why, as `reason`')
        return self


class RateTasks(Command):
    model_config = examples({'ratings': [{'task_id': 'tsk_01JDF7E5R8F1J6M0P3S7V2X4ZC', 'rating': 'ok'}]})

    ratings: Annotated[list[RateTask], Field(min_length=1, max_length=20, description='All of them or none.')]

    @model_validator(mode='after')
    def _each_once(self) -> Self:
        if len({rating.task_id for rating in self.ratings}) != len(self.ratings):
            raise ValueError('Rate each task once')
        return self


class CampaignQuery(ListQuery):
    category: Annotated[str | None, Field(description='Only those of this category.')] = None
    mine: Annotated[bool, Field(description='Those that you have posted, in whatever state.')] = False


class ResultsQuery(Query):
    limit: Annotated[int, Field(ge=1, le=1_000, description='How many lines at most.')] = 1_000
    cursor: Annotated[
        str | None, Field(min_length=1, max_length=1024, description='As the `Link` of the part before says.')
    ] = None


class ProofView(View):
    text: bool
    file: FileProof
    has_verification_code: bool


class GateView(View):
    min_success_percent: Percent
    min_rated: Rated


class CampaignView(View):
    id: str
    buyer_id: str
    state: CampaignState
    title: str
    category: str
    instructions: str
    proof: ProofView
    currency: CurrencyCode
    pay_minor: Minor
    positions: int
    positions_free: Annotated[int | None, Field(description='What can be claimed now; null in lists.')]
    per_worker: int
    minutes_to_finish: int
    days_to_rate: int
    countries: list[str]
    languages: list[str]
    hire_group_ids: list[str]
    gate: GateView | None
    payment_id: Annotated[str | None, Field(description='The payment that is being made.')] = None
    returned_minor: Annotated[int | None, Field(description='What went back to the wallet when it was closed.')] = None
    created_at: datetime
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    closed_at: datetime | None = None

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        return cls._of(campaign.attribute_values, campaign.positions_free)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        return cls._of({**row, 'terms': json.loads(row['terms'])}, None)

    @classmethod
    def _of(cls, row: dict[str, Any], free: int | None) -> Self:
        terms = row['terms']
        proof = {**terms['proof'], 'has_verification_code': terms['proof']['code_hash'] is not None}
        return cls.model_validate({**row, **terms, 'proof': proof, 'positions_free': free})


class CampaignPage(PageView):
    items: list[CampaignView]


class TaskStep(View):
    state: TaskState
    by: Role
    at: datetime
    reason: str | None


class TaskReceipt(View):
    """A task, without its proof."""

    id: str
    campaign_id: str
    state: TaskState
    pay_minor: Minor
    currency: CurrencyCode
    deadline: Annotated[
        datetime | None,
        Field(description='Of a task in work, until when proof is taken; of one that was submitted, when silence approves it.'),
    ]

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls.model_validate({**task.attribute_values, 'deadline': task.due_at})


class TaskView(TaskReceipt):
    worker_id: str
    position: int
    text: str | None = None
    file_ids: list[str]
    steps: list[TaskStep]
    claimed_at: datetime
    submitted_at: datetime | None = None
    rated_at: datetime | None = None

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        parts = {name: json.loads(row[name]) for name in ('file_ids', 'steps')}
        return cls.model_validate({**row, **parts, 'deadline': row.get('due_at')})


class TaskPage(PageView):
    items: list[TaskView]


class RatedTasks(View):
    items: list[TaskReceipt]


class HireGroupView(View):
    id: str
    name: str
    worker_ids: list[str]

    @classmethod
    def of(cls, group: HireGroup) -> Self:
        return cls.model_validate(group.attribute_values)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, 'worker_ids': json.loads(row['worker_ids'])})


class HireGroupList(View):
    items: list[HireGroupView]


class CampaignEventView(View):
    name: Annotated[str, Field(examples=['CampaignStarted'])]
    by_role: Role
    at: datetime
    data: dict[str, Any]


class CampaignEventPage(PageView):
    items: list[CampaignEventView]
