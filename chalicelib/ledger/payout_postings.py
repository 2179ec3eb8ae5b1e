"""The money events of a payout: a seller's available money on its way to their bank. Pure."""

from typing import NamedTuple

from chalicelib.ledger.order_postings import to_seller
from chalicelib.ledger.postings import Line, Posting, posting
from chalicelib.ledger.purse import Standing


class Transfer(NamedTuple):
    """One payout: what is taken from the seller, of which the fee is ours and the rest goes to the bank."""

    payout_id: str
    seller_id: str
    currency: str
    amount_minor: int
    fee_minor: int = 0

    @property
    def sent_minor(self) -> int:
        return self.amount_minor - self.fee_minor


def payout_requested(transfer: Transfer, standing: Standing) -> Posting:
    """What the seller owes us is paid as well: nobody takes money out while they are in debt."""
    account, owner = f'seller.available:{transfer.seller_id}', transfer.seller_id
    return _of(
        transfer,
        f'payout:{transfer.payout_id}',
        'payout_requested',
        Line(account, -transfer.amount_minor - standing.owed_minor, owner),
        Line(f'receivable.seller:{transfer.seller_id}', standing.owed_minor, owner, is_reread=True),
        Line(f'payout:{transfer.payout_id}', transfer.amount_minor, owner),
    )


def payout_paid(transfer: Transfer, provider: str) -> Posting:
    return _of(
        transfer,
        f'payout_paid:{transfer.payout_id}',
        'payout_paid',
        Line(f'payout:{transfer.payout_id}', -transfer.amount_minor, transfer.seller_id),
        Line(f'psp.balance:{provider}', transfer.sent_minor),
        Line('revenue.payout_fee', transfer.fee_minor),
    )


def payout_failed(transfer: Transfer, standing: Standing) -> Posting:
    """It never left."""
    return _of(
        transfer,
        f'payout_failed:{transfer.payout_id}',
        'payout_failed',
        Line(f'payout:{transfer.payout_id}', -transfer.amount_minor, transfer.seller_id),
        *to_seller(transfer.seller_id, transfer.amount_minor, standing),
    )


def payout_returned(transfer: Transfer, provider: str, standing: Standing) -> Posting:
    """It was paid, and the bank has sent it back. The seller gets the fee back as well."""
    return _of(
        transfer,
        f'payout_returned:{transfer.payout_id}',
        'payout_returned',
        Line(f'psp.balance:{provider}', -transfer.sent_minor),
        Line('revenue.payout_fee', -transfer.fee_minor),
        *to_seller(transfer.seller_id, transfer.amount_minor, standing),
    )


def _of(transfer: Transfer, txid: str, event: str, *lines: Line) -> Posting:
    return posting(txid, event, transfer.currency, *lines)
