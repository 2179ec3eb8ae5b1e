"""How an order's money came to be where it is: every transaction of the ledger that moved it, as either side may see them."""

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.auth import Caller
from chalicelib.chargebacks import store as chargebacks
from chalicelib.invoices.schemas import OrderTransactions
from chalicelib.ledger import accounts, transactions
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.orders.rows import Order

_OF_PAYMENTS = ('reserve', 'unreserve', 'pay')
_OF_REFUNDS = ('refund', 'refund_ok', 'refund_failed', 'refund_returned', 'refund_superseded')
_OF_CHARGEBACKS = ('dispute_open', 'dispute_won', 'dispute_lost')
_OF_ORDERS = ('complete', 'release')
_THEIRS = {
    OrderRole.BUYER: ('escrow', 'fee.buyer', 'fee.tax', 'buyer.wallet', 'buyer.promo', 'buyer.reserved', 'refund'),
    OrderRole.SELLER: ('seller.clearing', 'seller.available'),
    OrderRole.STAFF: (),
}
"""Kinds of accounts that are a side's own in whatever moves an order's money."""


def show(order_id: str, caller: Caller) -> OrderTransactions:
    """Oldest first. To a stranger there is no such order."""
    order, actor = orders.load_for(order_id, caller)
    found = sorted(
        ledger.transactions(_names(order)).values(), key=lambda transaction: (transaction['at'], transaction['txid'])
    )
    seen = (transactions.seen(one, _owned(one, actor), is_staff=caller.is_staff) for one in found)
    return OrderTransactions(items=list(seen))


def _owned(transaction: dict[str, Any], actor: Actor) -> set[str]:
    """Either side may owe: their debts are on accounts of the same kind."""
    theirs, debt = _THEIRS[actor.role], f'receivable.seller:{actor.id}'
    return {account for account, _ in transaction['lines'] if accounts.root(account) in theirs or account == debt}


def _names(order: Order) -> Iterator[str]:
    """All that there may be: transactions are named after what they are about, and which of them exist the journal knows."""
    yield from (f'{event}:{order.id}' for event in _OF_ORDERS)
    yield from (f'{event}:{payment_id}' for payment_id in _payments(order) for event in _OF_PAYMENTS)
    yield from (f'{event}:{refund.id}' for refund in order.refunds for event in _OF_REFUNDS)
    yield from (f'refund_superseded:{one.id}:{n}' for one in order.refunds for n in range(2, one.times_superseded + 1))
    yield from (f'{event}:{chargeback.ref}' for chargeback in chargebacks.of_order(order) for event in _OF_CHARGEBACKS)


def _payments(order: Order) -> list[str]:
    """Of the order, of its extras and of tips: the log tells of each when it is begun."""
    noted = (json.loads(event['data']) for event in orders.all_events(order.id) if event['name'] == 'PaymentStarted')
    return [data['payment_id'] for data in noted]
