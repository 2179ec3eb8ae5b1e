"""Rows of proposals, in the collection of their job; who has one there; and how many somebody has placed today."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.auth import Caller
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Moved, NotFound, TooMany
from chalicelib.jobs import store as jobs
from chalicelib.jobs.store import Invitation, Job
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.proposals import lifecycle
from chalicelib.proposals.lifecycle import ProposalState
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

_PREFIX = 'PROPOSAL#'


class Proposal(TimedRow, discriminator='proposal'):
    id = UnicodeAttribute()
    job_id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    state = UnicodeAttribute(default=ProposalState.SUBMITTED.value)
    mark = UnicodeAttribute(null=True)
    """`shortlisted` or `hidden`: the buyer's, and nothing that the seller is told."""
    title = UnicodeAttribute()
    """The job's."""
    currency = UnicodeAttribute()
    price_minor = IntegerAttribute()
    content = JSONAttribute()
    """Cover letter, delivery days, revisions, answers, attachments."""
    edition = IntegerAttribute(default=1)
    """How often it was written: an award is of one edition."""
    rates = JSONAttribute(null=True)
    """What the house takes, frozen with an award, by the names of `Rates`."""
    ended_because = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(null=True)
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    version = IntegerAttribute(default=1)
    seller_shelf = UnicodeAttribute()
    listed_at = UnicodeAttribute()

    @property
    def log(self) -> str:
        """The partition of its log, which is not the job's."""
        return _PREFIX + self.id


class Bidder(MarketRow, discriminator='bidder'):
    """That a seller has a proposal at a job."""

    proposal_id = UnicodeAttribute()


class DailyCount(MarketRow, discriminator='daily_count'):
    """How many proposals somebody has placed on a day."""

    placed = IntegerAttribute()
    expires_at = IntegerAttribute()
    """Seconds since 1970, for DynamoDB's time to live."""


def load_job(job_id: str, seller_id: str) -> tuple[Job, Bidder | None, Invitation | None]:
    """A job with what a seller is to it already. One request."""
    sks = ('JOB', jobs.bidder_sk(seller_id), jobs.invitation_sk(seller_id))
    rows = _rows([(jobs.pk(job_id), sk) for sk in sks])
    job = next((row for row in rows if isinstance(row, Job)), None)
    if job is None:
        raise NotFound(f'There is no job {job_id}')
    bidder = next((row for row in rows if isinstance(row, Bidder)), None)
    return job, bidder, next((row for row in rows if isinstance(row, Invitation)), None)


def load_for(job_id: str, proposal_id: str, caller: Caller) -> tuple[Job, Proposal, Actor]:
    """A proposal with its job, and what the caller is to it; to a stranger there is no such proposal. One request."""
    job, proposal = load(jobs.pk(job_id), _PREFIX + proposal_id)
    if caller.user_id == proposal.seller_id:
        return job, proposal, Actor(OrderRole.SELLER, caller.user_id)
    if caller.user_id == proposal.buyer_id:
        return job, proposal, Actor(OrderRole.BUYER, caller.user_id)
    if caller.is_staff:
        return job, proposal, Actor(OrderRole.STAFF, caller.user_id)
    raise NotFound(f'There is no proposal {proposal_id} of yours')


def load(pk: str, sk: str) -> tuple[Job, Proposal]:
    rows = _rows([(pk, 'JOB'), (pk, sk)])
    job = next((row for row in rows if isinstance(row, Job)), None)
    proposal = next((row for row in rows if isinstance(row, Proposal)), None)
    if job is None or proposal is None:
        raise NotFound(f'There is no proposal {sk.removeprefix(_PREFIX)} to this job')
    return job, proposal


def add(tx: Transaction, proposal: Proposal) -> None:
    key = jobs.pk(proposal.job_id)
    proposal.pk, proposal.sk = key, _PREFIX + proposal.id
    proposal.seller_shelf = _shelf(proposal.seller_id)
    proposal.listed_at = f'{proposal.created_at:015d}#{proposal.id}'
    there = Moved('You have placed a proposal at this job meanwhile')
    tx.put(Bidder(key, jobs.bidder_sk(proposal.seller_id), proposal_id=proposal.id), otherwise=there)
    tx.put(proposal, otherwise=there)


def save(tx: Transaction, proposal: Proposal) -> None:
    """Writes the proposal as it now is, provided that it is still as it was read."""
    seen = proposal.version
    proposal.version, proposal.updated_at = seen + 1, clock.now_ms()
    tx.replace(proposal, when=Proposal.version == seen, otherwise=Moved(f'Proposal {proposal.id} changed meanwhile'))


def count_one(tx: Transaction, seller_id: str, most: int) -> None:
    """Counts a proposal of today, in UTC, and refuses the one that would be too many. Nobody else writes to this row."""
    now = clock.now_ms()
    row = DailyCount(f'USER#{seller_id}', f'PROPOSALS#{clock.utc(now):%Y-%m-%d}')
    expires_at_s = (now + 2 * clock.DAY) // 1000
    actions = [DailyCount.placed.add(1), DailyCount.expires_at.set(expires_at_s)]
    is_free = DailyCount.placed.does_not_exist() | (DailyCount.placed < most)
    too_many = TooMany(f'You have placed {most} proposals today, and may place more tomorrow (UTC)')
    tx.update(row, actions, when=is_free, otherwise=too_many)


def of_job(job_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', jobs.pk(job_id)), 'sk', paging, range_prefix=_PREFIX)


def of_seller(seller_id: str, paging: Paging) -> Page:
    """Newest first, each with the state that its job gives it. Two requests: the proposals, and their jobs."""
    shelf = _shelf(seller_id)
    page = reads.page(settings.MARKET_TABLE, ('seller_shelf', shelf), 'listed_at', paging, index='by_seller')
    keys = dict.fromkeys((row['pk'], 'JOB') for row in page.rows)
    states = {job['pk']: job['state'] for job in reads.find_many(settings.MARKET_TABLE, keys)} if keys else {}
    rows = [
        {**row, 'job_id': jobs.job_id_of(row['pk']), 'state': lifecycle.seen_state(row['state'], states[row['pk']])}
        for row in page.rows
    ]
    return Page(rows, page.next_cursor)


def _rows(keys: list[tuple[str, str]]) -> list[Any]:
    return list(MarketRow.batch_get(keys, consistent_read=True))


def _shelf(seller_id: str) -> str:
    return f'{seller_id}#proposal'
