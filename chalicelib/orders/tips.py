"""Tips: what a buyer gives on top, once the work is accepted."""

from chalicelib.db import Transaction
from chalicelib.errors import Invalid
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.purse import Means
from chalicelib.money import must_be_whole, percentage
from chalicelib.orders import store
from chalicelib.orders.lifecycle import SYSTEM
from chalicelib.orders.rows import Order


def check(order: Order, amount_minor: int) -> None:
    currency, rules = order.currency, order.policy
    lowest, highest = rules.min_tip_minor[currency], room_minor(order)
    if not lowest <= amount_minor <= highest:
        said = f'All tips of an order come to its price at most: this one is of {lowest} to {highest} minor units of {currency}'
        raise Invalid.at('#/amount_minor', said)
    must_be_whole(amount_minor, currency, '#/amount_minor')


def room_minor(order: Order) -> int:
    """What may still be given: all tips of an order come to its price at most."""
    return max(order.price_minor - order.tips_minor, 0)


def net_minor(order: Order, tip_minor: int) -> int:
    """What of a tip is the seller's."""
    return tip_minor - percentage(tip_minor, order.terms['commission_bps'], order.currency)


def capture(tx: Transaction, order: Order, means: Means) -> None:
    """It is the seller's at once, less the commission."""
    tip_minor = means.card_minor + means.credit_minor
    order.tips_minor += tip_minor
    store.save(tx, order)
    standing = ledger.standing(order.seller_id, order.currency)
    commission = tip_minor - net_minor(order, tip_minor)
    ledger.post(tx, postings.tip_captured(order.sides, means, tip_minor, commission, standing))
    store.note(tx, order, 'TipReceived', SYSTEM, payment_id=means.payment_id, amount_minor=tip_minor)
