"""Awards: the buyer chooses a proposal, and its seller accepts, which places the order, or does not."""

from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, Invalid
from chalicelib.jobs import actions as job_actions
from chalicelib.jobs import store as jobs
from chalicelib.jobs.store import Job
from chalicelib.orders import actions as orders
from chalicelib.orders.lifecycle import SYSTEM, Actor
from chalicelib.payouts import store as payouts
from chalicelib.proposals import actions, lifecycle, store
from chalicelib.proposals.store import Proposal
from chalicelib.quotes import agreements
from chalicelib.quotes.agreements import Agreed, Source
from chalicelib.quotes.rules import Rates

_PAST = {'turn_down_award': 'AwardTurnedDown', 'revoke_award': 'AwardRevoked', 'lapse_award': 'AwardRevoked'}


def award(tx: Transaction, caller: Caller, job_id: str, proposal_id: str, edition: int) -> tuple[Proposal, Job]:
    """Chooses a proposal as it was read. No more are hired and awarded than the job wants."""
    job, proposal, actor = actions.load('award', caller, job_id, proposal_id)
    if proposal.edition != edition:
        raise Invalid.at('#/edition', f'The seller has written edition {proposal.edition} by now; read it first')
    if job.hired + job.awards >= job.hires:
        raise Conflict(f'This job wants {job.hires}: {job.hired} hired and {job.awards} awarded; revoke one, or want more')
    if payouts.destinations(job.buyer_id) & payouts.destinations(proposal.seller_id):
        raise Forbidden('You and this seller have been paid into the same account; nobody hires themselves')
    job.awards += 1
    proposal.rates = agreements.rates(proposal.buyer_id, proposal.seller_id)._asdict()
    _move(tx, job, proposal, 'award')
    actions.note(tx, proposal, 'ProposalAwarded', actor, edition=edition, answer_until=proposal.due_at)
    return proposal, job


def accept(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> tuple[Proposal, Job]:
    """Places the order, on the terms that were awarded. With the last seller that was wanted the job is closed."""
    job, proposal, actor = actions.load('accept_award', caller, job_id, proposal_id)
    order = orders.place_agreed(tx, actor, _agreed(job, proposal), Rates(**proposal.rates))
    proposal.order_id = order.id
    job.awards -= 1
    job.hired += 1
    _move(tx, job, proposal, 'accept_award')
    actions.note(tx, proposal, 'AwardAccepted', actor, order_id=order.id)
    return proposal, job


def end(tx: Transaction, caller: Caller, job_id: str, proposal_id: str, action: str) -> tuple[Proposal, Job]:
    """The seller turns it down, or the buyer revokes it: another one can be awarded."""
    job, proposal, actor = actions.load(action, caller, job_id, proposal_id)
    _end(tx, job, proposal, action, actor)
    return proposal, job


def lapse(tx: Transaction, job: Job, proposal: Proposal) -> None:
    """The time in which the seller could accept is over."""
    lifecycle.decide('lapse_award', SYSTEM.role, lifecycle.seen_state(proposal.state, job.state))
    _end(tx, job, proposal, 'lapse_award', SYSTEM)


def _end(tx: Transaction, job: Job, proposal: Proposal, action: str, actor: Actor) -> None:
    job.awards -= 1
    proposal.rates = None
    _move(tx, job, proposal, action)
    actions.note(tx, proposal, _PAST[action], actor)


def _move(tx: Transaction, job: Job, proposal: Proposal, action: str) -> None:
    actions.enter(proposal, action)
    store.save(tx, proposal)
    if job.hired == job.hires:
        job_actions.fill(tx, job)
    else:
        jobs.save(tx, job)


def _agreed(job: Job, proposal: Proposal) -> Agreed:
    return Agreed(
        source=Source('proposal', proposal.id),
        buyer_id=proposal.buyer_id,
        seller_id=proposal.seller_id,
        title=job.title,
        description=job.content['description'],
        category=job.category,
        currency=proposal.currency,
        price_minor=proposal.price_minor,
        delivery_days=proposal.content['delivery_days'],
        revisions=proposal.content['revisions'],
        requirements=[],
    )
