"""What the sides of an order send, and what they see."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.gigs.parts import Kind, Package, RefundRule, Requirement, Slug
from chalicelib.orders import lifecycle
from chalicelib.orders.lifecycle import Fault, OrderFunds, OrderRole, OrderState
from chalicelib.orders.rows import Order
from chalicelib.quotes.schemas import PricedView, priced
from chalicelib.schemas import (
    Amount,
    Command,
    CurrencyCode,
    Distinct,
    FileId,
    ListQuery,
    Minor,
    PageView,
    QuoteId,
    View,
    examples,
)

Frozen = Annotated[Literal['dispute', 'chargeback'], Field(title='FrozenBy')]
SourceKind = Annotated[Literal['gig', 'offer', 'proposal', 'milestone'], Field(title='OrderSource')]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Message = Annotated[str, StringConstraints(min_length=1, max_length=2_500)]


class PlaceOrder(Command):
    model_config = examples({'quote_id': 'quo_01JDF5B8N3C6G9J2M5Q8S1V4XA'})

    quote_id: QuoteId


class FreeTextAnswer(Command):
    kind: Literal['free_text']
    requirement_id: Slug
    text: Message


class ChoiceAnswer(Command):
    kind: Literal['multiple_choice']
    requirement_id: Slug
    choices: Annotated[list[str], Field(min_length=1, max_length=10), Distinct]


class FileAnswer(Command):
    kind: Literal['file']
    requirement_id: Slug
    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=10), Distinct]


Answer = Annotated[FreeTextAnswer | ChoiceAnswer | FileAnswer, Field(discriminator='kind')]


class SubmitRequirements(Command):
    model_config = examples(
        {
            'answers': [
                {'kind': 'free_text', 'requirement_id': 'brief', 'text': 'Coffee, to people who work nearby'},
                {'kind': 'multiple_choice', 'requirement_id': 'style', 'choices': ['Hand-drawn']},
                {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': ['fil_01JDF6C2P7D0H4K8N1R5T9W3YB']},
            ]
        }
    )

    answers: Annotated[list[Answer], Field(max_length=15)]


class Deliver(Command):
    model_config = examples(
        {'message': 'Here is your logo, in three formats.', 'file_ids': ['fil_01JDF7E5R8F1J6M0P3S7V2X4ZC']},
    )

    message: Message
    file_ids: Annotated[
        list[FileId],
        Field(max_length=20, description='Ready files of yours, announced for `delivery`.'),
        Distinct,
    ] = []


class RequestRevision(Command):
    model_config = examples({'reason': 'Please make the lettering a little heavier.'})

    reason: Reason


class CancelOrder(Command):
    model_config = examples({'reason': 'The shop will not open after all.'})

    reason: Reason
    fault: Annotated[
        Fault | None,
        Field(
            description='On whose record it goes. Only for support: otherwise it follows from who cancels, and when.',
            strict=False,
        ),
    ] = None


class GrantRefund(Command):
    model_config = examples({'amount_minor': 2_500, 'reason': 'One of the three formats came late.'})

    amount_minor: Amount
    reason: Reason


class OfferExtra(Command):
    model_config = examples({'title': 'A second colour', 'price_minor': 2_000, 'additional_days': 1})

    title: Annotated[str, Field(min_length=3, max_length=80)]
    price_minor: Amount
    additional_days: Annotated[int, Field(ge=0, le=60)] = 0
    revisions: Annotated[int, Field(ge=0, le=20)] = 0


class ExtendOrder(Command):
    model_config = examples({'days': 3, 'reason': 'The printer needs another format.'})

    days: Annotated[int, Field(ge=1, le=60)]
    reason: Reason


class OrderQuery(ListQuery):
    role: Annotated[Literal['buyer', 'seller'], Field(title='Side', description='Orders you bought, or orders you sold.')] = (
        'buyer'
    )


class DeliveryView(View):
    number: int
    message: str
    file_ids: list[str]
    delivered_at: datetime


class ExtensionView(View):
    id: str
    days: int
    reason: str
    state: Annotated[Literal['open', 'granted', 'declined', 'lapsed'], Field(title='ExtensionState')]
    asked_at: datetime


class ExtraView(View):
    """An extra that the seller has offered while the order runs."""

    id: str
    title: str
    price_minor: Minor
    buyer_fee_minor: Minor
    tax_minor: Minor
    additional_days: int
    revisions: int
    state: Annotated[Literal['offered', 'paid', 'declined', 'withdrawn'], Field(title='ExtraState')]
    payment_id: str | None = None
    offered_at: datetime


class RefundView(View):
    id: str
    amount_minor: Minor
    wallet_minor: Annotated[Minor, Field(description="What of it went to the buyer's wallet at once.")]
    promo_minor: Annotated[Minor, Field(description='What of it is credit again that was given to the buyer.')]
    reason: str | None = None
    by_role: OrderRole
    state: Annotated[
        Literal['requested', 'succeeded', 'failed', 'returned', 'held_back', 'superseded'],
        Field(
            title='RefundState',
            description="`failed`, or `returned` by the bank after it was sent: the money is in the buyer's wallet instead. "
            "`held_back`: it was returned while the buyer's bank claims the payment back. `superseded`: the buyer's bank gave "
            'it back.',
        ),
    ]
    failure: str | None = None
    requested_at: datetime
    settled_at: datetime | None = None


class OrderView(PricedView):
    id: str
    state: OrderState
    funds: Annotated[OrderFunds, Field(description='Where the money of this order is.')]
    kind: Kind
    source_kind: SourceKind
    source_id: Annotated[str | None, Field(description="What the sides had agreed on; null: a gig's package.")] = None
    gig_id: Annotated[str | None, Field(description='On agreed terms: the gig that they refer to, if any.')] = None
    title: str
    description: Annotated[str | None, Field(description='What was agreed on; null where the package says it.')] = None
    buyer_id: str
    seller_id: str
    package: Package | None = None
    requirements: list[Requirement]
    answers: list[Answer] | None = None
    licence: str | None = None
    refund_rule: RefundRule | None = None
    revisions_used: int
    deliveries: list[DeliveryView]
    extensions: list[ExtensionView]
    refunds: list[RefundView]
    added_extras: list[ExtraView]
    refunded_minor: Annotated[
        Minor,
        Field(
            description='What was given back: the sum of all refunds that returned no late payment, and were not superseded. '
            'What a bank took back is not in it.'
        ),
    ]
    charged_back_minor: Annotated[Minor, Field(description="What the buyer's bank has taken back for good.")]
    tips_minor: Minor
    frozen_by: Annotated[Frozen | None, Field(description='While it is open, no clock of this order runs.')] = None
    payment_id: str | None = None
    is_late: Annotated[bool, Field(description='The due date has passed and nothing was delivered.')]
    is_very_late: Annotated[bool, Field(description='So late that the buyer may cancel alone.')]
    delivery_due_at: datetime | None = None
    next_step: Annotated[str | None, Field(description='What happens if nobody acts.', examples=['complete_order'])] = None
    next_step_at: datetime | None = None
    created_at: datetime
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    release_at: Annotated[datetime | None, Field(description="When the seller's money leaves clearing.")] = None
    released_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: OrderRole | None = None
    closed_because: str | None = None
    fault: Annotated[Fault | None, Field(description='On whose record a cancellation went.')] = None

    @classmethod
    def of(cls, order: Order) -> Self:
        row, terms, state = order.attribute_values, order.terms, OrderState(order.state)
        product = terms['product'] or {}
        return cls.model_validate(
            {
                **row,
                **priced(row, terms),
                'kind': order.gig_kind,
                'package': terms['package'],
                'description': terms.get('description'),
                'requirements': terms['requirements'],
                'licence': product.get('licence'),
                'refund_rule': product.get('refund_rule'),
                'deliveries': [delivery.attribute_values for delivery in order.deliveries],
                'extensions': [extension.attribute_values for extension in order.extensions],
                'refunds': [refund.attribute_values for refund in order.refunds],
                'added_extras': [addition.attribute_values for addition in order.additions],
                'refunded_minor': order.refunded_minor,
                'charged_back_minor': order.charged_back_minor,
                'is_late': lifecycle.is_late(state, order.delivery_due_at, order.clock_ms),
                'is_very_late': order.facts().is_very_late,
                'next_step': order.due_action,
                'next_step_at': order.due_at,
            }
        )


class OrderSummary(View):
    id: str
    state: OrderState
    funds: OrderFunds
    kind: Kind
    gig_id: str | None = None
    title: str
    buyer_id: str
    seller_id: str
    currency: CurrencyCode
    price_minor: Minor
    delivery_due_at: datetime | None = None
    created_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, 'kind': row['gig_kind']})


class OrderPage(PageView):
    items: list[OrderSummary]


class OrderEvent(View):
    id: str
    name: Annotated[str, Field(examples=['OrderDelivered'])]
    at: datetime
    by_role: OrderRole
    by_id: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, 'id': row['sk'].removeprefix('EVENT#'), 'data': json.loads(row['data'])})


class OrderEventPage(PageView):
    items: list[OrderEvent]
