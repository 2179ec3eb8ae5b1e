"""What a seller offers, and what both sides see of it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.gigs.parts import Requirement, Slug
from chalicelib.offers.lifecycle import OfferState
from chalicelib.offers.store import Offer
from chalicelib.quotes import agreements
from chalicelib.quotes.schemas import PricedView, priced
from chalicelib.schemas import Amount, Command, CurrencyCode, GigId, ListQuery, Minor, PageView, UserId, View, examples


class MakeOffer(Command):
    model_config = examples(
        {
            'buyer_id': 'usr_01JDF2M4T7W1Z5C8F2J6N9R3VP',
            'title': 'A logo and a sign for the door',
            'description': 'The logo as we talked about it, and a sign for the door, 60 by 40 cm, ready to print.',
            'category': 'logo-design',
            'currency': 'USD',
            'price_minor': 18_000,
            'delivery_days': 5,
            'revisions': 2,
        },
    )

    buyer_id: UserId
    gig_id: Annotated[GigId | None, Field(description='An active gig of yours that it is about.')] = None
    category: Annotated[Slug | None, Field(description='A second-level slug of `GET /categories`, where no gig is named.')] = (
        None
    )
    title: Annotated[str, Field(min_length=3, max_length=80)]
    description: Annotated[str, Field(min_length=1, max_length=2_500)]
    currency: CurrencyCode
    price_minor: Amount
    delivery_days: Annotated[int, Field(ge=1, le=365)]
    revisions: Annotated[int | None, Field(ge=0, le=50, description='null: as many as it takes.')] = 0
    requirements: Annotated[
        list[Requirement], Field(max_length=15, description='What has to be answered before the delivery time runs.')
    ] = []
    expires_in_days: Annotated[int, Field(ge=1, le=30)] = 7


class OfferQuery(ListQuery):
    role: Annotated[
        Literal['buyer', 'seller'], Field(title='OfferSide', description='Offers made to you, or offers you made.')
    ] = 'buyer'


class OfferView(PricedView):
    id: str
    state: OfferState
    seller_id: str
    buyer_id: str
    gig_id: str | None = None
    title: str
    description: str
    category: str
    price_minor: Minor
    requirements: list[Requirement]
    order_id: Annotated[str | None, Field(description='What was placed when it was accepted.')] = None
    created_at: datetime
    valid_until: datetime
    closed_at: datetime | None = None

    @classmethod
    def of(cls, offer: Offer) -> Self:
        quote = agreements.quote(offer.agreed, offer.frozen_rates)
        shown = {**quote.attribute_values, **priced(quote.attribute_values, quote.terms)}
        return cls.model_validate({**shown, **offer.terms, **offer.attribute_values})


class OfferSummary(View):
    id: str
    state: OfferState
    seller_id: str
    buyer_id: str
    gig_id: str | None = None
    title: str
    currency: CurrencyCode
    price_minor: Minor
    created_at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(row)


class OfferPage(PageView):
    items: list[OfferSummary]
