from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.http import Routes
from chalicelib.jobs import store as jobs
from chalicelib.jobs.schemas import JobEventPage, JobEventView
from chalicelib.jobs.store import Job
from chalicelib.proposals import actions, awards, lifecycle, store
from chalicelib.proposals.schemas import (
    Award,
    DeclineProposal,
    EditProposal,
    MyProposalPage,
    PlaceProposal,
    ProposalPage,
    ProposalSummary,
    ProposalView,
)
from chalicelib.proposals.store import Proposal
from chalicelib.reads import Paging
from chalicelib.schemas import Command, ListQuery

routes = Routes(__name__, tag='Proposals')
_ONE = '/jobs/{job_id}/proposals/{proposal_id}'


@routes.write('POST', '/jobs/{job_id}/proposals', takes=PlaceProposal, answers=ProposalView, status=201)
def place_proposal(tx: Transaction, caller: Caller, wanted: PlaceProposal, job_id: str) -> ProposalView:
    """Propose to do a job, at a price, in so many days. It is free; a job takes one proposal of a seller.

    Nobody but the buyer sees it.
    """
    proposal = actions.place(tx, caller, job_id, wanted.model_dump())
    return ProposalView.seen(proposal.attribute_values, lifecycle.ProposalState.SUBMITTED, by_seller=True)


@routes.read('/jobs/{job_id}/proposals', answers=ProposalPage, query=ListQuery)
def list_proposals(caller: Caller, asked: ListQuery, job_id: str) -> ProposalPage:
    """All proposals to a job of yours, newest first. Sellers find their own at `/me/proposals`."""
    job, _ = jobs.load_for(job_id, caller)
    page = store.of_job(job_id, Paging(asked.limit, asked.cursor))
    items = [ProposalView.seen(row, lifecycle.seen_state(row['state'], job.state), by_seller=False) for row in page.rows]
    return ProposalPage(items=items, next_cursor=page.next_cursor)


@routes.read('/me/proposals', answers=MyProposalPage, query=ListQuery)
def list_my_proposals(caller: Caller, asked: ListQuery) -> MyProposalPage:
    """The proposals that you have placed, newest first."""
    page = store.of_seller(caller.user_id, Paging(asked.limit, asked.cursor))
    return MyProposalPage(items=[ProposalSummary.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.read(_ONE, answers=ProposalView)
def show_proposal(caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """One proposal, for its seller, the buyer and staff."""
    job, proposal, _ = store.load_for(job_id, proposal_id, caller)
    return _seen(proposal, job, caller)


@routes.read(f'{_ONE}/events', answers=JobEventPage, query=ListQuery)
def list_proposal_events(caller: Caller, asked: ListQuery, job_id: str, proposal_id: str) -> JobEventPage:
    """All that ever happened to a proposal, oldest first: the same for both sides."""
    _, proposal, _ = store.load_for(job_id, proposal_id, caller)
    page = jobs.events(proposal.log, Paging(asked.limit, asked.cursor))
    return JobEventPage(items=[JobEventView.of(row) for row in page.rows], next_cursor=page.next_cursor)


@routes.write('PATCH', _ONE, takes=EditProposal, answers=ProposalView)
def edit_proposal(tx: Transaction, caller: Caller, changes: Command, job_id: str, proposal_id: str) -> ProposalView:
    """Change a proposal of yours that is not awarded. It is another edition then."""
    return _seen(*actions.edit(tx, caller, job_id, proposal_id, changes.given()), caller)


@routes.write('POST', f'{_ONE}/withdraw', answers=ProposalView)
def withdraw_proposal(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Withdraw a proposal of yours, for good."""
    return _seen(*actions.end(tx, caller, job_id, proposal_id, 'withdraw'), caller)


@routes.write('POST', f'{_ONE}/shortlist', answers=ProposalView)
def shortlist_proposal(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Mark a proposal as one that you may award. The seller is not told."""
    return _seen(*actions.mark(tx, caller, job_id, proposal_id, 'shortlist'), caller)


@routes.write('POST', f'{_ONE}/hide', answers=ProposalView)
def hide_proposal(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Mark a proposal as one that you do not want to look at. The seller is not told."""
    return _seen(*actions.mark(tx, caller, job_id, proposal_id, 'hide'), caller)


@routes.write('POST', f'{_ONE}/unmark', answers=ProposalView)
def unmark_proposal(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Take your mark from a proposal, whichever it was."""
    return _seen(*actions.mark(tx, caller, job_id, proposal_id, 'unmark'), caller)


@routes.write('POST', f'{_ONE}/decline', takes=DeclineProposal, answers=ProposalView)
def decline_proposal(tx: Transaction, caller: Caller, wanted: DeclineProposal, job_id: str, proposal_id: str) -> ProposalView:
    """Tell a seller that you do not want their proposal, for good."""
    return _seen(*actions.end(tx, caller, job_id, proposal_id, 'decline', reason=wanted.reason), caller)


@routes.write('POST', f'{_ONE}/award', takes=Award, answers=ProposalView)
def award_proposal(tx: Transaction, caller: Caller, wanted: Award, job_id: str, proposal_id: str) -> ProposalView:
    """Choose a proposal. Its seller has 36 hours to accept; then the award is revoked."""
    return _seen(*awards.award(tx, caller, job_id, proposal_id, wanted.edition), caller)


@routes.write('POST', f'{_ONE}/award/accept', answers=ProposalView)
def accept_award(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Accept an award. That places the order, on the terms of your proposal, and the buyer pays it."""
    return _seen(*awards.accept(tx, caller, job_id, proposal_id), caller)


@routes.write('POST', f'{_ONE}/award/turn-down', answers=ProposalView)
def turn_down_award(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Turn an award down, for good."""
    return _seen(*awards.end(tx, caller, job_id, proposal_id, 'turn_down_award'), caller)


@routes.write('POST', f'{_ONE}/award/revoke', answers=ProposalView)
def revoke_award(tx: Transaction, caller: Caller, job_id: str, proposal_id: str) -> ProposalView:
    """Take an award back that the seller has not accepted yet. You may award it again."""
    return _seen(*awards.end(tx, caller, job_id, proposal_id, 'revoke_award'), caller)


def _seen(proposal: Proposal, job: Job, caller: Caller) -> ProposalView:
    state = lifecycle.seen_state(proposal.state, job.state)
    return ProposalView.seen(proposal.attribute_values, state, by_seller=caller.user_id == proposal.seller_id)
