"""The money events of a buyer's credit: what is in the wallet, and what was given. Pure."""

from chalicelib.ledger.postings import Line, Posting, posting
from chalicelib.ledger.purse import Means
from chalicelib.money import CURRENCIES


def spendable(minor: int, currency: str) -> int:
    """What of a balance can be paid with: amounts that nobody can pay stay where they are."""
    return minor - minor % CURRENCIES[currency].quantum


def to_wallet(buyer_id: str, minor: int, owed_minor: int) -> tuple[Line, Line]:
    """Money for a buyer's wallet: what they owe us is paid first."""
    repaid = min(minor, owed_minor)
    return (
        Line(f'receivable.seller:{buyer_id}', repaid, buyer_id, is_reread=True),
        Line(f'buyer.wallet:{buyer_id}', minor - repaid, buyer_id),
    )


def credit_reserved(buyer_id: str, currency: str, means: Means) -> Posting:
    """Credit that a payment will use is set aside while the payment is made."""
    return posting(
        f'reserve:{means.payment_id}',
        'credit_reserved',
        currency,
        Line(f'buyer.wallet:{buyer_id}', -means.wallet_minor, buyer_id, is_reread=True),
        Line(f'buyer.promo:{buyer_id}', -means.promo_minor, buyer_id, is_reread=True),
        Line(f'buyer.reserved:{means.payment_id}', means.credit_minor, buyer_id),
    )


def credit_returned(buyer_id: str, currency: str, means: Means, owed_minor: int = 0) -> Posting:
    """The payment has failed: everything is where it was, but for what has come to be owed meanwhile."""
    return posting(
        f'unreserve:{means.payment_id}',
        'credit_returned',
        currency,
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, buyer_id),
        *to_wallet(buyer_id, means.wallet_minor, owed_minor),
        Line(f'buyer.promo:{buyer_id}', means.promo_minor, buyer_id),
    )


def wallet_topped_up(buyer_id: str, currency: str, means: Means, owed_minor: int = 0) -> Posting:
    return posting(
        f'pay:{means.payment_id}',
        'wallet_topped_up',
        currency,
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        *to_wallet(buyer_id, means.card_minor, owed_minor),
    )


def promo_granted(grant_id: str, buyer_id: str, currency: str, minor: int, owed_minor: int = 0) -> Posting:
    """What its buyer owes us is paid with it first."""
    repaid = min(minor, owed_minor)
    return posting(
        f'promo:{grant_id}',
        'promo_granted',
        currency,
        Line('expense.promo', -minor),
        Line(f'receivable.seller:{buyer_id}', repaid, buyer_id, is_reread=True),
        Line(f'buyer.promo:{buyer_id}', minor - repaid, buyer_id),
    )


def affiliate_rewarded(reward_id: str, user_id: str, currency: str, minor: int) -> Posting:
    return posting(
        f'affiliate:{reward_id}',
        'affiliate_rewarded',
        currency,
        Line('expense.affiliate', -minor),
        Line(f'seller.available:{user_id}', minor, user_id),
    )
