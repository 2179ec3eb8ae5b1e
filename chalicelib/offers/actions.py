"""The verbs of an offer: make, accept, decline, withdraw; and what its clock does."""

from typing import Any

from chalicelib import clock, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Invalid, NotFound
from chalicelib.gigs import store as gigs
from chalicelib.gigs.categories import SLUGS
from chalicelib.gigs.lifecycle import Status
from chalicelib.offers import lifecycle, store
from chalicelib.offers.lifecycle import OfferRole, OfferState
from chalicelib.offers.store import Offer
from chalicelib.orders import actions as orders
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.orders.rows import Order
from chalicelib.quotes import agreements
from chalicelib.quotes.rules import Rates

_TERMS = ('description', 'category', 'delivery_days', 'revisions', 'requirements')


def make(tx: Transaction, seller_id: str, wanted: dict[str, Any]) -> Offer:
    """Offers something to a buyer: `wanted` as `MakeOffer` has it. What it costs and brings is frozen."""
    wanted = wanted | {'category': _category(wanted, seller_id)}
    _check_names(wanted['requirements'])
    rates = _rates(wanted['buyer_id'], seller_id)
    now, offer_id, rulebook = clock.now_ms(), ids.new('off'), policy.current(settings.STAGE)
    offer = Offer(
        *store.key(offer_id),
        id=offer_id,
        seller_id=seller_id,
        **{name: wanted[name] for name in ('buyer_id', 'gig_id', 'title', 'currency', 'price_minor')},
        terms={name: wanted[name] for name in _TERMS},
        rates=rates._asdict(),
        created_at=now,
        valid_until=now + wanted['expires_in_days'] * rulebook.day_ms,
    )
    agreements.check(offer.agreed, rates)
    offer.set_timer(('expire_offer', offer.valid_until))
    store.add(tx, offer)
    return offer


def accept(tx: Transaction, caller: Caller, offer_id: str) -> Order:
    """Places an order on exactly what is offered. It waits for its payment, as any other."""
    offer, role = store.get_for(offer_id, caller)
    _end(offer, 'accept', role)
    order = orders.place_agreed(tx, Actor(OrderRole.BUYER, offer.buyer_id), offer.agreed, offer.frozen_rates)
    offer.order_id = order.id
    store.save(tx, offer)
    return order


def end(tx: Transaction, caller: Caller, offer_id: str, action: str) -> Offer:
    """The buyer declines it, or the seller withdraws it: `decline` or `withdraw`."""
    offer, role = store.get_for(offer_id, caller)
    _end(offer, action, role)
    store.save(tx, offer)
    return offer


def expire(tx: Transaction, offer: Offer) -> None:
    _end(offer, 'expire', OfferRole.SYSTEM)
    store.save(tx, offer)


def _end(offer: Offer, action: str, role: OfferRole) -> None:
    is_over = offer.valid_until < clock.now_ms()
    offer.close(lifecycle.decide(action, role, OfferState(offer.state), is_over=is_over))


def _category(wanted: dict[str, Any], seller_id: str) -> str:
    """That of the gig which the offer refers to, or else the one that it names."""
    if wanted['gig_id'] is None:
        if wanted['category'] not in SLUGS:
            raise Invalid.at('#/category', 'Name a gig of yours, or choose a second-level slug of GET /categories')
        return str(wanted['category'])
    if wanted['category'] is not None:
        raise Invalid.at('#/category', 'It is that of the gig; leave it out')
    try:
        gig = gigs.get(wanted['gig_id'])
    except NotFound as missing:
        raise Invalid.at('#/gig_id', missing.detail) from missing
    if gig.seller_id != seller_id or gig.status != Status.ACTIVE:
        raise Invalid.at('#/gig_id', f'You have no active gig {gig.id}')
    return gig.category


def _rates(buyer_id: str, seller_id: str) -> Rates:
    try:
        return agreements.rates(buyer_id, seller_id)
    except NotFound as missing:
        raise Invalid.at('#/buyer_id', missing.detail) from missing


def _check_names(requirements: list[dict[str, Any]]) -> None:
    seen = set()
    for n, requirement in enumerate(requirements):
        if requirement['id'] in seen:
            raise Invalid.at(f'#/requirements/{n}/id', 'Each id is used once')
        seen.add(requirement['id'])
