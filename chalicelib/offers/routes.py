from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.offers import actions, store
from chalicelib.offers.schemas import MakeOffer, OfferPage, OfferQuery, OfferSummary, OfferView
from chalicelib.orders.schemas import OrderView
from chalicelib.reads import Paging

routes = Routes(__name__, tag='Offers')


@routes.write('POST', '/offers', takes=MakeOffer, answers=OfferView, status=201)
def make_offer(tx: Transaction, caller: Caller, wanted: MakeOffer) -> OfferView:
    """Offer something to one buyer, at a price of its own. Both see every line of what it costs and brings."""
    return OfferView.of(actions.make(tx, caller.user_id, wanted.model_dump()))


@routes.read('/offers', answers=OfferPage, query=OfferQuery)
def list_offers(caller: Caller, asked: OfferQuery) -> OfferPage:
    """Offers made to you, or by you, newest first."""
    listing = store.made_to if asked.role == 'buyer' else store.made_by
    page = listing(caller.user_id, Paging(asked.limit, asked.cursor))
    return OfferPage(items=[OfferSummary.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.read('/offers/{offer_id}', answers=OfferView)
def show_offer(caller: Caller, offer_id: str) -> OfferView:
    """One offer, for its two sides."""
    offer, _ = store.get_for(offer_id, caller)
    return OfferView.of(offer)


@routes.write('POST', '/offers/{offer_id}/accept', answers=OrderView, status=201)
def accept_offer(tx: Transaction, caller: Caller, offer_id: str) -> OrderView:
    """Accept an offer, which places an order on exactly its terms.

    The order waits a day for its payment.
    """
    return OrderView.of(actions.accept(tx, caller, offer_id))


@routes.write('POST', '/offers/{offer_id}/decline', answers=OfferView)
def decline_offer(tx: Transaction, caller: Caller, offer_id: str) -> OfferView:
    """Decline an offer that was made to you."""
    return OfferView.of(actions.end(tx, caller, offer_id, 'decline'))


@routes.write('POST', '/offers/{offer_id}/withdraw', answers=OfferView)
def withdraw_offer(tx: Transaction, caller: Caller, offer_id: str) -> OfferView:
    """Take back an offer that you made and nobody has answered."""
    return OfferView.of(actions.end(tx, caller, offer_id, 'withdraw'))
