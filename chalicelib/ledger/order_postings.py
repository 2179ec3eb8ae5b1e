"""The money events of one order, from its payment to its release, with all that may go back. Pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.ledger.credit_postings import spendable, to_wallet
from chalicelib.ledger.postings import Line, Posting, posting
from chalicelib.ledger.purse import Means, Price, Purse, Sides, Standing


def payment_captured(sides: Sides, price: Price, means: Means, *, event: str = 'payment_captured') -> Posting:
    """The buyer's money is with the provider (or was here already), and held for the order."""
    order_id, buyer = sides.order_id, sides.buyer_id
    return _of(
        sides,
        f'pay:{means.payment_id}',
        event,
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, buyer),
        Line(f'escrow:{order_id}', price.price_minor, buyer),
        Line(f'fee.buyer:{order_id}', price.buyer_fee_minor, buyer),
        Line(f'fee.tax:{order_id}', price.tax_minor, buyer),
    )


class Leg(NamedTuple):
    """One refund: what goes back to the provider it came from, to the wallet, and to the credit that was given."""

    refund_id: str
    card_minor: int
    wallet_minor: int = 0
    promo_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.card_minor + self.wallet_minor + self.promo_minor


def refund_requested(
    sides: Sides, parts: dict[str, int], legs: Sequence[Leg], standing: Standing | None = None, owed_minor: int = 0
) -> Posting:
    """Part of an order's money, or all of it, is on its way back to the buyer, whatever stage the order is in.

    `standing` is its seller's, and `owed_minor` what its buyer owes.
    """
    return _of(
        sides,
        f'refund:{legs[0].refund_id}',
        'refund_requested',
        *_taken(sides, parts, standing or Standing()),
        *(Line(f'refund:{leg.refund_id}', leg.card_minor, sides.buyer_id) for leg in legs),
        *to_wallet(sides.buyer_id, sum(leg.wallet_minor for leg in legs), owed_minor),
        Line(f'buyer.promo:{sides.buyer_id}', sum(leg.promo_minor for leg in legs), sides.buyer_id),
    )


def late_payment_captured(sides: Sides, means: Means, refund_id: str, owed_minor: int = 0) -> Posting:
    """Money that came for an order which no longer takes it is on its way back at once."""
    return _of(
        sides,
        f'pay:{means.payment_id}',
        'late_payment_captured',
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, sides.buyer_id),
        Line(f'refund:{refund_id}', means.card_minor, sides.buyer_id),
        *to_wallet(sides.buyer_id, means.wallet_minor, owed_minor),
        Line(f'buyer.promo:{sides.buyer_id}', means.promo_minor, sides.buyer_id),
    )


def refund_succeeded(sides: Sides, refund_id: str, card_minor: int, provider: str) -> Posting:
    return _of(
        sides,
        f'refund_ok:{refund_id}',
        'refund_succeeded',
        Line(f'refund:{refund_id}', -card_minor, sides.buyer_id),
        Line(f'psp.balance:{provider}', card_minor),
    )


def refund_failed(sides: Sides, refund_id: str, card_minor: int, owed_minor: int = 0) -> Posting:
    """What cannot go back to where it came from is the buyer's all the same."""
    return _of(
        sides,
        f'refund_failed:{refund_id}',
        'refund_failed',
        Line(f'refund:{refund_id}', -card_minor, sides.buyer_id),
        *to_wallet(sides.buyer_id, card_minor, owed_minor),
    )


def refund_returned(
    sides: Sides, refund_id: str, card_minor: int, provider: str, *, is_in_doubt: bool, owed_minor: int = 0
) -> Posting:
    """It was sent, and has come back to us: the buyer's, unless their bank may give them the money."""
    waits = (Line(f'refund:{refund_id}', card_minor, sides.buyer_id),)
    return _of(
        sides,
        f'refund_returned:{refund_id}',
        'refund_returned',
        Line(f'psp.balance:{provider}', -card_minor),
        *(waits if is_in_doubt else to_wallet(sides.buyer_id, card_minor, owed_minor)),
    )


def refund_superseded(sides: Sides, refund_id: str, card_minor: int, number: int = 1) -> Posting:
    """The bank has given the buyer the money already, or so much of it: what was set aside for it makes our loss less.

    `number` counts the chargebacks that took some of one refund.
    """
    return _of(
        sides,
        f'refund_superseded:{refund_id}' + (f':{number}' if number > 1 else ''),
        'refund_superseded',
        Line(f'refund:{refund_id}', -card_minor, sides.buyer_id),
        Line('expense.chargeback:loss', card_minor),
    )


def order_completed(sides: Sides, before: Purse, after: Purse, tax_country: str | None) -> Posting:
    """The seller has earned it, and so have we the buyer's fee; the commission is ours when the money is released."""
    order_id, buyer = sides.order_id, sides.buyer_id
    return _of(
        sides,
        f'complete:{order_id}',
        'order_completed',
        Line(f'escrow:{order_id}', -before.escrow, buyer),
        Line(f'seller.clearing:{sides.seller_id}:{order_id}', after.clearing, sides.seller_id),
        Line(f'fee.commission:{order_id}', after.commission),
        Line(f'fee.buyer:{order_id}', -before.fee, buyer),
        Line('revenue.buyer_fee', before.fee),
        Line(f'fee.tax:{order_id}', -before.tax, buyer),
        Line(f'tax.payable:{tax_country}', before.tax),
    )


def payment_released(sides: Sides, purse: Purse, standing: Standing) -> Posting:
    """The clearing period is over: what the seller owes us is paid first."""
    return _of(
        sides,
        f'release:{sides.order_id}',
        'payment_released',
        Line(f'seller.clearing:{sides.seller_id}:{sides.order_id}', -purse.clearing, sides.seller_id),
        *to_seller(sides.seller_id, purse.clearing, standing),
        Line(f'fee.commission:{sides.order_id}', -purse.commission),
        Line('revenue.commission', purse.commission),
    )


def tip_captured(sides: Sides, means: Means, tip_minor: int, commission_minor: int, standing: Standing) -> Posting:
    """A tip is the seller's at once, less the commission."""
    return _of(
        sides,
        f'pay:{means.payment_id}',
        'tip_captured',
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, sides.buyer_id),
        *to_seller(sides.seller_id, tip_minor - commission_minor, standing),
        Line('revenue.commission', commission_minor),
    )


class Claim(NamedTuple):
    """A chargeback: what a buyer's bank has taken back, what that costs, and where it is taken from here."""

    ref: str
    provider: str
    taken_minor: int
    fee_minor: int
    parts: dict[str, int]
    """As `Purse.frozen` says; of money that was paid into a wallet, `wallet`. Whole quanta, whatever the bank has taken."""

    @property
    def held_minor(self) -> int:
        return sum(self.parts.values())


def chargeback_opened(sides: Sides, claim: Claim, standing: Standing) -> Posting:
    """The bank has the money for now; as much of it is frozen here as the order, or its seller, was given.

    What of it nobody can pay, because it is less than the quantum, is our loss at once.
    """
    whole = spendable(claim.taken_minor, sides.currency)
    return _of(
        sides,
        f'dispute_open:{claim.ref}',
        'chargeback_opened',
        Line(f'receivable.dispute:{sides.order_id}', -whole),
        Line('expense.chargeback:loss', whole - claim.taken_minor),
        Line('expense.chargeback:fee', -claim.fee_minor),
        Line(f'psp.balance:{claim.provider}', claim.taken_minor + claim.fee_minor),
        *_taken(sides, claim.parts, standing),
        Line(f'hold.dispute:{sides.order_id}', claim.held_minor),
    )


def chargeback_won(sides: Sides, claim: Claim, standing: Standing) -> Posting:
    """The bank has sent it back, and everything goes to where it was taken from."""
    whole = spendable(claim.taken_minor, sides.currency)
    return _of(
        sides,
        f'dispute_won:{claim.ref}',
        'chargeback_won',
        Line(f'psp.balance:{claim.provider}', -claim.taken_minor),
        Line(f'receivable.dispute:{sides.order_id}', whole),
        Line('expense.chargeback:loss', claim.taken_minor - whole),
        Line(f'hold.dispute:{sides.order_id}', -claim.held_minor),
        *_given_back(sides, claim.parts, standing),
    )


def chargeback_lost(sides: Sides, claim: Claim) -> Posting:
    """The buyer has it. What nobody gave is our loss."""
    whole = spendable(claim.taken_minor, sides.currency)
    return _of(
        sides,
        f'dispute_lost:{claim.ref}',
        'chargeback_lost',
        Line(f'receivable.dispute:{sides.order_id}', whole),
        Line(f'hold.dispute:{sides.order_id}', -claim.held_minor),
        Line('expense.chargeback:loss', claim.held_minor - whole),
    )


def to_seller(seller_id: str, minor: int, standing: Standing) -> tuple[Line, Line]:
    """Money for a seller: what they owe us is paid first."""
    repaid = min(minor, standing.owed_minor)
    return (
        Line(f'receivable.seller:{seller_id}', repaid, seller_id, is_reread=True),
        Line(f'seller.available:{seller_id}', minor - repaid, seller_id),
    )


def from_seller(seller_id: str, minor: int, standing: Standing) -> tuple[Line, Line]:
    """Money that a seller has to give back: what they have not got, they owe us."""
    taken = min(minor, standing.available_minor)
    return (
        Line(f'seller.available:{seller_id}', -taken, seller_id, is_reread=True),
        Line(f'receivable.seller:{seller_id}', taken - minor, seller_id),
    )


def _taken(sides: Sides, parts: dict[str, int], standing: Standing) -> tuple[Line, ...]:
    released = parts.get('released', 0)
    return (
        *_own(sides, {name: -part for name, part in parts.items()}),
        *from_seller(sides.seller_id, released, standing),
        Line('revenue.commission', -parts.get('earned', 0)),
    )


def _given_back(sides: Sides, parts: dict[str, int], standing: Standing) -> tuple[Line, ...]:
    return (*_own(sides, parts), *to_seller(sides.seller_id, parts.get('released', 0), standing))


def _own(sides: Sides, parts: dict[str, int]) -> list[Line]:
    """Lines on the accounts of the order itself."""
    order_id, buyer, seller = sides.order_id, sides.buyer_id, sides.seller_id
    names: dict[str, tuple[str, str | None]] = {
        'escrow': (f'escrow:{order_id}', buyer),
        'fee': (f'fee.buyer:{order_id}', buyer),
        'tax': (f'fee.tax:{order_id}', buyer),
        'clearing': (f'seller.clearing:{seller}:{order_id}', seller),
        'commission': (f'fee.commission:{order_id}', None),
        'wallet': (f'buyer.wallet:{buyer}', buyer),
    }
    return [
        Line(account, parts[name], owner, is_reread=name == 'wallet')
        for name, (account, owner) in names.items()
        if name in parts
    ]


def _of(sides: Sides, txid: str, event: str, *lines: Any) -> Posting:
    return posting(txid, event, sides.currency, *lines, order_id=sides.order_id)
