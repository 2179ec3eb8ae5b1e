"""Extras that a seller offers while the order runs: paid by the buyer, they become part of the order."""

from typing import Any

from chalicelib import clock, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.purse import Means, Price
from chalicelib.money import must_be_whole, percentage
from chalicelib.orders import extensions, lifecycle, limits, store
from chalicelib.orders.lifecycle import PAID, SYSTEM, Actor, OrderState
from chalicelib.orders.rows import Addition, Order


def offer(tx: Transaction, caller: Caller, order_id: str, wanted: dict[str, Any]) -> Order:
    """Offers an extra at a price: `title`, `price_minor`, `additional_days` and `revisions`. It is the buyer's to take."""
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('offer_extra', actor, order.facts())
    limits.check_another_addition(order)
    price = _price(order, wanted['price_minor'])
    addition_id = ids.new('add')
    addition = Addition(
        id=addition_id,
        order_id=order.id,
        title=wanted['title'],
        price_minor=price.price_minor,
        buyer_fee_minor=price.buyer_fee_minor,
        tax_minor=price.tax_minor,
        additional_days=wanted['additional_days'],
        revisions=wanted['revisions'],
        offered_at=clock.now_ms(),
    )
    store.save(tx, order)
    store.add_part(tx, order, addition, f'ADDITION#{addition_id}')
    order.additions.append(addition)
    _note(tx, order, addition, 'ExtraOffered', actor)
    return order


def end(tx: Transaction, caller: Caller, order_id: str, addition_id: str, *, action: str) -> Order:
    """The seller withdraws it, or the buyer declines it: `withdraw_extra` or `decline_extra`."""
    order, actor = store.load_for(order_id, caller)
    addition = store.addition(order, addition_id)
    lifecycle.decide(action, actor, order.facts())
    must_be_open(addition)
    addition.state, name = ('withdrawn', 'ExtraWithdrawn') if action == 'withdraw_extra' else ('declined', 'ExtraDeclined')
    store.save(tx, order)
    store.save_addition(tx, addition)
    _note(tx, order, addition, name, actor)
    return order


def must_be_open(addition: Addition) -> None:
    if addition.state != 'offered':
        raise Conflict(f'This extra is {addition.state} already')
    if addition.payment_id:
        raise Conflict(f'Payment {addition.payment_id} of this extra is being made; confirm it, or wait until it fails')


def is_waited_for(order: Order, addition: Addition, payment_id: str) -> bool:
    """Whether a payment would still make it part of the order."""
    is_open = addition.state == 'offered' and addition.payment_id == payment_id
    return is_open and order.state in PAID and not order.frozen_by


def capture(tx: Transaction, order: Order, addition: Addition, means: Means) -> None:
    """It was paid: it is part of the order, as if it had been ordered with it."""
    price = addition.price
    addition.state = 'paid'
    order.price_minor += price.price_minor
    order.buyer_fee_minor += price.buyer_fee_minor
    order.tax_minor += price.tax_minor
    order.commission_minor = percentage(order.price_minor, order.terms['commission_bps'], order.currency)
    order.terms = _with(order, addition)
    order.take_in(price, means)
    if order.delivery_due_at and order.state != OrderState.DELIVERED:
        extensions.move_due_date(order, addition.additional_days)
    store.save(tx, order)
    store.save_addition(tx, addition)
    ledger.post(tx, postings.payment_captured(order.sides, price, means, event='extra_captured'))
    _note(tx, order, addition, 'ExtraPaid', SYSTEM)


def _with(order: Order, addition: Addition) -> dict[str, Any]:
    extra = {
        'kind': 'custom',
        'id': addition.id,
        'title': addition.title,
        'quantity': 1,
        'price_minor': addition.price_minor,
        'amount_minor': addition.price_minor,
        'additional_days': addition.additional_days,
    }
    revisions = order.terms['revisions']
    return {
        **order.terms,
        'extras': [*order.terms['extras'], extra],
        'delivery_days': order.terms['delivery_days'] + addition.additional_days,
        'revisions': None if revisions is None else revisions + addition.revisions,
    }


def _price(order: Order, price_minor: int) -> Price:
    """The fees of an extra are those of its order."""
    currency, terms = order.currency, order.terms
    must_be_whole(price_minor, currency, '#/price_minor')
    offered = sum(addition.price_minor for addition in order.additions if addition.state == 'offered')
    most = order.policy.max_price_minor[currency] - order.price_minor - offered
    if price_minor > most:
        raise Invalid.at('#/price_minor', f'This order takes extras of {most} minor units more at most')
    fee = percentage(price_minor, terms['buyer_fee_bps'], currency)
    return Price(price_minor, fee, percentage(fee, terms['tax']['rate_bps'], currency) if terms['tax'] else 0)


def _note(tx: Transaction, order: Order, addition: Addition, name: str, actor: Actor) -> None:
    store.note(tx, order, name, actor, extra_id=addition.id, title=addition.title, price_minor=addition.price_minor)
