"""The parts of a gig, in the shape in which they are written, kept, ordered and shown. Limits are Fiverr's where it has any."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.schemas import Command, Distinct, FileId

Kind = Annotated[Literal['service', 'digital_product'], Field(title='GigKind')]
Status = Annotated[Literal['draft', 'active', 'paused', 'denied', 'deleted'], Field(title='GigStatus')]
Slug = Annotated[str, StringConstraints(pattern=r'^[a-z0-9][a-z0-9_-]{0,29}$')]
"""A name given by the seller, unique within the gig, by which orders refer to a part of it."""
Tag = Annotated[str, StringConstraints(pattern=r'^[^\W_]+( [^\W_]+)*$', max_length=20)]
Price = Annotated[int, Field(ge=1, le=10**12, description='Whole minor units of the currency of the gig.')]
Tier = Annotated[Literal['basic', 'standard', 'premium'], Field(title='Tier')]
RefundRule = Annotated[
    Literal['no_refund', 'until_accepted'],
    Field(title='RefundRule', description='`until_accepted`: until then, the buyer may give it back for all the money.'),
]


class _Part(Command):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Package(_Part):
    tier: Tier
    name: Annotated[str, Field(min_length=1, max_length=35)]
    description: Annotated[str, Field(min_length=1, max_length=100)]
    price_minor: Price
    delivery_days: Annotated[int, Field(ge=0, le=90, description='0 for a digital product, which is delivered at once.')] = 0
    revisions: Annotated[int | None, Field(ge=0, le=50, description='null: as many as it takes.')] = 0


class FastDelivery(_Part):
    """Delivers within fewer days than the package says."""

    kind: Literal['fast_delivery']
    id: Slug
    price_minor: Price
    delivery_days: Annotated[int, Field(ge=1, le=89)]


class ExtraRevisions(_Part):
    kind: Literal['extra_revisions']
    id: Slug
    price_minor: Price
    revisions: Annotated[int, Field(ge=1, le=20)]


class CustomExtra(_Part):
    kind: Literal['custom']
    id: Slug
    title: Annotated[str, Field(min_length=1, max_length=50)]
    price_minor: Price
    additional_days: Annotated[int, Field(ge=0, le=30)] = 0


Extra = Annotated[FastDelivery | ExtraRevisions | CustomExtra, Field(discriminator='kind')]


class Question(_Part):
    question: Annotated[str, Field(min_length=1, max_length=200)]
    answer: Annotated[str, Field(min_length=1, max_length=300)]


class _Requirement(_Part):
    id: Slug
    question: Annotated[str, Field(min_length=1, max_length=400)]
    mandatory: bool = True


class FreeText(_Requirement):
    kind: Literal['free_text']


class MultipleChoice(_Requirement):
    kind: Literal['multiple_choice']
    options: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=80)]], Field(min_length=2, max_length=10), Distinct
    ]
    allow_several: bool = False


class FileRequest(_Requirement):
    kind: Literal['file']


Requirement = Annotated[FreeText | MultipleChoice | FileRequest, Field(discriminator='kind')]


class Product(_Part):
    """What a digital product delivers the moment its payment is captured."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=20), Distinct]
    licence: Annotated[str, Field(min_length=1, max_length=5_000, description='What the buyer may do with it.')]
    refund_rule: RefundRule
