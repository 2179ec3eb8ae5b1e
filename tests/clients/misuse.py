"""What is wrong with each marked line must be found by a type checker, and nothing else."""

from gigmarket_client import AuthenticatedClient
from gigmarket_client.api.gigs import list_gigs, publish_gig
from gigmarket_client.api.users import show_me
from gigmarket_client.models import AskQuote, CustomExtraView, FastDeliveryView, GigView, Pay, SetLevel


def go_wrong(client: AuthenticatedClient, gig: GigView) -> None:
    publish_gig.sync(gig.id, client=client)  # error call-arg
    list_gigs.sync(client=client, limit='all')  # error arg-type
    SetLevel(level='boss')  # error arg-type
    Pay(card_number='4242')  # error call-arg
    AskQuote(gig_id='gig_1').price_minor = 1  # error attr-defined
    print(gig.from_price_minor)  # error attr-defined
    print(show_me.sync(client=client).id)  # error union-attr


def describe(extra: FastDeliveryView | CustomExtraView) -> str:
    print(extra.delivery_days)  # error union-attr
    if extra.kind == 'custom':
        return extra.title
    return str(extra.title)  # error attr-defined
