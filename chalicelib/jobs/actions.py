"""The verbs of a job: draft, edit, publish, approve, remove, close, expire."""

import json
from typing import Any

from chalicelib import clock, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import FieldError, Invalid, NotFound
from chalicelib.files import store as files
from chalicelib.jobs import lifecycle, rules, store
from chalicelib.jobs.lifecycle import JobState
from chalicelib.jobs.store import Job
from chalicelib.orders.lifecycle import SYSTEM, Actor, OrderRole


def draft(tx: Transaction, buyer_id: str, wanted: dict[str, Any]) -> Job:
    now = clock.now_ms()
    job = Job(id=ids.new('job'), buyer_id=buyer_id, created_at=now, updated_at=now)
    whole = _with_attachments(wanted, buyer_id)
    _refuse(rules.wrong_with_draft(whole, policy.current(settings.STAGE)))
    job.write(whole)
    store.add(tx, job)
    _note(tx, job, 'JobDrafted', Actor(OrderRole.BUYER, buyer_id))
    return job


def edit(tx: Transaction, caller: Caller, job_id: str, changes: dict[str, Any]) -> Job:
    """Sets what `changes` names. What is open must still be fit for it, and proposals must still fit it."""
    job, actor = _load('edit', caller, job_id)
    before = job.whole()
    after = before | _with_attachments(changes, job.buyer_id)
    rulebook = policy.current(settings.STAGE)
    if job.state == JobState.OPEN:
        _refuse(rules.wrong_with_edit(before, after, hired=job.hired, awards=job.awards))
        _refuse(rules.wrong_with_listing(after, rulebook))
    else:
        _refuse(rules.wrong_with_draft(after, rulebook))
    job.write(after)
    store.save(tx, job)
    _note(tx, job, 'JobEdited', actor, changed=sorted(changes))
    return job


def publish(tx: Transaction, caller: Caller, job_id: str) -> Job:
    """Opens a draft, or has support look at it first, where the policy says so."""
    job, actor = _load('publish', caller, job_id)
    rulebook = policy.current(settings.STAGE)
    _refuse(rules.wrong_with_listing(job.whole(), rulebook))
    if rules.needs_review(job.id, rulebook):
        job.state = JobState.IN_REVIEW.value
        store.save(tx, job)
        _note(tx, job, 'JobSentToReview', actor)
    else:
        _open(tx, job, actor)
    return job


def approve(tx: Transaction, caller: Caller, job_id: str) -> Job:
    job, actor = _load('approve', caller, job_id)
    _open(tx, job, actor)
    return job


def remove(tx: Transaction, caller: Caller, job_id: str, reason: str) -> Job:
    """Takes a job off the market for good; its buyer, and who has proposed to do it, see why."""
    job, actor = _load('remove', caller, job_id)
    _close(tx, job, 'remove', actor, reason)
    return job


def close(tx: Transaction, caller: Caller, job_id: str, reason: str | None) -> Job:
    job, actor = _load('close', caller, job_id)
    _close(tx, job, 'close', actor, reason)
    return job


def expire(tx: Transaction, job: Job) -> None:
    """Nothing has happened to it for so long that nobody waits for it any more."""
    lifecycle.decide('expire', OrderRole.SYSTEM, JobState(job.state))
    _close(tx, job, 'expire', SYSTEM, None)


def fill(tx: Transaction, job: Job) -> None:
    """All the sellers that were wanted are hired. The caller has decided so on this very row."""
    _close(tx, job, 'fill', SYSTEM, None)


def attachment(job: dict[str, Any], file_id: str) -> dict[str, Any]:
    """The file of a job that the viewer was shown."""
    is_attached = any(item['file_id'] == file_id for item in json.loads(job['content'])['attachments'])
    row = files.find(file_id) if is_attached else None
    if row is None:
        raise NotFound(f'Job {job["id"]} has no attachment {file_id}')
    return row


def _load(action: str, caller: Caller, job_id: str) -> tuple[Job, Actor]:
    job, actor = store.load_for(job_id, caller)
    lifecycle.decide(action, actor.role, JobState(job.state))
    return job, actor


def _open(tx: Transaction, job: Job, actor: Actor) -> None:
    job.state, job.published_at = JobState.OPEN.value, clock.now_ms()
    store.save(tx, job)
    _note(tx, job, 'JobOpened', actor)


def _close(tx: Transaction, job: Job, action: str, actor: Actor, reason: str | None) -> None:
    result = lifecycle.close_result(action, job.hired)
    job.state, job.close_result, job.closed_because = JobState.CLOSED.value, result.value, reason
    job.closed_at = clock.now_ms()
    store.save(tx, job)
    _note(tx, job, 'JobClosed', actor, close_result=result.value, reason=reason)


def _note(tx: Transaction, job: Job, name: str, actor: Actor, **data: Any) -> None:
    store.note(tx, job.pk, job.version, name, actor, **data)


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Invalid.of(errors)


def _with_attachments(wanted: dict[str, Any], owner_id: str) -> dict[str, Any]:
    """The files must be the owner's and ready; a ready file never changes. One read where there are any."""
    named = wanted.get('attachments')
    return wanted | {'attachments': files.attached(named, owner_id)} if named else wanted
