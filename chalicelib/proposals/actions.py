"""The verbs of a proposal that is not awarded: place, edit, withdraw; shortlist, hide, decline."""

from typing import Any

from chalicelib import clock, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from chalicelib.files import store as files
from chalicelib.jobs import lifecycle as job_lifecycle
from chalicelib.jobs import rules
from chalicelib.jobs import store as jobs
from chalicelib.jobs.lifecycle import JobState
from chalicelib.jobs.store import Invitation, Job
from chalicelib.money import is_whole, whole_amounts
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.proposals import lifecycle, store
from chalicelib.proposals.store import Bidder, Proposal

_MARKS = {'shortlist': 'shortlisted', 'hide': 'hidden', 'unmark': None}
_PAST = {'withdraw': 'ProposalWithdrawn', 'decline': 'ProposalDeclined'}


def place(tx: Transaction, caller: Caller, job_id: str, wanted: dict[str, Any]) -> Proposal:
    """Proposes to do an open job, once. It costs nothing, and nobody places more than the policy allows on a day."""
    job, bidder, invitation = store.load_job(job_id, caller.user_id)
    _must_be_welcome(job, bidder, invitation, caller.user_id)
    now, proposal_id = clock.now_ms(), ids.new('pro')
    proposal = Proposal(
        id=proposal_id,
        job_id=job_id,
        buyer_id=job.buyer_id,
        seller_id=caller.user_id,
        title=job.title,
        currency=job.currency,
        created_at=now,
        updated_at=now,
    )
    _write(tx, job, proposal, wanted | _attachments(wanted, caller.user_id), had=[])
    store.add(tx, proposal)
    jobs.touch(tx, job, proposals=1)
    if invitation:
        jobs.answer_invitation(tx, invitation, 'accepted')
    store.count_one(tx, caller.user_id, policy.current(settings.STAGE).proposals_a_day)
    note(tx, proposal, 'ProposalPlaced', Actor(OrderRole.SELLER, caller.user_id), price_minor=proposal.price_minor)
    return proposal


def edit(tx: Transaction, caller: Caller, job_id: str, proposal_id: str, changes: dict[str, Any]) -> tuple[Proposal, Job]:
    job, proposal, actor = load('edit', caller, job_id, proposal_id)
    before = {**proposal.content, 'price_minor': proposal.price_minor}
    had = [item['file_id'] for item in proposal.content['attachments']]
    _write(tx, job, proposal, before | changes | _attachments(changes, proposal.seller_id), had=had)
    proposal.edition += 1
    _save(tx, job, proposal, 'ProposalEdited', actor, price_minor=proposal.price_minor, edition=proposal.edition)
    return proposal, job


def mark(tx: Transaction, caller: Caller, job_id: str, proposal_id: str, action: str) -> tuple[Proposal, Job]:
    """Shortlists, hides, or takes either back: the buyer's own view of things, of which the seller's log tells nothing."""
    job, proposal, _ = load(action, caller, job_id, proposal_id)
    proposal.mark = _MARKS[action]
    store.save(tx, proposal)
    jobs.touch(tx, job)
    return proposal, job


def end(
    tx: Transaction, caller: Caller, job_id: str, proposal_id: str, action: str, *, reason: str | None = None
) -> tuple[Proposal, Job]:
    """The seller withdraws it, or the buyer declines it."""
    job, proposal, actor = load(action, caller, job_id, proposal_id)
    enter(proposal, action)
    proposal.ended_because = reason
    _save(tx, job, proposal, _PAST[action], actor, reason=reason)
    return proposal, job


def load(action: str, caller: Caller, job_id: str, proposal_id: str) -> tuple[Job, Proposal, Actor]:
    """All that an action decides on, if the caller may do it now."""
    job, proposal, actor = store.load_for(job_id, proposal_id, caller)
    lifecycle.decide(action, actor.role, lifecycle.seen_state(proposal.state, job.state))
    return job, proposal, actor


def enter(proposal: Proposal, action: str) -> None:
    """Comes into the state to which an action leads, and sets the timer that goes with it."""
    state = lifecycle.RULES[action].target or lifecycle.ProposalState(proposal.state)
    proposal.state = state.value
    proposal.set_timer(lifecycle.timer(state, policy.current(settings.STAGE), clock.now_ms()))


def note(tx: Transaction, proposal: Proposal, name: str, actor: Actor, **data: Any) -> None:
    """Adds to the log that its seller and its buyer see. Called after it was added or saved: lines are numbered by it."""
    jobs.note(tx, proposal.log, proposal.version, name, actor, **data)


def _save(tx: Transaction, job: Job, proposal: Proposal, name: str, actor: Actor, **data: Any) -> None:
    store.save(tx, proposal)
    jobs.touch(tx, job)
    note(tx, proposal, name, actor, **data)


def _must_be_welcome(job: Job, bidder: Bidder | None, invitation: Invitation | None, seller_id: str) -> None:
    if job.buyer_id == seller_id:
        raise Forbidden('Nobody proposes to do their own job')
    is_known = bidder or invitation
    is_public = job.visibility == 'public' and job.state == JobState.OPEN
    if not is_known and not is_public:
        raise NotFound(f'There is no job {job.id} that you may see')
    job_lifecycle.decide('propose', OrderRole.SELLER, JobState(job.state))
    if bidder:
        raise Conflict(f'You have placed proposal {bidder.proposal_id} at this job already')


def _write(tx: Transaction, job: Job, proposal: Proposal, whole: dict[str, Any], *, had: list[str]) -> None:
    """Sets all that a seller writes, and lets the buyer see the files. `had` are those that it had before."""
    wrong = [*_wrong_with_price(whole['price_minor'], job.currency)]
    wrong += rules.wrong_with_answers(whole['answers'], job.content['questions'])
    if wrong:
        raise Invalid.of(wrong)
    proposal.price_minor = whole['price_minor']
    proposal.content = {part: value for part, value in whole.items() if part != 'price_minor'}
    has = [item['file_id'] for item in whole['attachments']]
    for file_id in set(has) - set(had):
        files.grant(tx, file_id, proposal.buyer_id, proposal.id)
    for file_id in set(had) - set(has):
        files.revoke(tx, file_id, proposal.buyer_id, proposal.id)


def _wrong_with_price(price_minor: int, currency: str) -> list[FieldError]:
    rulebook = policy.current(settings.STAGE)
    lowest, highest = rulebook.min_price_minor[currency], rulebook.max_price_minor[currency]
    if not lowest <= price_minor <= highest:
        return [{'pointer': '#/price_minor', 'detail': f'Work costs {lowest} to {highest} minor units of {currency}'}]
    if not is_whole(price_minor, currency):
        return [{'pointer': '#/price_minor', 'detail': whole_amounts(currency)}]
    return []


def _attachments(wanted: dict[str, Any], seller_id: str) -> dict[str, Any]:
    named = wanted.get('attachments')
    return {'attachments': files.attached(named, seller_id)} if named else {}
