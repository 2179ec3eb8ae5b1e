"""Chargebacks as their seller and support see them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.chargebacks.store import Chargeback
from chalicelib.ledger.credit_postings import spendable
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.schemas import Command, CurrencyCode, Minor, PageView, View, examples


class ContestChargeback(Command):
    model_config = examples({'remarks': 'The buyer uses the logo on their shop front.'})

    remarks: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=4_000)] | None,
        Field(description="The seller's own words, which become part of the evidence."),
    ] = None


class ChargebackView(View):
    id: str
    ref: Annotated[str, Field(description="The provider's own id of it.")]
    order_id: str | None = None
    payment_id: str
    currency: CurrencyCode
    amount_minor: Annotated[Minor, Field(description='What the bank has taken, in whole multiples of what can be paid.')]
    fee_minor: Annotated[Minor, Field(description='What the provider charges for it, which is ours to bear.')]
    from_order_minor: Annotated[Minor, Field(description='What of it was still held for the order.')]
    from_seller_minor: Annotated[Minor, Field(description='What of it the seller had been given already.')]
    reason: str
    state: Annotated[
        Literal['received', 'submitted', 'won', 'lost'],
        Field(
            title='ChargebackState',
            description='`received`: remarks can be added until `evidence_due_at`. `submitted`: the bank has the evidence. '
            '`won`: everything is as it was. `lost`: the buyer keeps the money.',
        ),
    ]
    remarks: str | None = None
    evidence_due_at: datetime | None = None
    submitted_at: datetime | None = None
    received_at: datetime
    closed_at: datetime | None = None

    @classmethod
    def of(cls, chargeback: Chargeback) -> Self:
        return cls._of(chargeback.attribute_values)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        return cls._of({**row, 'parts': json.loads(row['parts'])})

    @classmethod
    def _of(cls, row: dict[str, Any]) -> Self:
        from_seller = row['parts'].get('released', 0)
        from_order = sum(row['parts'].values()) - from_seller
        taken = {'amount_minor': spendable(row['amount_minor'], row['currency'])}
        return cls.model_validate({**row, **taken, 'from_order_minor': from_order, 'from_seller_minor': from_seller})


class ChargebackList(View):
    items: list[ChargebackView]


class ChargebackPage(PageView):
    items: list[ChargebackView]


class EvidenceDelivery(View):
    number: int
    at: datetime
    message: str
    files: int


class EvidenceEvent(View):
    at: datetime
    name: str
    by_role: OrderRole
    data: dict[str, Any]


class EvidencePack(View):
    """What the bank gets to see, as it would be sent now."""

    order_id: str
    payment_id: str
    claimed_minor: Minor
    currency: CurrencyCode
    claimed_because: str
    what_was_sold: str
    package: str
    price_minor: Minor
    state: str
    buyer_accepted: bool
    answers: list[dict[str, Any]]
    deliveries: list[EvidenceDelivery]
    refunds_minor: Minor
    log: list[EvidenceEvent]
    remarks: str | None = None
    text: Annotated[str, Field(description='The same as one text.')]


class PaidFromWallet(View):
    at: datetime
    payment_id: str
    order_id: str | None = None
    purpose: str
    amount_minor: Minor


class TopUpEvidencePack(View):
    """What the bank gets to see of a payment into a wallet, as it would be sent now."""

    payment_id: str
    claimed_minor: Minor
    currency: CurrencyCode
    claimed_because: str
    amount_minor: Minor
    method: str | None = None
    asked_at: datetime
    paid_at: datetime
    spent: Annotated[
        list[PaidFromWallet], Field(description='What the wallet has paid for since, the oldest first, up to 50 payments.')
    ]
    remarks: str | None = None
    text: Annotated[str, Field(description='The same as one text.')]
