"""What a payment is for, and what follows when its money comes, comes too late, or does not come."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from chalicelib.campaigns import funding as campaigns
from chalicelib.campaigns import store as campaign_store
from chalicelib.db import Transaction
from chalicelib.ledger import credit_postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.purse import Means
from chalicelib.orders import actions as orders
from chalicelib.orders import additions, refunds, tips
from chalicelib.orders import store as order_store
from chalicelib.orders.lifecycle import SYSTEM, OrderState
from chalicelib.orders.rows import Order
from chalicelib.payments.store import Payment


class Purpose(Protocol):
    """Read before the payment is: what is read after its payment may have been changed by it in between."""

    def is_waited_for(self, payment: Payment, /) -> bool: ...

    def take(self, tx: Transaction, means: Means) -> None:
        """The money is here, and waited for."""

    def return_late(self, tx: Transaction, means: Means) -> None:
        """The money is here, and nobody waits for it any more."""

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        """The payment has failed: another may be tried."""


class _OfOrder:
    def __init__(self, payment: Payment) -> None:
        self._id = payment.id
        self._order: Order = order_store.load(payment.order_id or '')

    def return_late(self, tx: Transaction, means: Means) -> None:
        refunds.return_late_payment(tx, self._order, means)

    def _note_failure(self, tx: Transaction, failure: str | None) -> None:
        order_store.save(tx, self._order)
        order_store.note(tx, self._order, 'PaymentFailed', SYSTEM, payment_id=self._id, failure=failure)


class ForOrder(_OfOrder):
    def is_waited_for(self, payment: Payment) -> bool:
        return self._order.state == OrderState.PENDING_PAYMENT and self._order.payment_id == payment.id

    def take(self, tx: Transaction, means: Means) -> None:
        orders.capture(tx, self._order, means)

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        if self._order.state == OrderState.PENDING_PAYMENT and self._order.payment_id == self._id:
            self._order.payment_id = None
            self._note_failure(tx, failure)


class ForExtra(_OfOrder):
    def __init__(self, payment: Payment) -> None:
        super().__init__(payment)
        self._addition = order_store.addition(self._order, payment.subject_id or '')

    def is_waited_for(self, payment: Payment) -> bool:
        return additions.is_waited_for(self._order, self._addition, payment.id)

    def take(self, tx: Transaction, means: Means) -> None:
        additions.capture(tx, self._order, self._addition, means)

    def return_late(self, tx: Transaction, means: Means) -> None:
        super().return_late(tx, means)
        self._let_go(tx)

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        if self._addition.payment_id == self._id:
            self._note_failure(tx, failure)
            self._let_go(tx)

    def _let_go(self, tx: Transaction) -> None:
        if self._addition.payment_id == self._id:
            self._addition.payment_id = None
            order_store.save_addition(tx, self._addition)


class ForTip(_OfOrder):
    def is_waited_for(self, payment: Payment) -> bool:
        means = payment.means
        has_room = means.card_minor + means.credit_minor <= tips.room_minor(self._order)
        return payment.state != 'failed' and not self._order.frozen_by and has_room

    def take(self, tx: Transaction, means: Means) -> None:
        tips.capture(tx, self._order, means)

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        self._note_failure(tx, failure)


class ForWallet:
    def __init__(self, payment: Payment) -> None:
        self._payment = payment

    def is_waited_for(self, _: Payment, /) -> bool:
        return True  # money in a wallet never comes too late

    def take(self, tx: Transaction, means: Means) -> None:
        buyer_id, currency = self._payment.buyer_id, self._payment.currency
        ledger.post(tx, credit_postings.wallet_topped_up(buyer_id, currency, means, ledger.owed(buyer_id, currency)))

    return_late = take

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        """Nothing waits for it."""


class ForCampaign:
    """Its positions: the first ones, or more."""

    def __init__(self, payment: Payment) -> None:
        self._id = payment.id
        self._campaign = campaign_store.load(payment.subject_id or '')

    def is_waited_for(self, payment: Payment) -> bool:
        return campaigns.is_waited_for(self._campaign, payment.id)

    def take(self, tx: Transaction, means: Means) -> None:
        campaigns.capture(tx, self._campaign, means)

    def return_late(self, tx: Transaction, means: Means) -> None:
        campaigns.return_late(tx, self._campaign, means)

    def give_up(self, tx: Transaction, failure: str | None) -> None:
        campaigns.give_up(tx, self._campaign, self._id, failure)


_PURPOSES: Mapping[str, Callable[[Payment], Purpose]] = MappingProxyType(
    {'order': ForOrder, 'extra': ForExtra, 'tip': ForTip, 'top_up': ForWallet, 'campaign': ForCampaign}
)


def purpose_of(payment: Payment) -> Purpose:
    return _PURPOSES[payment.purpose](payment)
