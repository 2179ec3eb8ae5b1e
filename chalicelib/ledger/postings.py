"""Every money event as a balanced set of lines. Pure; amounts are whole minor units.

Signs: + is a credit, - a debit. Names (`txid`) are made from the business fact and from nothing else, so that posting it a
second time is recognised.
"""

import hashlib
import json
from dataclasses import dataclass

from chalicelib.ledger import accounts
from chalicelib.money import CURRENCIES, is_whole


@dataclass(frozen=True, slots=True)
class Line:
    account: str
    minor: int
    owner_id: str | None = None
    """Whose statement shows this line."""


@dataclass(frozen=True)
class Posting:
    """One transaction of the ledger, in one currency."""

    txid: str
    event: str
    currency: str
    lines: tuple[Line, ...]
    order_id: str | None = None

    def __post_init__(self) -> None:
        names = [line.account for line in self.lines]
        if self.currency not in CURRENCIES:
            raise ValueError(f'{self.txid}: unknown currency {self.currency!r}')
        if any(type(line.minor) is not int or line.minor == 0 for line in self.lines):
            raise ValueError(f'{self.txid}: every line moves a whole, non-zero amount')
        if len(self.lines) < 2 or len(set(names)) != len(names):
            raise ValueError(f'{self.txid}: two lines or more, one per account')
        if total := sum(line.minor for line in self.lines):
            raise ValueError(f'{self.txid}: off balance by {total}')
        for line in self.lines:
            if accounts.rule(line.account).is_guarded and not is_whole(line.minor, self.currency):
                raise ValueError(f'{self.txid}: nobody can pay {line.minor} minor units of {self.currency}')

    @property
    def fingerprint(self) -> str:
        """Tells whether a posting of the same name is the same posting."""
        said = [self.txid, self.currency, [[line.account, line.minor] for line in self.lines]]
        return hashlib.sha256(json.dumps(said, separators=(',', ':')).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Bargain:
    """The money of one order, as it was agreed."""

    order_id: str
    buyer_id: str
    seller_id: str
    currency: str
    price_minor: int
    buyer_fee_minor: int
    commission_minor: int

    @property
    def total_minor(self) -> int:
        return self.price_minor + self.buyer_fee_minor

    @property
    def net_minor(self) -> int:
        return self.price_minor - self.commission_minor


def payment_captured(bargain: Bargain, payment_id: str, provider: str) -> Posting:
    """The buyer's money is with the provider, and held for the order."""
    return _of_order(
        bargain,
        f'pay:{payment_id}',
        'payment_captured',
        Line(f'psp.clearing:{provider}', -bargain.total_minor),
        Line(f'escrow:{bargain.order_id}', bargain.price_minor, bargain.buyer_id),
        Line(f'fee.buyer:{bargain.order_id}', bargain.buyer_fee_minor, bargain.buyer_id),
    )


def refund_requested(bargain: Bargain, refund_id: str) -> Posting:
    """All that is held for an order that was not completed is on its way back to the buyer."""
    return _of_order(
        bargain,
        f'refund:{refund_id}',
        'refund_requested',
        Line(f'escrow:{bargain.order_id}', -bargain.price_minor, bargain.buyer_id),
        Line(f'fee.buyer:{bargain.order_id}', -bargain.buyer_fee_minor, bargain.buyer_id),
        Line(f'refund:{refund_id}', bargain.total_minor, bargain.buyer_id),
    )


def late_payment_captured(bargain: Bargain, payment_id: str, refund_id: str, provider: str) -> Posting:
    """Money that came for an order which no longer takes it is on its way back at once."""
    return _of_order(
        bargain,
        f'pay:{payment_id}',
        'late_payment_captured',
        Line(f'psp.clearing:{provider}', -bargain.total_minor),
        Line(f'refund:{refund_id}', bargain.total_minor, bargain.buyer_id),
    )


def refund_succeeded(bargain: Bargain, refund_id: str, provider: str) -> Posting:
    return _of_order(
        bargain,
        f'refund_ok:{refund_id}',
        'refund_succeeded',
        Line(f'refund:{refund_id}', -bargain.total_minor, bargain.buyer_id),
        Line(f'psp.balance:{provider}', bargain.total_minor),
    )


def refund_failed(bargain: Bargain, refund_id: str) -> Posting:
    """What cannot go back to where it came from is the buyer's all the same."""
    return _of_order(
        bargain,
        f'refund_failed:{refund_id}',
        'refund_failed',
        Line(f'refund:{refund_id}', -bargain.total_minor, bargain.buyer_id),
        Line(f'buyer.wallet:{bargain.buyer_id}', bargain.total_minor, bargain.buyer_id),
    )


def order_completed(bargain: Bargain) -> Posting:
    """The seller has earned it, and so have we the buyer's fee; the commission is ours when the money is released."""
    return _of_order(
        bargain,
        f'complete:{bargain.order_id}',
        'order_completed',
        Line(f'escrow:{bargain.order_id}', -bargain.price_minor, bargain.buyer_id),
        Line(f'seller.clearing:{bargain.seller_id}:{bargain.order_id}', bargain.net_minor, bargain.seller_id),
        Line(f'fee.commission:{bargain.order_id}', bargain.commission_minor),
        Line(f'fee.buyer:{bargain.order_id}', -bargain.buyer_fee_minor, bargain.buyer_id),
        Line('revenue.buyer_fee', bargain.buyer_fee_minor),
    )


def payment_released(bargain: Bargain) -> Posting:
    """The clearing period is over."""
    return _of_order(
        bargain,
        f'release:{bargain.order_id}',
        'payment_released',
        Line(f'seller.clearing:{bargain.seller_id}:{bargain.order_id}', -bargain.net_minor, bargain.seller_id),
        Line(f'seller.available:{bargain.seller_id}', bargain.net_minor, bargain.seller_id),
        Line(f'fee.commission:{bargain.order_id}', -bargain.commission_minor),
        Line('revenue.commission', bargain.commission_minor),
    )


def payout_requested(seller_id: str, payout_id: str, minor: int, currency: str) -> Posting:
    lines = (
        Line(f'seller.available:{seller_id}', -minor, seller_id),
        Line(f'payout:{payout_id}', minor, seller_id),
    )
    return Posting(f'payout:{payout_id}', 'payout_requested', currency, lines)


def payout_paid(seller_id: str, payout_id: str, minor: int, currency: str, provider: str) -> Posting:
    lines = (
        Line(f'payout:{payout_id}', -minor, seller_id),
        Line(f'psp.balance:{provider}', minor),
    )
    return Posting(f'payout_paid:{payout_id}', 'payout_paid', currency, lines)


def payout_failed(seller_id: str, payout_id: str, minor: int, currency: str) -> Posting:
    lines = (
        Line(f'payout:{payout_id}', -minor, seller_id),
        Line(f'seller.available:{seller_id}', minor, seller_id),
    )
    return Posting(f'payout_failed:{payout_id}', 'payout_failed', currency, lines)


def payout_returned(seller_id: str, payout_id: str, minor: int, currency: str, provider: str) -> Posting:
    """It was paid, and the bank has sent it back."""
    lines = (
        Line(f'psp.balance:{provider}', -minor),
        Line(f'seller.available:{seller_id}', minor, seller_id),
    )
    return Posting(f'payout_returned:{payout_id}', 'payout_returned', currency, lines)


def _of_order(bargain: Bargain, txid: str, event: str, *lines: Line) -> Posting:
    """Lines of nothing (a fee that a policy waives) are left out."""
    return Posting(txid, event, bargain.currency, tuple(line for line in lines if line.minor), bargain.order_id)
