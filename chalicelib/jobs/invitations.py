"""Invitations: a buyer asks a seller to propose, and the seller does, or says no."""

from chalicelib import clock, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.jobs import lifecycle, store
from chalicelib.jobs.lifecycle import JobState
from chalicelib.jobs.store import Invitation
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.users import store as users


def invite(tx: Transaction, caller: Caller, job_id: str, seller_id: str, message: str) -> Invitation:
    job, actor = store.load_for(job_id, caller)
    lifecycle.decide('invite', actor.role, JobState(job.state))
    if seller_id == job.buyer_id:
        raise Forbidden('Nobody is invited to their own job')
    most = policy.current(settings.STAGE).max_invitations
    if job.invitations >= most:
        raise Conflict(f'{most} sellers were invited to this job, and no more can be')
    invitation = Invitation(
        id=ids.new('inv'),
        job_id=job_id,
        buyer_id=job.buyer_id,
        seller_id=users.get(seller_id).id,
        title=job.title,
        message=message,
        created_at=clock.now_ms(),
    )
    job.invitations += 1
    store.save(tx, job)
    store.add_invitation(tx, invitation)
    return invitation


def decline(tx: Transaction, caller: Caller, job_id: str) -> Invitation:
    """Says no to an invitation. A proposal placed later takes that back."""
    invitation = store.invitation(job_id, caller.user_id)
    if invitation is None:
        raise NotFound(f'You are not invited to a job {job_id}')
    job = store.get(job_id)
    lifecycle.decide('decline_invitation', OrderRole.SELLER, JobState(job.state))
    if invitation.state != 'sent':
        raise Conflict(f'You have {invitation.state} this invitation already')
    store.answer_invitation(tx, invitation, 'declined')
    store.touch(tx, job)
    return invitation
