"""The people of the demo, and what they do in every act."""

from dataclasses import dataclass
from typing import Any

from ulid import ULID

from infra.local.client import Marketplace, Person
from infra.local.demo.figures import Figures
from infra.local.demo.stage import check, say
from infra.local.seed import PASSWORD


@dataclass(frozen=True)
class Deal:
    """An order between two people."""

    buyer: Person
    seller: Person
    gig: dict[str, Any]
    order: dict[str, Any]

    @property
    def path(self) -> str:
        return f'/orders/{self.order["id"]}'


def join(market: Marketplace, name: str) -> Person:
    """Somebody new, signed up and signed in."""
    email = f'{name}-{str(ULID())[-8:].lower()}@example.com'
    password = f'a long password {ULID()}'.lower() + '1'
    market.sign_up(email, password)
    market.confirm_sign_up(email, '123456')  # what the local pool sends to everybody
    say(f'{email} has an account')
    return market.sign_in(email, password)


def support_of(market: Marketplace) -> Person:
    """The member of staff whom the seed has made."""
    return market.sign_in('admin@example.com', PASSWORD)


def list_gig(seller: Person, gig: dict[str, Any]) -> dict[str, Any]:
    draft = seller.post('/gigs', gig)
    return dict(seller.post(f'/gigs/{draft["id"]}/publish'))


def buy(buyer: Person, seller: Person, gig: dict[str, Any], package: str, due: Figures) -> Deal:
    """An order that is paid."""
    quote = buyer.post('/quotes', {'gig_id': gig['id'], 'package': package})
    check(f'{gig["packages"][-1]["name"]} cost the buyer, with fee and PPN', quote['buyer_total_minor'], due.total)
    order = buyer.post('/orders', {'quote_id': quote['id']})
    buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'})
    return Deal(buyer, seller, gig, buyer.get(f'/orders/{order["id"]}'))


def deliver(deal: Deal) -> None:
    order = deal.seller.post(f'{deal.path}/deliveries', {'message': 'Here it is'})
    check('delivered', order['state'], 'delivered')
