"""The reconciliation as staff see it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.schemas import CurrencyCode, Minor, PageView, View

Reason = Annotated[
    Literal[
        'unexplained',
        'duplicate',
        'other_amount',
        'other_currency',
        'fee_exceeds_amount',
        'changed',
        'missing',
        'out_of_balance',
    ],
    Field(
        title='CaseReason',
        description='`unexplained`: a line of the report that nothing of ours explains. `duplicate`: a second line for the '
        'same. `other_amount`, `other_currency`: not what we have posted. `fee_exceeds_amount`: it cost more than it brought. '
        '`changed`: a line that was read before, and said something else. `missing`: ours, and not in the report. '
        '`out_of_balance`: the sums differ.',
    ),
]


class ReconciledView(View):
    """One provider and one currency. What we have there is positive."""

    provider: str
    currency: CurrencyCode
    last_run_at: Annotated[datetime | None, Field(description='Null before the first run that came to its end.')] = None
    clearing_minor: Annotated[Minor, Field(description='By our books: captured, and not in the report yet.')] = 0
    balance_minor: Annotated[Minor, Field(description='By our books: our balance there.')] = 0
    report_minor: Annotated[Minor, Field(description='The sum of the report, net of fees.')] = 0
    unreported_minor: Annotated[Minor, Field(description='Ours, and too new to be in the report.')] = 0
    missing_minor: Annotated[Minor, Field(description='Ours, and a case because it is not in the report.')] = 0
    difference_minor: Annotated[
        int, Field(description='`clearing` and `balance` less `unreported`, `missing` and `report`: 0 where all is well.')
    ] = 0


class CaseView(View):
    id: str
    provider: str
    currency: CurrencyCode
    reason: Reason
    subject: Annotated[str, Field(description='The line, the transaction, or the provider and currency that it is about.')]
    our_id: Annotated[str | None, Field(description='The payment, refund, payout or chargeback, where it is known.')] = None
    expected_minor: Annotated[int | None, Field(description='By our books; what came in is positive.')] = None
    seen_minor: Annotated[int | None, Field(description='In the report.')] = None
    seen_currency: str | None = None
    given_minor: Annotated[int, Field(description='What of it was taken out of suspense by hand.')] = 0
    opened_at: datetime


class ReconciliationPage(PageView):
    reconciled: list[ReconciledView]
    items: Annotated[list[CaseView], Field(description='Open cases, newest first.')]

    @classmethod
    def of(cls, progress: list[dict[str, Any]], cases: list[dict[str, Any]], next_cursor: str | None) -> Self:
        return cls(
            reconciled=[ReconciledView.model_validate(row) for row in progress],
            items=[CaseView.model_validate(row) for row in cases],
            next_cursor=next_cursor,
        )
