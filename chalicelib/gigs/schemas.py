"""Gigs as they are written and shown. Limits are Fiverr's where it has them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.gigs.categories import TAXONOMY, Name
from chalicelib.schemas import (
    Command,
    CurrencyCode,
    FileId,
    Language,
    ListQuery,
    PageView,
    UserId,
    View,
    examples,
    partial,
)

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


class _Both(Command):
    """Parts that are written and shown in the same shape."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Package(_Both):
    tier: Tier
    name: Annotated[str, Field(min_length=1, max_length=35)]
    description: Annotated[str, Field(min_length=1, max_length=100)]
    price_minor: Price
    delivery_days: Annotated[int, Field(ge=0, le=90, description='0 for a digital product, which is delivered at once.')] = 0
    revisions: Annotated[int | None, Field(ge=0, le=50, description='null: as many as it takes.')] = 0


class FastDelivery(_Both):
    """Delivers within fewer days than the package says."""

    kind: Literal['fast_delivery']
    id: Slug
    price_minor: Price
    delivery_days: Annotated[int, Field(ge=1, le=89)]


class ExtraRevisions(_Both):
    kind: Literal['extra_revisions']
    id: Slug
    price_minor: Price
    revisions: Annotated[int, Field(ge=1, le=20)]


class CustomExtra(_Both):
    kind: Literal['custom']
    id: Slug
    title: Annotated[str, Field(min_length=1, max_length=50)]
    price_minor: Price
    additional_days: Annotated[int, Field(ge=0, le=30)] = 0


Extra = Annotated[FastDelivery | ExtraRevisions | CustomExtra, Field(discriminator='kind')]


class Question(_Both):
    question: Annotated[str, Field(min_length=1, max_length=200)]
    answer: Annotated[str, Field(min_length=1, max_length=300)]


class _Requirement(_Both):
    id: Slug
    question: Annotated[str, Field(min_length=1, max_length=400)]
    mandatory: bool = True


class FreeText(_Requirement):
    kind: Literal['free_text']


class MultipleChoice(_Requirement):
    kind: Literal['multiple_choice']
    options: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=80)]], Field(min_length=2, max_length=10)]
    allow_several: bool = False


class FileRequest(_Requirement):
    kind: Literal['file']


Requirement = Annotated[FreeText | MultipleChoice | FileRequest, Field(discriminator='kind')]


class Product(_Both):
    """What a digital product delivers the moment its payment is captured."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=20)]
    licence: Annotated[str, Field(min_length=1, max_length=5_000, description='What the buyer may do with it.')]
    refund_rule: RefundRule


class WriteGig(Command):
    """A draft. It may be incomplete: what is missing is told when it is published."""

    model_config = examples(
        {
            'title': 'I will design a minimalist logo for your shop',
            'category': 'logo-design',
            'language': 'en',
            'currency': 'USD',
            'description': 'A logo that works on a stamp, on a parcel and on a screen. You get sketches within days, then the '
            'final files in every format that a printer or a web shop asks for.',
            'tags': ['logo', 'branding'],
            'packages': [
                {'tier': 'basic', 'name': 'One concept', 'description': 'As PNG', 'price_minor': 2_500, 'delivery_days': 3}
            ],
            'extras': [{'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 1_500, 'delivery_days': 1}],
            'requirements': [{'kind': 'free_text', 'id': 'brief', 'question': 'What does your shop sell, and to whom?'}],
        },
        {
            'kind': 'digital_product',
            'title': 'Spreadsheet templates for a small online shop',
            'category': 'templates',
            'language': 'en',
            'currency': 'USD',
            'packages': [{'tier': 'basic', 'name': 'All four', 'description': 'Four spreadsheets', 'price_minor': 1_200}],
            'product': {'file_ids': ['fil_01JDF4Q7M2X8V5K3N6P9R1T0WZ'], 'licence': 'No resale.', 'refund_rule': 'no_refund'},
        },
    )

    kind: Kind = 'service'
    title: Annotated[str, Field(min_length=1, max_length=80)]
    category: Annotated[Slug, Field(description='A second-level slug of `GET /categories`.')]
    language: Language
    currency: CurrencyCode
    description: Annotated[str, Field(max_length=1_200)] = ''
    tags: Annotated[list[Tag], Field(max_length=5)] = []
    packages: Annotated[list[Package], Field(max_length=3)] = []
    extras: Annotated[list[Extra], Field(max_length=10)] = []
    faq: Annotated[list[Question], Field(max_length=10)] = []
    requirements: Annotated[list[Requirement], Field(max_length=15)] = []
    gallery: Annotated[
        list[FileId], Field(max_length=6, description='Up to 3 images, 1 video and 2 PDFs; the first image is the cover.')
    ] = []
    product: Annotated[Product | None, Field(description='Of a digital product only.')] = None


EditGig = partial(
    WriteGig,
    'EditGig',
    'Only what is given is changed; lists are replaced as a whole. Kind and currency stay as they were made.',
    example={'title': 'I will design a logo for your bakery', 'tags': ['logo', 'bakery']},
    without={'kind', 'currency'},
)


class DenyGig(Command):
    model_config = examples({'reason': 'The pictures are those of another seller.'})

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class GigQuery(ListQuery):
    category: Annotated[str | None, Field(description='A second-level slug of `GET /categories`.')] = None
    seller_id: UserId | None = None
    status: Annotated[
        Literal['draft', 'active', 'paused', 'denied'],
        Field(title='ListedStatus', description="Others than `active` are a seller's own, with `seller_id`."),
    ] = 'active'


class GalleryItem(View):
    file_id: str
    content_type: str
    url: Annotated[str, Field(description='A path on the origin of the site; it does not expire.')]

    @classmethod
    def of(cls, item: dict[str, str]) -> Self:
        return cls(file_id=item['file_id'], content_type=item['content_type'], url=media_url(item['file_id']))


class GigView(View):
    id: str
    seller_id: str
    kind: Kind
    status: Status
    denied_because: str | None = None
    title: str
    category: str
    language: str
    currency: CurrencyCode
    description: str
    tags: list[str]
    packages: list[Package]
    extras: list[Extra]
    faq: list[Question]
    requirements: list[Requirement]
    gallery: list[GalleryItem]
    licence: Annotated[str | None, Field(description='Of a digital product.')] = None
    refund_rule: RefundRule | None = None
    product_file_ids: Annotated[list[str] | None, Field(description='Shown to the seller only.')] = None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None

    @classmethod
    def of(cls, row: dict[str, Any], *, to_owner: bool) -> Self:
        content = row['content'] if isinstance(row['content'], dict) else json.loads(row['content'])
        product = content['product'] or {}
        return cls.model_validate(
            {
                **row,
                **content,
                'kind': row['gig_kind'],
                'gallery': [GalleryItem.of(item) for item in content['gallery']],
                'licence': product.get('licence'),
                'refund_rule': product.get('refund_rule'),
                'product_file_ids': product.get('file_ids') if to_owner else None,
            }
        )


class GigSummary(View):
    id: str
    seller_id: str
    kind: Kind
    status: Status
    title: str
    category: str
    language: str
    currency: CurrencyCode
    from_price_minor: Annotated[int | None, Field(description='Of the cheapest package.')] = None
    cover_url: str | None = None
    published_at: datetime | None = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        cover = row.get('cover_file_id')
        return cls.model_validate({**row, 'kind': row['gig_kind'], 'cover_url': media_url(cover) if cover else None})


class GigPage(PageView):
    items: list[GigSummary]


class LocalisedName(View):
    en: str
    id: str

    @classmethod
    def of(cls, name: Name) -> Self:
        return cls(en=name.en, id=name.id)


class SubcategoryView(View):
    slug: str
    name: LocalisedName


class CategoryView(View):
    slug: str
    name: LocalisedName
    subcategories: list[SubcategoryView]


class CategoryTree(View):
    items: list[CategoryView]

    @classmethod
    def whole(cls) -> Self:
        return cls(
            items=[
                CategoryView(
                    slug=slug,
                    name=LocalisedName.of(name),
                    subcategories=[SubcategoryView(slug=s, name=LocalisedName.of(n)) for s, n in children.items()],
                )
                for (slug, name), children in TAXONOMY.items()
            ]
        )


def media_url(file_id: str) -> str:
    return f'/media/{file_id}'
