"""Proposals as they are written and shown."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.gigs.parts import Slug
from chalicelib.jobs.schemas import AttachmentView, Reason
from chalicelib.proposals.lifecycle import ProposalState
from chalicelib.quotes.rules import Rates
from chalicelib.schemas import Amount, Command, CurrencyCode, Distinct, FileId, Minor, PageView, View, examples, partial

Mark = Annotated[Literal['shortlisted', 'hidden'], Field(title='ProposalMark')]


class ScreeningAnswer(Command):
    question_id: Slug
    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class PlaceProposal(Command):
    model_config = examples(
        {
            'price_minor': 30_000,
            'delivery_days': 10,
            'revisions': 1,
            'cover_letter': 'I photograph ceramics every week; here is a set that I made for a pottery in Bandung.',
            'answers': [{'question_id': 'light', 'text': 'From two sides, through cloth.'}],
        }
    )

    price_minor: Annotated[Amount, Field(description='In the currency of the job.')]
    delivery_days: Annotated[int, Field(ge=1, le=365)]
    revisions: Annotated[int | None, Field(ge=0, le=50, description='null: as many as it takes.')] = 0
    cover_letter: Annotated[str, StringConstraints(min_length=1, max_length=5_000)]
    answers: Annotated[list[ScreeningAnswer], Field(max_length=10, description='To the questions of the job.')] = []
    attachments: Annotated[
        list[FileId],
        Field(max_length=5, description='Ready files of yours, announced as `attachment`. The buyer sees them.'),
        Distinct,
    ] = []


EditProposal = partial(
    PlaceProposal,
    'EditProposal',
    'Only what is given is changed; lists are replaced as a whole. It is another edition then.',
    example={'price_minor': 28_000, 'delivery_days': 8},
)


class Award(Command):
    model_config = examples({'edition': 1})

    edition: Annotated[int, Field(ge=1, description='Of the proposal as you see it, so that you award what you have read.')]


class DeclineProposal(Command):
    model_config = examples({'reason': 'We need it a week earlier.'}, {})

    reason: Annotated[Reason | None, Field(description='The seller sees it.')] = None


class ScreeningAnswerView(View):
    question_id: str
    text: str


class ProposalSummary(View):
    id: str
    job_id: str
    buyer_id: str
    seller_id: str
    state: Annotated[ProposalState, Field(description='`archived`: the job was closed before anything came of it.')]
    title: Annotated[str, Field(description="The job's.")]
    currency: CurrencyCode
    price_minor: Minor
    created_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(row)


class ProposalView(ProposalSummary):
    mark: Annotated[Mark | None, Field(description="The buyer's, and shown to the buyer and to staff only.")] = None
    edition: Annotated[int, Field(description='How often it was written.')]
    delivery_days: int
    revisions: Annotated[int | None, Field(description='null: as many as it takes.')]
    cover_letter: str
    answers: list[ScreeningAnswerView]
    attachments: list[AttachmentView]
    answer_until: Annotated[datetime | None, Field(description='When an award is revoked, unless it is accepted.')] = None
    buyer_total_minor: Annotated[
        int | None, Field(description='What the buyer pays, fees included; frozen with the award.')
    ] = None
    seller_net_minor: Annotated[int | None, Field(description='What the seller gets of it; frozen with the award.')] = None
    ended_because: str | None = None
    order_id: Annotated[str | None, Field(description='The order that was placed by accepting the award.')] = None
    updated_at: datetime

    @classmethod
    def seen(cls, row: dict[str, Any], state: ProposalState, *, by_seller: bool) -> Self:
        content = row['content'] if isinstance(row['content'], dict) else json.loads(row['content'])
        return cls.model_validate(
            {
                **row,
                **content,
                **_due(row),
                'state': state,
                'mark': None if by_seller else row.get('mark'),
                'answer_until': row.get('due_at') if state is ProposalState.AWARDED else None,
            }
        )


def _due(row: dict[str, Any]) -> dict[str, int]:
    """What both sides pay and get, once it is frozen."""
    if not (rates := row.get('rates')):
        return {}
    due = Rates(**(rates if isinstance(rates, dict) else json.loads(rates))).of(row['price_minor'], row['currency'])
    total = due['price_minor'] + due['buyer_fee_minor'] + due['tax_minor']
    return {'buyer_total_minor': total, 'seller_net_minor': due['price_minor'] - due['commission_minor']}


class ProposalPage(PageView):
    items: list[ProposalView]


class MyProposalPage(PageView):
    items: list[ProposalSummary]
