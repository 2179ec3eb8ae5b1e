"""Rows of jobs, of invitations to them and of what happened to them, and the shelves on which lists find them."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, policy, reads, settings
from chalicelib.auth import Caller
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.jobs import lifecycle
from chalicelib.jobs.lifecycle import JobState
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

_EVERYTHING = 'jobs'
_QUEUE = 'jobs'
_OWN = ('title', 'category', 'language', 'currency', 'visibility', 'hires')


class Job(TimedRow, discriminator='job'):
    id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    job_kind = UnicodeAttribute()
    state = UnicodeAttribute(default=JobState.DRAFT.value)
    close_result = UnicodeAttribute(null=True)
    closed_because = UnicodeAttribute(null=True)
    visibility = UnicodeAttribute()
    title = UnicodeAttribute()
    category = UnicodeAttribute()
    language = UnicodeAttribute()
    currency = UnicodeAttribute()
    content = JSONAttribute()
    """All that is only ever read and written as a whole: description, skills, budget, questions, attachments."""
    hires = IntegerAttribute()
    """How many sellers are wanted."""
    hired = IntegerAttribute(default=0)
    awards = IntegerAttribute(default=0)
    """How many awards wait for their seller's answer."""
    proposals = IntegerAttribute(default=0)
    """How many were ever placed."""
    invitations = IntegerAttribute(default=0)
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    published_at = IntegerAttribute(null=True)
    closed_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys: always on its buyer's shelf; while it is open and public also on their public one, on its category's, and on
    # the general one; while it is in review in the queue of support.
    buyer_shelf = UnicodeAttribute()
    seller_shelf = UnicodeAttribute(null=True)
    category_shelf = UnicodeAttribute(null=True)
    shelf = UnicodeAttribute(null=True)
    case_queue = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute()

    def whole(self) -> dict[str, Any]:
        """The job as its buyer writes it, in one piece."""
        return {**self.content, **{part: getattr(self, part) for part in _OWN}, 'kind': self.job_kind}

    def write(self, whole: dict[str, Any]) -> None:
        self.job_kind = whole['kind']
        for part in _OWN:
            setattr(self, part, whole[part])
        self.content = {part: value for part, value in whole.items() if part not in (*_OWN, 'kind')}

    def shelve(self) -> None:
        """Sets the timer and the index keys that go with the state."""
        is_listed = self.state == JobState.OPEN and self.visibility == 'public'
        self.buyer_shelf = _shelf(self.buyer_id)
        self.seller_shelf = _shelf(self.buyer_id) if is_listed else None
        self.category_shelf = _category_shelf(self.category) if is_listed else None
        self.shelf = _EVERYTHING if is_listed else None
        self.case_queue = _QUEUE if self.state == JobState.IN_REVIEW else None
        self.listed_at = f'{self.published_at or self.created_at:015d}#{self.id}'
        self.set_timer(lifecycle.timer(JobState(self.state), policy.current(settings.STAGE), clock.now_ms()))


class Invitation(MarketRow, discriminator='invitation'):
    id = UnicodeAttribute()
    job_id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    seller_id = UnicodeAttribute()
    title = UnicodeAttribute()
    """The job's."""
    message = UnicodeAttribute()
    state = UnicodeAttribute(default='sent')
    created_at = IntegerAttribute()
    seller_shelf = UnicodeAttribute()
    listed_at = UnicodeAttribute()


class JobEvent(MarketRow, discriminator='job_event'):
    """One line of the log of a job or of a proposal. It is written with what it tells, and never changed."""

    name = UnicodeAttribute()
    by_role = UnicodeAttribute()
    by_id = UnicodeAttribute(null=True)
    at = IntegerAttribute()
    data = JSONAttribute(default=dict)


def get(job_id: str) -> Job:
    try:
        return Job.get(pk(job_id), 'JOB', consistent_read=True)
    except Job.DoesNotExist as missing:
        raise NotFound(f'There is no job {job_id}') from missing


def load_for(job_id: str, caller: Caller) -> tuple[Job, Actor]:
    """A job for who owns it, and for staff; to others there is no such job of theirs."""
    job = get(job_id)
    if job.buyer_id == caller.user_id:
        return job, Actor(OrderRole.BUYER, caller.user_id)
    if caller.is_staff:
        return job, Actor(OrderRole.STAFF, caller.user_id)
    raise NotFound(f'You have no job {job_id}')


def show(job_id: str, caller: Caller | None) -> dict[str, Any]:
    """A job as this viewer may see it. One request.

    Open and public it is everybody's; otherwise its buyer's, the staff's, and theirs who were invited or have proposed.
    """
    keys = [(pk(job_id), 'JOB')]
    if caller:
        keys += [(pk(job_id), bidder_sk(caller.user_id)), (pk(job_id), invitation_sk(caller.user_id))]
    rows = {row['sk']: row for row in reads.find_many(settings.MARKET_TABLE, keys)}
    job = rows.pop('JOB', None)
    if job and (
        (job['state'] == JobState.OPEN and job['visibility'] == 'public')
        or (caller and (caller.is_staff or caller.user_id == job['buyer_id'] or rows))
    ):
        return job
    raise NotFound(f'There is no job {job_id} that you may see')


def add(tx: Transaction, job: Job) -> None:
    job.pk, job.sk = pk(job.id), 'JOB'
    job.shelve()
    tx.put(job, otherwise=Conflict(f'Job {job.id} exists already'))


def save(tx: Transaction, job: Job) -> None:
    """Writes the job as it now is, provided that it is still as it was read. It is idle from now on."""
    seen = job.version
    job.version, job.updated_at = seen + 1, clock.now_ms()
    job.shelve()
    tx.replace(job, when=Job.version == seen, otherwise=Moved(f'Job {job.id} changed meanwhile'))


def touch(tx: Transaction, job: Job, *, proposals: int = 0) -> None:
    """Something has happened to an open job, and perhaps a proposal was placed. Those who do this decide on no version."""
    job.set_timer(lifecycle.timer(JobState.OPEN, policy.current(settings.STAGE), clock.now_ms()))
    actions = [Job.version.add(1), Job.due_at.set(job.due_at)]
    if proposals:
        actions.append(Job.proposals.add(proposals))
    is_as_seen = (Job.state == JobState.OPEN.value) & (Job.visibility == job.visibility)
    tx.update(job, actions, when=is_as_seen, otherwise=Moved(f'Job {job.id} changed meanwhile'))


def invitation(job_id: str, seller_id: str) -> Invitation | None:
    try:
        return Invitation.get(pk(job_id), invitation_sk(seller_id), consistent_read=True)
    except Invitation.DoesNotExist:
        return None


def add_invitation(tx: Transaction, invitation: Invitation) -> None:
    invitation.pk, invitation.sk = pk(invitation.job_id), invitation_sk(invitation.seller_id)
    invitation.seller_shelf = f'{invitation.seller_id}#invitation'
    invitation.listed_at = f'{invitation.created_at:015d}#{invitation.id}'
    tx.put(invitation, otherwise=Conflict('This seller is invited to this job already'))


def answer_invitation(tx: Transaction, invitation: Invitation, state: str) -> None:
    """Says that it was `accepted`, by a proposal, or `declined`, provided that it is still as it was read."""
    seen, invitation.state = invitation.state, state
    answered = Moved('This invitation was answered meanwhile')
    tx.update(invitation, [Invitation.state.set(state)], when=Invitation.state == seen, otherwise=answered)


def note(tx: Transaction, key: str, version: int, name: str, actor: Actor, **data: Any) -> None:
    """Adds to the log of the job or proposal in this partition what the open transaction makes of it, as this version."""
    event = JobEvent(
        key,
        f'EVENT#{version:06d}#{name}',
        name=name,
        by_role=actor.role.value,
        by_id=actor.id,
        at=clock.now_ms(),
        data=data,
    )
    tx.put(event, otherwise=Moved('This changed meanwhile'))


def events(key: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', key), 'sk', paging, range_prefix='EVENT#', newest_first=False)


def newest(paging: Paging) -> Page:
    return _listed(reads.page(settings.MARKET_TABLE, ('shelf', _EVERYTHING), 'listed_at', paging, index='newest'))


def in_category(category: str, paging: Paging) -> Page:
    shelf = _category_shelf(category)
    return _listed(reads.page(settings.MARKET_TABLE, ('category_shelf', shelf), 'listed_at', paging, index='by_category'))


def open_ones_of(buyer_id: str, paging: Paging) -> Page:
    shelf = _shelf(buyer_id)
    return _listed(reads.page(settings.MARKET_TABLE, ('seller_shelf', shelf), 'listed_at', paging, index='by_seller'))


def all_of(buyer_id: str, paging: Paging) -> Page:
    shelf = _shelf(buyer_id)
    return reads.whole(reads.page(settings.MARKET_TABLE, ('buyer_shelf', shelf), 'listed_at', paging, index='by_buyer'))


def in_review(paging: Paging) -> Page:
    return reads.waiting(_QUEUE, paging)


def invitations(job_id: str, paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('pk', pk(job_id)), 'sk', paging, range_prefix='INVITATION#')


def invitations_of(seller_id: str, paging: Paging) -> Page:
    shelf = f'{seller_id}#invitation'
    return reads.whole(reads.page(settings.MARKET_TABLE, ('seller_shelf', shelf), 'listed_at', paging, index='by_seller'))


def pk(job_id: str) -> str:
    return f'JOB#{job_id}'


def job_id_of(key: str) -> str:
    return key.removeprefix('JOB#')


def bidder_sk(seller_id: str) -> str:
    return f'BIDDER#{seller_id}'


def invitation_sk(seller_id: str) -> str:
    return f'INVITATION#{seller_id}'


def _listed(page: Page) -> Page:
    """The rows themselves, without those that were taken from their shelf meanwhile."""
    found = reads.whole(page)
    return Page([row for row in found.rows if 'shelf' in row], found.next_cursor)


def _shelf(buyer_id: str) -> str:
    return f'{buyer_id}#job'


def _category_shelf(category: str) -> str:
    return f'job#{category}'
