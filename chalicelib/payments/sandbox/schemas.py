"""What a buyer, or a bank, says at the sandbox."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.schemas import Command, View, examples

ClaimReason = Annotated[
    Literal['fraudulent', 'product_not_received', 'product_unacceptable', 'duplicate'], Field(title='ClaimReason')
]


class ConfirmPayment(Command):
    model_config = examples({'approved': True})

    approved: bool


class Confirmation(View):
    id: str
    approved: bool


class ClaimBack(Command):
    model_config = examples({'reason': 'product_not_received'})

    reason: ClaimReason


class Claimed(View):
    payment_id: str
    reason: ClaimReason


class Decide(Command):
    model_config = examples({'won': False})

    won: bool


class Decision(View):
    id: str
    won: bool
