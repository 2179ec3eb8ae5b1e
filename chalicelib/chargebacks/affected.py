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
        self._payment = payment

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        order = self.order
        if order.frozen_by == 'dispute':
            disputes.supersede(tx, order)
        chargeback.parts = self._taken(chargeback)
        standing = self._standing()
        chargeback.available_minor = min(chargeback.parts.get('released', 0), standing.available_minor)
        order.purse = order.purse.less(_of_purse(chargeback.parts))
        order.freeze('chargeback')
        self._explain(chargeback)
        _claim(order, self._payment, chargeback)
        order.funds = OrderFunds.FROZEN.value
        orders.save(tx, order)
        ledger.post(tx, postings.chargeback_opened(order.sides, chargeback.claim, standing))
        self._note(tx, chargeback, 'ChargebackReceived')

    def _taken(self, chargeback: Chargeback) -> dict[str, int]:
        """The order's own money first; then what refunds that did not get through have put into the buyer's wallet."""
        parts = self.order.purse.frozen(chargeback.whole_minor)
        parts['wallet'] = _in_wallet(self.order, chargeback, chargeback.whole_minor - sum(parts.values()))
        return {name: part for name, part in parts.items() if part}

    def _explain(self, chargeback: Chargeback) -> None:
        """What the seller would have, or had, and has not as long as banks have it; what they owe instead is told as that."""
        order = self.order
        claims = [one for one in (chargeback, *self._of_others(chargeback)) if one.is_open]
        whole = order.purse
        for one in claims:
            whole = whole.plus(_of_purse(one.parts))
        minor = whole.net_minor(order.terms['commission_bps'], order.currency) + sum(one.available_minor for one in claims)
        if minor:
            order.hold(order.seller_id, 'chargeback', minor, rule='chargeback_open')
        else:
            order.let_go()

    def _of_others(self, chargeback: Chargeback) -> list[Chargeback]:
        """Other chargebacks that this order stands still for, or did."""
        others = store.of_order(self.order)
        return [one for one in others if one.id != chargeback.id and one.payment_id in self._own()]

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        self.order.purse = self.order.purse.plus(_of_purse(chargeback.parts))
        _claim(self.order, self._payment, chargeback)
        rest = self._go_on(tx, chargeback, is_lost=False)
        self._end(
            tx, chargeback, 'ChargebackWon', postings.chargeback_won(self.order.sides, chargeback.claim, self._standing()), rest
        )

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        self.order.sources = [self._less(source, chargeback) for source in self.order.sources]
        _claim(self.order, self._payment, chargeback)
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
        others = self._of_others(chargeback)
        if any(other.is_open for other in others):
            self._explain(chargeback)
            return None
        order.thaw()
        is_lost = is_lost or any(other.state == 'lost' for other in others)
        is_accepted = order.purse.clearing or order.purse.commission
        if not is_lost or is_accepted:  # what the bank did not take of accepted work is earned
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
        return {self._payment.id, *(source['payment_id'] for source in self.order.sources)}

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


def _claim(order: Order, payment: Payment, chargeback: Chargeback) -> None:
    """Tells the refunds of a payment how far its banks have come, after a chargeback was opened or has ended.

    What the buyer has from the bank and would have once more is no more than what nobody but us has given.
    """
    ours = [chargeback, *_others(order, chargeback)]
    lost = [one for one in ours if one.state == 'lost']
    from_bank = sum(one.whole_minor - one.parts.get('wallet', 0) for one in lost)
    unheld = sum(one.whole_minor - one.claim.held_minor for one in lost)
    refunded = sum(refund.card_minor for refund in order.refunds if _is_live(refund, chargeback))
    excess = max(0, min(unheld, from_bank + refunded - payment.amount_minor))
    order.claim(payment.id, is_open=any(one.is_open for one in ours), excess_minor=excess)


def _others(order: Order, chargeback: Chargeback) -> list[Chargeback]:
    """Other chargebacks of the same payment."""
    others = store.of_order(order)
    return [one for one in others if one.payment_id == chargeback.payment_id and one.id != chargeback.id]


def _in_wallet(order: Order, chargeback: Chargeback, most_minor: int) -> int:
    """What can be taken from the buyer's wallet, where refunds that did not get through have put it."""
    mine = [refund for refund in order.refunds if refund.payment_id == chargeback.payment_id]
    failed = sum(refund.card_minor for refund in mine if refund.state in ('failed', 'returned'))
    if not failed:
        return 0
    failed -= sum(one.parts.get('wallet', 0) for one in _others(order, chargeback) if one.state != 'won')
    (there,) = ledger.balances(order.currency, f'buyer.wallet:{order.buyer_id}')
    return spendable(min(failed, there, most_minor), order.currency)


def _is_live(refund: Refund, chargeback: Chargeback) -> bool:
    return refund.payment_id == chargeback.payment_id and refund.state != 'superseded'


class _Aside:
    """A tip is its seller's, and what came too late has gone back: the order itself is not concerned."""

    def __init__(self, payment: Payment) -> None:
        self.order = orders.load(payment.order_id or '')
        self.pk, self.seller_id = self.order.pk, self.order.seller_id
        self._sides = Sides(payment.id, payment.buyer_id, self.order.seller_id, payment.currency)
        self._payment = payment
        tip_minor = payment.amount_minor + payment.means.credit_minor
        self._given = 0 if payment.state == 'returned' else tips.net_minor(self.order, tip_minor)

    def freeze(self, tx: Transaction, chargeback: Chargeback) -> None:
        taken = sum(one.parts.get('released', 0) for one in _others(self.order, chargeback) if one.state != 'won')
        released = min(self._given - taken, chargeback.whole_minor)
        parts = {'released': released, 'wallet': _in_wallet(self.order, chargeback, chargeback.whole_minor - released)}
        chargeback.parts = {name: part for name, part in parts.items() if part}
        opened = postings.chargeback_opened(self._sides, chargeback.claim, self._standing())
        self._post(tx, chargeback, opened, 'ChargebackReceived')

    def win(self, tx: Transaction, chargeback: Chargeback) -> None:
        self._post(tx, chargeback, postings.chargeback_won(self._sides, chargeback.claim, self._standing()), 'ChargebackWon')

    def lose(self, tx: Transaction, chargeback: Chargeback) -> None:
        self._post(tx, chargeback, postings.chargeback_lost(self._sides, chargeback.claim), 'ChargebackLost')

    def _post(self, tx: Transaction, chargeback: Chargeback, posting: Posting, name: str) -> None:
        _claim(self.order, self._payment, chargeback)
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
