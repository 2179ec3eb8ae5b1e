"""A program on the generated client: it must be right to a type checker, and it is run against the app."""

from gigmarket_client import AuthenticatedClient
from gigmarket_client.api.gigs import draft_gig, list_gigs, publish_gig, show_gig
from gigmarket_client.models import (
    CurrencyCode,
    CustomExtra,
    CustomExtraView,
    ExtraRevisions,
    ExtraRevisionsView,
    FastDelivery,
    FastDeliveryView,
    FreeText,
    GigPage,
    GigView,
    ListedStatus,
    Package,
    Tier,
    WriteGig,
)


def sell(client: AuthenticatedClient) -> GigView:
    wanted = WriteGig(
        title='I will design a logo',
        category='logo-design',
        language='en',
        currency=CurrencyCode.USD,
        description='A logo that works on a stamp, on a parcel and on a screen. ' * 3,
        tags=['logo'],
        packages=[Package(Tier.BASIC, name='Logo', description='One logo', price_minor=10_000, delivery_days=3)],
        extras=[
            FastDelivery('fast_delivery', id='fast', price_minor=1_500, delivery_days=1),
            ExtraRevisions('extra_revisions', id='again', price_minor=500, revisions=2),
            CustomExtra('custom', id='card', title='Business card', price_minor=2_000),
        ],
        requirements=[FreeText(kind='free_text', id='brief', question='What do you sell?')],
    )
    draft = draft_gig.sync(client=client, body=wanted, idempotency_key='draft')
    assert isinstance(draft, GigView), draft
    published = publish_gig.sync(draft.id, client=client, idempotency_key='publish')
    assert isinstance(published, GigView), published
    return published


def offers(client: AuthenticatedClient, category: str) -> list[GigView]:
    page = list_gigs.sync(client=client, category=category, status=ListedStatus.ACTIVE, limit=10)
    assert isinstance(page, GigPage), page
    gigs = [show_gig.sync(item.id, client=client) for item in page.items]
    return [gig for gig in gigs if isinstance(gig, GigView)]


def describe(extra: FastDeliveryView | ExtraRevisionsView | CustomExtraView) -> str:
    if extra.kind == 'fast_delivery':
        return f'within {extra.delivery_days} days'
    if extra.kind == 'extra_revisions':
        return f'{extra.revisions} more revisions'
    return f'{extra.title}, {extra.additional_days} more days'
