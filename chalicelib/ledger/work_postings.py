"""The money events of work that is not an order of a gig: milestones, hourly weeks, contests and campaigns. Pure.

A milestone and a week are paid, completed, released and refunded as an order is, each as a unit with an id of its own: its
events are those of `order_postings`. What only contests and campaigns have is here.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.ledger.credit_postings import to_wallet
from chalicelib.ledger.order_postings import to_seller
from chalicelib.ledger.postings import Line, Posting, posting
from chalicelib.ledger.purse import Means, Standing
from chalicelib.money import percentage, split


class Fund(NamedTuple):
    """Money that a buyer has put up for work of many: prizes or tasks."""

    unit_id: str
    """A contest's or a campaign's."""
    buyer_id: str
    currency: str
    work_minor: int
    """All prizes, or all tasks."""
    fee_minor: int = 0
    """Of a contest: earned at once. Of a campaign: earned with every task."""


def job_fee_paid(fee_id: str, payer_id: str, currency: str, minor: int) -> Posting:
    """What a client pays out of the wallet when a bid is accepted, where a policy says so. A bid itself moves nothing."""
    return posting(
        f'bid_fee:{fee_id}',
        'job_fee_paid',
        currency,
        Line(f'buyer.wallet:{payer_id}', -minor, payer_id),
        Line('revenue.buyer_fee', minor),
    )


def contest_funded(fund: Fund, means: Means) -> Posting:
    return _funded(fund, means, 'contest_funded', Line('revenue.contest_fee', fund.fee_minor))


def prize_awarded(fund: Fund, place: int, seller_id: str, prize_minor: int, commission_bps: int) -> Posting:
    """The prize clears, and is released, as the money of an order of this place's own."""
    commission = percentage(prize_minor, commission_bps, fund.currency)
    unit = f'{fund.unit_id}.{place}'
    return posting(
        f'prize:{fund.unit_id}:{place}',
        'prize_awarded',
        fund.currency,
        Line(f'escrow:{fund.unit_id}', -prize_minor, fund.buyer_id),
        Line(f'seller.clearing:{seller_id}:{unit}', prize_minor - commission, seller_id),
        Line(f'fee.commission:{unit}', commission),
        order_id=fund.unit_id,
    )


def shared_prizes(fund: Fund, entrants: int) -> list[int]:
    """A contest without a winner: what each of those who took part gets."""
    return split(fund.work_minor, [1] * entrants, fund.currency)


def campaign_funded(fund: Fund, means: Means) -> Posting:
    return _funded(fund, means, 'campaign_funded', Line(f'fee.buyer:{fund.unit_id}', fund.fee_minor, fund.buyer_id))


class Approved(NamedTuple):
    """A task that is paid for, and its share of the fee."""

    task_id: str
    worker_id: str
    pay_minor: int
    fee_minor: int


def tasks_approved(fund: Fund, tasks: Sequence[Approved], standings: Mapping[str, Standing]) -> Posting:
    """Workers are paid at once, and the tasks' share of the fee is ours: one line of the escrow for all of them.

    That each task is paid once is what its own row sees to; the name says which tasks these are.
    """
    pay: Counter[str] = Counter()
    for task in tasks:
        pay[task.worker_id] += task.pay_minor
    fee = sum(task.fee_minor for task in tasks)
    return posting(
        _name(fund, tasks),
        'task_approved',
        fund.currency,
        Line(f'escrow:{fund.unit_id}', -pay.total(), fund.buyer_id),
        *(line for worker_id, minor in pay.items() for line in to_seller(worker_id, minor, standings[worker_id])),
        Line(f'fee.buyer:{fund.unit_id}', -fee, fund.buyer_id),
        Line('revenue.buyer_fee', fee),
        order_id=fund.unit_id,
    )


def _name(fund: Fund, tasks: Sequence[Approved]) -> str:
    if len(tasks) == 1:
        return f'task:{fund.unit_id}:{tasks[0].task_id}'
    digest = hashlib.sha256(','.join(sorted(task.task_id for task in tasks)).encode()).hexdigest()
    return f'tasks:{fund.unit_id}:{digest[:40]}'


def fund_closed(fund: Fund, work_left_minor: int, fee_left_minor: int, owed_minor: int = 0) -> Posting:
    """What was not awarded or approved is the buyer's again."""
    return posting(
        f'close:{fund.unit_id}',
        'fund_closed',
        fund.currency,
        Line(f'escrow:{fund.unit_id}', -work_left_minor, fund.buyer_id),
        Line(f'fee.buyer:{fund.unit_id}', -fee_left_minor, fund.buyer_id),
        *to_wallet(fund.buyer_id, work_left_minor + fee_left_minor, owed_minor),
        order_id=fund.unit_id,
    )


def funded_too_late(fund: Fund, means: Means, owed_minor: int = 0) -> Posting:
    """Money for a campaign that does not wait for it any more is its buyer's: credit that was used, and what was paid."""
    return posting(
        f'pay:{means.payment_id}',
        'fund_paid_late',
        fund.currency,
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, fund.buyer_id),
        *to_wallet(fund.buyer_id, means.card_minor + means.wallet_minor, owed_minor),
        Line(f'buyer.promo:{fund.buyer_id}', means.promo_minor, fund.buyer_id),
        order_id=fund.unit_id,
    )


def _funded(fund: Fund, means: Means, event: str, fee: Line) -> Posting:
    return posting(
        f'pay:{means.payment_id}',
        event,
        fund.currency,
        Line(f'psp.clearing:{means.provider}', -means.card_minor),
        Line(f'buyer.reserved:{means.payment_id}', -means.credit_minor, fund.buyer_id),
        Line(f'escrow:{fund.unit_id}', fund.work_minor, fund.buyer_id),
        fee,
        order_id=fund.unit_id,
    )
