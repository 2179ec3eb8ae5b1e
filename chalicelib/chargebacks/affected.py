"""Whose money a chargeback freezes, by what the payment was for."""

from typing import Any, Protocol

from chalicelib import clock
from chalicelib.chargebacks import store
from chalicelib.chargebacks.store import Chargeback
from chalicelib.db import Transaction
from chalicelib.disputes import actions as disputes
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.credit_postings import spendable
from chalicelib.ledger.postings import Posting
from chalicelib.ledger.purse import Sides, Standing
from chalicelib.orders import deliveries, refunds, tips
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import PAID, SYSTEM, OrderFunds, OrderState
from chalicelib.orders.rows import Order, Refund
from chalicelib.payments import store as payments
from chalicelib.payments.store import Payment

_CLOSED_BECAUSE = "The buyer's bank has taken the payment back"


class Affected(Protocol):
    """What a chargeback is about."""

    @property
    def pk(self) -> str: ...

    @property
    def order(self) -> Order | None: ...

    @property
    def seller_id(self) -> str | None: ...

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        """Takes the money from where it is, and says so in `chargeback.parts`."""

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        """Everything is as it was before."""

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        """The buyer keeps what the bank has taken."""


def affected(payment: Payment) -> Affected:
    if payment.purpose in ('top_up', 'campaign'):
        return _Wallet(payment)
    return _Aside(payment) if payment.purpose == 'tip' or payment.state == 'returned' else _Order(payment)


class _Order:
    """An order stands still, and its own money is taken first; then its seller's."""

    def __init__(self, payment: Payment) -> None:
        self.order = orders.load(payment.order_id or '')
        self.pk, self.seller_id = self.order.pk, self.order.seller_id
        self._payment_id = payment.id

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        order = self.order
        if order.frozen_by == 'dispute':
            disputes.supersede(tx, order)
        chargeback.parts = self._taken(chargeback)
        standing = self._standing()
        if order.frozen_by != 'chargeback':
            released = chargeback.parts.get('released', 0)
            self._explain(min(released, standing.available_minor) if released else order.net_minor)
        order.purse = order.purse.less(_of_purse(chargeback.parts))
        order.freeze('chargeback')
        order.funds = OrderFunds.FROZEN.value
        orders.save(tx, order)
        ledger.post(tx, postings.chargeback_opened(order.sides, chargeback.claim, standing))
        self._note(tx, chargeback, 'ChargebackReceived')

    def _taken(self, chargeback: Chargeback) -> dict[str, int]:
        """The order's own money first; then what refunds that did not get through have put into the buyer's wallet."""
        parts = self.order.purse.frozen(chargeback.whole_minor)
        failed = sum(refund.card_minor for refund in self.order.refunds if _is_in_wallet(refund, chargeback))
        if failed:
            (there,) = ledger.balances(self.order.currency, f'buyer.wallet:{self.order.buyer_id}')
            left = chargeback.whole_minor - sum(parts.values())
            parts['wallet'] = spendable(min(failed, there, left), self.order.currency)
        return {name: part for name, part in parts.items() if part}

    def _explain(self, minor: int) -> None:
        """What the seller would have, or had, and has not as long as the bank has it; what they owe instead is told as that."""
        if minor:
            self.order.hold(self.order.seller_id, 'chargeback', minor, rule='chargeback_open')

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        self.order.purse = self.order.purse.plus(_of_purse(chargeback.parts))
        rest = self._go_on(tx, chargeback, is_lost=False)
        self._end(
            tx, chargeback, 'ChargebackWon', postings.chargeback_won(self.order.sides, chargeback.claim, self._standing()), rest
        )

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        self.order.sources = [self._less(source, chargeback) for source in self.order.sources]
        rest = self._go_on(tx, chargeback, is_lost=True)
        self._end(tx, chargeback, 'ChargebackLost', postings.chargeback_lost(self.order.sides, chargeback.claim), rest)

    def _end(self, tx: Transaction, chargeback: Chargeback, name: str, ended: Posting, rest: refunds.Taken | None) -> None:
        orders.save(tx, self.order)
        self._note(tx, chargeback, name)
        if self.order.closed_because == _CLOSED_BECAUSE:
            orders.note(tx, self.order, 'OrderCancelled', SYSTEM, reason=_CLOSED_BECAUSE, fault='none')
        returned = refunds.request(tx, self.order, rest, Standing(), SYSTEM) if rest else None
        ledger.post(tx, *(posting for posting in (ended, returned) if posting))

    def _go_on(self, tx: Transaction, chargeback: Chargeback, *, is_lost: bool) -> refunds.Taken | None:
        """After the last chargeback of an order, it goes on; or it ends, if any of them was lost.

        The work of a completed one was accepted: what is left of its price goes on clearing.
        """
        order = self.order
        others = [other for other in store.of_order(order) if other.id != chargeback.id and other.payment_id in self._own()]
        if any(other.is_open for other in others):
            return None
        order.thaw()
        is_lost = is_lost or any(other.state == 'lost' for other in others)
        if not is_lost or order.purse.clearing:  # what the bank did not take of accepted work is its seller's
            order.funds = refunds.funds_of(order)
            order.account_for()
            return None
        taken = refunds.take(order, held, SYSTEM, 'What the bank did not take') if (held := order.purse.held_minor) else None
        order.funds = OrderFunds.CHARGED_BACK.value
        order.set_timer(None)
        order.account_for()
        if order.state in PAID:
            self._cancel(tx)
        return taken

    def _own(self) -> set[str]:
        return {self._payment_id, *(source['payment_id'] for source in self.order.sources)}

    def _cancel(self, tx: Transaction) -> None:
        order = self.order
        deliveries.take_back(tx, order)
        order.enter(OrderState.CANCELLED)
        order.closed_at, order.closed_by = clock.now_ms(), SYSTEM.role.value
        order.closed_because, order.fault = _CLOSED_BECAUSE, 'none'

    def _less(self, source: dict[str, Any], chargeback: Chargeback) -> dict[str, Any]:
        if source['payment_id'] != chargeback.payment_id:
            return source
        back = min(source['card'], source['card_back'] + chargeback.whole_minor)
        return {**source, 'card_back': back, 'charged_back': source.get('charged_back', 0) + chargeback.whole_minor}

    def _standing(self) -> Standing:
        return ledger.standing(self.order.seller_id, self.order.currency)

    def _note(self, tx: Transaction, chargeback: Chargeback, name: str) -> None:
        orders.note(tx, self.order, name, SYSTEM, chargeback_id=chargeback.id, amount_minor=chargeback.whole_minor)


def _of_purse(parts: dict[str, int]) -> dict[str, int]:
    return {name: part for name, part in parts.items() if name != 'wallet'}


def _is_in_wallet(refund: Refund, chargeback: Chargeback) -> bool:
    return refund.state in ('failed', 'returned') and refund.payment_id == chargeback.payment_id


class _Aside:
    """A tip is its seller's, and what came too late has gone back: the order itself is not concerned."""

    def __init__(self, payment: Payment) -> None:
        self.order = orders.load(payment.order_id or '')
        self.pk, self.seller_id = self.order.pk, self.order.seller_id
        self._sides = Sides(payment.id, payment.buyer_id, self.order.seller_id, payment.currency)
        tip_minor = payment.amount_minor + payment.means.credit_minor
        self._given = 0 if payment.state == 'returned' else tips.net_minor(self.order, tip_minor)

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        taken = min(self._given, chargeback.whole_minor)
        chargeback.parts = {'released': taken} if taken else {}
        self._post(tx, postings.chargeback_opened(self._sides, chargeback.claim, self._standing()), 'ChargebackReceived')

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        self._post(tx, postings.chargeback_won(self._sides, chargeback.claim, self._standing()), 'ChargebackWon')

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        self._post(tx, postings.chargeback_lost(self._sides, chargeback.claim), 'ChargebackLost')

    def _post(self, tx: Transaction, posting: Posting, name: str) -> None:
        orders.save(tx, self.order)
        ledger.post(tx, posting)
        orders.note(tx, self.order, name, SYSTEM, payment_id=self._sides.order_id)

    def _standing(self) -> Standing:
        return ledger.standing(self.order.seller_id, self.order.currency)


class _Wallet:
    """What was paid into a wallet is taken from there; what is not there any more, its owner owes us, as sellers do.

    So is what was paid for a campaign: its workers are paid for what they have done all the same.
    """

    order = None
    seller_id = None

    def __init__(self, payment: Payment) -> None:
        self.pk = payments.pk(payment.id)
        self._sides = Sides(payment.id, payment.buyer_id, payment.buyer_id, payment.currency)

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        (there,) = ledger.balances(chargeback.currency, f'buyer.wallet:{self._sides.buyer_id}')
        taken = spendable(min(there, chargeback.whole_minor), chargeback.currency)
        parts = {'wallet': taken, 'released': chargeback.whole_minor - taken}
        chargeback.parts = {name: part for name, part in parts.items() if part}
        ledger.post(tx, postings.chargeback_opened(self._sides, chargeback.claim, self._standing()))

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        ledger.post(tx, postings.chargeback_won(self._sides, chargeback.claim, self._standing()))

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        ledger.post(tx, postings.chargeback_lost(self._sides, chargeback.claim))

    def _standing(self) -> Standing:
        return ledger.standing(self._sides.buyer_id, self._sides.currency)
