"""Gigs as they are written and shown."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.gigs.categories import TAXONOMY, Name
from chalicelib.gigs.parts import Extra, Kind, Package, Product, Question, RefundRule, Requirement, Slug, Status, Tag
from chalicelib.schemas import (
    Command,
    CurrencyCode,
    Distinct,
    FileId,
    Language,
    ListQuery,
    PageView,
    UserId,
    View,
    examples,
    partial,
)


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
    tags: Annotated[list[Tag], Field(max_length=5), Distinct] = []
    packages: Annotated[list[Package], Field(max_length=3)] = []
    extras: Annotated[list[Extra], Field(max_length=10)] = []
    faq: Annotated[list[Question], Field(max_length=10)] = []
    requirements: Annotated[list[Requirement], Field(max_length=15)] = []
    gallery: Annotated[
        list[FileId],
        Field(max_length=6, description='Up to 3 images, 1 video and 2 PDFs; the first image is the cover.'),
        Distinct,
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
