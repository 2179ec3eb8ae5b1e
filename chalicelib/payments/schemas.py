"""Payments as buyers make and see them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.schemas import Command, CurrencyCode, Minor, View, examples


class Pay(Command):
    model_config = examples({'method': 'sandbox_card_ok'})

    method: Annotated[
        str,
        Field(
            min_length=1,
            max_length=120,
            description='A token of the payment provider, never a card number. The sandbox knows `sandbox_card_ok`, '
            '`sandbox_card_declined`, `sandbox_card_confirm` and `sandbox_card_no_refund`.',
        ),
    ]


class PaymentView(View):
    id: str
    order_id: str
    state: Annotated[
        Literal['requested', 'pending', 'requires_action', 'succeeded', 'failed', 'returned'],
        Field(
            title='PaymentState',
            description='`requires_action`: go to `next_action_url`. `returned`: the money came when the order did not take '
            'it any more, and goes back.',
        ),
    ]
    amount_minor: Minor
    currency: CurrencyCode
    next_action_url: Annotated[
        str | None,
        Field(description="Where the buyer confirms the payment. The sandbox's is an operation of this API, to POST to."),
    ] = None
    failure: Annotated[str | None, Field(examples=['card_declined'])] = None
    created_at: datetime
    settled_at: datetime | None = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(row)
