"""Payments as buyers make and see them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.schemas import Amount, Command, CurrencyCode, Minor, View, examples

Method = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        description='What the payment provider of the currency knows, never a card number: at Stripe a PaymentMethod, '
        '`pm_...`; at Xendit a channel, such as `BCA` or `QRIS`. The sandbox knows `sandbox_card_ok`, `sandbox_card_declined`, '
        '`sandbox_card_confirm` and `sandbox_card_no_refund`.',
    ),
]


class Pay(Command):
    model_config = examples({'method': 'sandbox_card_ok'})

    method: Annotated[Method | None, Field(description='Not needed where credit pays for all of it.')] = None
    use_credit: Annotated[
        bool,
        Field(
            description='Pay with what is in your wallet first; the method pays the rest. That is nothing, or at least what a '
            'payment provider takes: 50 in USD, 1000000 in IDR.'
        ),
    ] = False


class Tip(Pay):
    model_config = examples({'amount_minor': 1_000, 'method': 'sandbox_card_ok'})

    amount_minor: Amount


class AddPositions(Pay):
    model_config = examples({'positions': 100, 'method': 'sandbox_card_ok'})

    positions: Annotated[int, Field(ge=1, le=10_000)]


class TopUp(Command):
    model_config = examples({'amount_minor': 10_000, 'currency': 'USD', 'method': 'sandbox_card_ok'})

    amount_minor: Amount
    currency: CurrencyCode
    method: Method


class PaymentView(View):
    id: str
    purpose: Annotated[Literal['order', 'extra', 'tip', 'top_up', 'campaign'], Field(title='PaymentPurpose')]
    order_id: str | None = None
    state: Annotated[
        Literal['requested', 'pending', 'requires_action', 'succeeded', 'failed', 'returned'],
        Field(
            title='PaymentState',
            description='`requires_action`: go to `next_action_url`. `returned`: the money came when the order did not take '
            'it any more, and goes back.',
        ),
    ]
    amount_minor: Annotated[Minor, Field(description='What the provider takes.')]
    wallet_minor: Annotated[Minor, Field(description='What the wallet pays.')]
    promo_minor: Annotated[Minor, Field(description='What is paid with credit that was given to you.')]
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
