"""What the sides of a dispute send, and what they see."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.disputes.lifecycle import Outcome, Stage
from chalicelib.disputes.store import Dispute
from chalicelib.orders.lifecycle import Fault, OrderRole
from chalicelib.schemas import Command, CurrencyCode, Distinct, FileId, Minor, PageView, View, examples

Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Files = Annotated[
    list[FileId],
    Field(max_length=10, description='Ready files of yours, announced for `evidence`. Both sides and support see them.'),
    Distinct,
]
RefundPart = Annotated[
    int, Field(ge=0, le=10**12, description="What goes back to the buyer, in minor units; the rest is the seller's.")
]
Reason = Annotated[
    Literal['not_delivered', 'late', 'not_as_described', 'low_quality', 'buyer_unresponsive', 'unreasonable_demands', 'other'],
    Field(title='DisputeReason'),
]


Default = Annotated[Literal['the_claim_is_granted', 'support_rules', 'the_middle_is_taken'], Field(title='DisputeDefault')]


class Words(Command):
    text: Text
    file_ids: Files = []

    def words(self) -> dict[str, Any]:
        return {'text': self.text, 'file_ids': self.file_ids}


class OpenDispute(Words):
    model_config = examples(
        {'reason': 'not_as_described', 'refund_minor': 5_000, 'text': 'Two of the three formats are missing.'}
    )

    reason: Reason
    refund_minor: RefundPart

    def claim(self) -> dict[str, Any]:
        return {'reason': self.reason, 'refund_minor': self.refund_minor, 'words': self.words()}


class AddEvidence(Words):
    model_config = examples({'text': 'This is what was agreed.', 'file_ids': ['fil_01JDF7E5R8F1J6M0P3S7V2X4ZC']})


class RespondToDispute(Command):
    model_config = examples({'accepts': False, 'text': 'All three formats are in the archive.'}, {'accepts': True})

    accepts: Annotated[bool, Field(description='True grants the claim, and ends the dispute.')]
    text: Annotated[Text | None, Field(description='Why not; needed where the claim is not granted.')] = None
    file_ids: Files = []

    @model_validator(mode='after')
    def _says_why_not(self) -> Self:
        if not self.accepts and self.text is None:
            raise ValueError('Say why you do not grant the claim, as `text`')
        return self


class ProposeSplit(Command):
    model_config = examples({'refund_minor': 2_500, 'message': 'A quarter back, and I send the missing format.'})

    refund_minor: RefundPart
    message: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class AcceptSplit(Command):
    model_config = examples({'refund_minor': 2_500})

    refund_minor: Annotated[
        RefundPart, Field(description='What the other side proposed last, so that you agree to what you saw.')
    ]


class Rule(Command):
    model_config = examples({'refund_minor': 4_000, 'reasoning': 'One format of three is missing.', 'fault': 'seller'})

    refund_minor: RefundPart
    reasoning: Text
    fault: Annotated[Fault, Field(strict=False)]


class EvidenceView(View):
    by: OrderRole
    text: str
    file_ids: list[str]
    at: datetime


class ProposalView(View):
    by: OrderRole
    refund_minor: Minor
    message: str
    at: datetime


class DisputeView(View):
    id: str
    order_id: str
    currency: CurrencyCode
    opened_by: OrderRole
    reason: Reason
    claim_minor: Annotated[Minor, Field(description='What would go back to the buyer, as the opener wants it.')]
    most_minor: Annotated[Minor, Field(description='All that could go back.')]
    stage: Stage
    deadline: Annotated[datetime | None, Field(description='When the default of this stage takes place.')] = None
    default: Annotated[Default | None, Field(description='What happens then, if nobody acts.')] = None
    evidence: list[EvidenceView]
    proposals: list[ProposalView]
    outcome: Outcome | None = None
    refund_minor: Annotated[int | None, Field(description='What went back to the buyer in the end.')] = None
    reasoning: str | None = None
    fault: Fault | None = None
    opened_at: datetime
    closed_at: datetime | None = None

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        return cls._of(dispute.attribute_values)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        return cls._of({**row, 'evidence': json.loads(row['evidence']), 'proposals': json.loads(row['proposals'])})

    @classmethod
    def _of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, 'deadline': row.get('due_at'), 'default': _DEFAULTS.get(row['stage'])})


_DEFAULTS = {
    Stage.RESPONDING.value: 'the_claim_is_granted',
    Stage.PROPOSING.value: 'support_rules',
    Stage.RULING.value: 'the_middle_is_taken',
}


class DisputeList(View):
    items: list[DisputeView]


class DisputePage(PageView):
    items: list[DisputeView]
