"""What is wanted, and what it would cost and bring."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.gigs.parts import Kind, Slug, Tier
from chalicelib.quotes import rules
from chalicelib.schemas import Command, CurrencyCode, GigId, Minor, View, examples


class WantedExtra(Command):
    id: Slug
    quantity: Annotated[int, Field(ge=1, le=20)] = 1


class AskQuote(Command):
    model_config = examples(
        {'gig_id': 'gig_01JDF3N6K1V4X7Z0B3D6F9H2KM', 'package': 'basic', 'extras': [{'id': 'fast'}]},
    )

    gig_id: GigId
    package: Tier = 'basic'
    extras: Annotated[list[WantedExtra], Field(max_length=10)] = []


class PriceLine(View):
    kind: Annotated[
        Literal['package', 'work', 'extra', 'buyer_fee', 'tax', 'price', 'commission'],
        Field(
            title='PriceLineKind',
            description='The buyer pays package (or, on agreed terms, work), extras, buyer_fee and the tax on it; '
            'the seller gets the price less the commission.',
        ),
    ]
    label: str
    quantity: int = 1
    amount_minor: Annotated[Minor, Field(description='Negative where it is taken off.')]


class PricedView(View):
    """What a quote and the order made of it have in common: who pays and who gets what, line by line."""

    currency: CurrencyCode
    exponent: Annotated[int, Field(description='Decimals of the minor unit (ISO 4217).')]
    buyer_lines: list[PriceLine]
    buyer_total_minor: Minor
    seller_lines: list[PriceLine]
    seller_net_minor: Minor
    commission_bps: Annotated[int, Field(description='Hundredths of a percent of the price.')]
    buyer_fee_bps: Annotated[int, Field(description='Hundredths of a percent of the price.')]
    policy_version: str
    delivery_days: int
    revisions: Annotated[int | None, Field(description='null: as many as it takes.')]


class QuoteView(PricedView):
    id: str
    gig_id: str
    gig_kind: Kind
    seller_id: str
    valid_until: Annotated[datetime, Field(description='Until then it buys one order on exactly these terms.')]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**row, **priced(row, row['terms'])})


_LABELS = {'fast_delivery': 'Fast delivery', 'extra_revisions': 'Extra revisions'}


def priced(row: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    """The fields of `PricedView`, from the row of a quote or an order and its frozen terms."""
    kind, label, price_minor = rules.main_line(terms)
    buyer_lines = [
        {'kind': kind, 'label': label, 'amount_minor': price_minor},
        *(
            {
                'kind': 'extra',
                'label': _LABELS.get(extra['kind']) or extra['title'],
                'quantity': extra['quantity'],
                'amount_minor': extra['amount_minor'],
            }
            for extra in terms['extras']
        ),
        {'kind': 'buyer_fee', 'label': 'Service fee', 'amount_minor': row['buyer_fee_minor']},
        *_tax_lines(row, terms),
    ]
    seller_lines = [
        {'kind': 'price', 'label': terms['title'], 'amount_minor': row['price_minor']},
        {'kind': 'commission', 'label': 'Commission', 'amount_minor': -row['commission_minor']},
    ]
    return {
        'exponent': terms['exponent'],
        'buyer_lines': buyer_lines,
        'buyer_total_minor': row['price_minor'] + row['buyer_fee_minor'] + row['tax_minor'],
        'seller_lines': seller_lines,
        'seller_net_minor': row['price_minor'] - row['commission_minor'],
        **{name: terms[name] for name in ('commission_bps', 'buyer_fee_bps', 'delivery_days', 'revisions')},
    }


def _tax_lines(row: dict[str, Any], terms: dict[str, Any]) -> list[dict[str, Any]]:
    tax = terms['tax']
    if tax is None:
        return []
    label = f'{tax["name"]} {tax["rate_bps"] / 100:g} % on the service fee'
    return [{'kind': 'tax', 'label': label, 'amount_minor': row['tax_minor']}]
