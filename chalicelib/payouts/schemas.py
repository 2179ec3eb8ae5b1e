"""Payouts as sellers ask for and see them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.schemas import Amount, Command, CurrencyCode, Minor, PageView, View, examples


class RequestPayout(Command):
    model_config = examples({'amount_minor': 8_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'})

    amount_minor: Amount
    currency: CurrencyCode
    destination: Annotated[
        str,
        Field(
            min_length=1,
            max_length=120,
            description='What the payment provider of the currency pays to: at Stripe a connected account, `acct_...`; at '
            'Xendit `CHANNEL:ACCOUNT NUMBER:NAME`. The sandbox knows `sandbox_bank_ok` and `sandbox_bank_closed`.',
        ),
    ]


class PayoutView(View):
    id: str
    state: Annotated[
        Literal['requested', 'paid', 'failed', 'returned'],
        Field(
            title='PayoutState',
            description='`failed`, or `returned` by the bank after it was paid: the money is available again.',
        ),
    ]
    amount_minor: Annotated[Minor, Field(description='What it takes from what is available.')]
    fee_minor: Annotated[Minor, Field(description='What of it is our fee; the rest goes to the bank.')]
    currency: CurrencyCode
    failure: Annotated[str | None, Field(examples=['account_closed'])] = None
    requested_at: datetime
    settled_at: datetime | None = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(row)


class PayoutPage(PageView):
    items: list[PayoutView]


class ReturnedPayout(View):
    payout_id: str
    seller_id: str
