"""The verbs of a task: claim a position, submit proof, rate; and what its clock does.

Approvals of one campaign meet on its escrow. They are therefore made up to twenty in one transaction, which moves it once.
"""

import hmac
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib import clock, ids, reads, settings
from chalicelib.auth import Caller
from chalicelib.campaigns import lifecycle, rules, store
from chalicelib.campaigns.actions import code_hash
from chalicelib.campaigns.lifecycle import Role, TaskState
from chalicelib.campaigns.rows import Campaign, Task
from chalicelib.campaigns.rules import Gate
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from chalicelib.files import store as files
from chalicelib.ledger import store as ledger
from chalicelib.ledger import work_postings as postings
from chalicelib.ledger.purse import Standing
from chalicelib.ledger.work_postings import Approved
from chalicelib.reads import Paging

AT_ONCE = 20
_MOST_DEBTS = 4
"""Workers who owe us something take two writes more each, and a transaction takes a hundred."""
_ACTIONS = {'ok': 'approve', 'nok': 'reject', 'revise': 'request_revision'}


class Proof(NamedTuple):
    """What a worker shows."""

    text: str | None
    file_ids: list[str]
    code: str | None


def claim(tx: Transaction, caller: Caller, campaign_id: str) -> Task:
    """Takes a position that is free. It is the caller's until `minutes_to_finish` are over."""
    campaign, role = store.load_for(campaign_id, caller)
    lifecycle.decide('claim', role, campaign.state)
    _must_be_admitted(campaign, caller.user_id)
    place = store.free_place(campaign)
    if place is None:
        raise Conflict('Every position of this campaign is taken; one whose worker gives up is free again')
    position, task_id = rules.number(place, campaign.lanes), ids.new('tsk')
    task = Task(
        *store.task_key(campaign.id, task_id),
        id=task_id,
        campaign_id=campaign.id,
        buyer_id=campaign.buyer_id,
        worker_id=caller.user_id,
        position=position,
        currency=campaign.currency,
        pay_minor=campaign.pay_minor,
        fee_minor=rules.fee_share(position, campaign.paid, campaign.currency),
        claimed_at=clock.now_ms(),
    )
    task.enter(TaskState.CLAIMED.value, Role.WORKER, _time_to_finish(campaign))
    store.take(tx, campaign, place)
    store.count_claim(tx, campaign, caller.user_id)
    store.add_task(tx, task)
    return task


def submit(tx: Transaction, caller: Caller, campaign_id: str, task_id: str, proof: Proof) -> Task:
    """Proof that the task is done, within its time."""
    campaign, role = store.load_for(campaign_id, caller)
    task = store.task(*store.task_key(campaign_id, task_id))
    if role is Role.WORKER and task.worker_id != caller.user_id:
        raise NotFound(f'You have no task {task_id} of this campaign')
    state = lifecycle.decide('submit', role, task.state)
    if task.due_at is None or clock.now_ms() > task.due_at:
        raise IllegalTransition('The time to finish this task is over, and its position is free again')
    _check_proof(campaign, proof)
    for n, file_id in enumerate(proof.file_ids):
        files.require(tx, file_id, owner_id=caller.user_id, purpose='proof', pointer=f'#/file_ids/{n}')
        files.grant(tx, file_id, campaign.buyer_id, campaign.id)
    task.text, task.file_ids, task.submitted_at = proof.text, proof.file_ids, clock.now_ms()
    due_at = task.submitted_at + campaign.terms['days_to_rate'] * campaign.policy.day_ms
    task.enter(state, role, ('approve_task', due_at))
    store.save_task(tx, task)
    return task


def rate(tx: Transaction, caller: Caller, campaign_id: str, ratings: Sequence[dict[str, Any]]) -> list[Task]:
    """Up to twenty tasks, all of them or none: `{task_id, rating, reason}`."""
    campaign, role = store.load_as_buyer(campaign_id, caller)
    keys = [store.task_key(campaign_id, rating['task_id']) for rating in ratings]
    found = {task.id: task for task in store.tasks(keys)}
    rated = []
    for n, rating in enumerate(ratings):
        task = found.get(rating['task_id'])
        if task is None:
            raise Invalid.at(f'#/ratings/{n}/task_id', 'There is no such task of this campaign')
        state = lifecycle.decide(_ACTIONS[rating['rating']], role, task.state)
        is_revision = state == TaskState.REVISION_REQUESTED
        if is_revision and task.revisions >= campaign.policy.max_task_revisions:
            most = campaign.policy.max_task_revisions
            raise Invalid.at(f'#/ratings/{n}/rating', f'A task is revised {most} times at most: rate it ok or nok')
        task.revisions += is_revision
        task.enter(state, role, _time_to_finish(campaign) if is_revision else None, rating['reason'])
        rated.append(task)
    _settle(tx, campaign, rated, role)
    return rated


def approve_by_silence(tx: Transaction, task: Task) -> None:
    """Nobody has rated it in time; with it go others of the campaign whose time is over as well."""
    campaign = store.load(task.campaign_id)
    waiting = store.to_rate(task.campaign_id, Paging(AT_ONCE)).rows
    keys = [(row['pk'], row['sk']) for row in waiting if row['id'] != task.id][: AT_ONCE - 1]
    others = [other for other in (store.tasks(keys) if keys else []) if other.is_due('approve_task')]
    together = [task, *others] if _fit(_standings(campaign, [task, *others])) else [task]
    for one in together:
        one.enter(lifecycle.decide('approve_by_silence', Role.SYSTEM, one.state), Role.SYSTEM, None)
    _settle(tx, campaign, together, Role.SYSTEM)


def expire(tx: Transaction, task: Task) -> None:
    """Its time is over: the position is free again."""
    campaign = store.load(task.campaign_id)
    task.enter(lifecycle.decide('expire', Role.SYSTEM, task.state), Role.SYSTEM, None)
    store.save_task(tx, task)
    store.give_back(tx, campaign.id, campaign.lanes, [task])


def _settle(tx: Transaction, campaign: Campaign, rated: list[Task], role: Role) -> None:
    """Everything that follows from ratings: money, free positions, records, the log."""
    final = [task for task in rated if task.state in (TaskState.APPROVED, TaskState.REJECTED)]
    for task in final:
        task.rated_at = clock.now_ms()
    for task in rated:
        store.save_task(tx, task)
    if paid := [task for task in final if task.state == TaskState.APPROVED]:
        _pay(tx, campaign, paid)
    if rejected := [task for task in final if task.state == TaskState.REJECTED]:
        store.give_back(tx, campaign.id, campaign.lanes, rejected)
    store.count_ratings(tx, final)
    store.note(tx, campaign.id, 'TasksRated', role, tasks={task.id: task.state for task in rated})


def _pay(tx: Transaction, campaign: Campaign, tasks: list[Task]) -> None:
    standings = _standings(campaign, tasks)
    if not _fit(standings):
        raise Conflict(f'These are too many for one transaction: rate {_MOST_DEBTS} of them at a time')
    paid = [Approved(task.id, task.worker_id, task.pay_minor, task.fee_minor) for task in tasks]
    ledger.post(tx, postings.tasks_approved(campaign.fund, paid, standings))


def _standings(campaign: Campaign, tasks: list[Task]) -> dict[str, Standing]:
    workers = list(dict.fromkeys(task.worker_id for task in tasks))
    names = [f'{root}:{worker}' for worker in workers for root in ('seller.available', 'receivable.seller')]
    held = ledger.balances(campaign.currency, *names)
    return {worker: Standing(*held[2 * n : 2 * n + 2]) for n, worker in enumerate(workers)}


def _fit(standings: dict[str, Standing]) -> bool:
    """Whether all of them can be paid in one transaction."""
    return sum(standing.owed_minor > 0 for standing in standings.values()) <= _MOST_DEBTS


def _time_to_finish(campaign: Campaign) -> tuple[str, int]:
    return 'expire_task', clock.now_ms() + campaign.terms['minutes_to_finish'] * clock.MINUTE


def _must_be_admitted(campaign: Campaign, worker_id: str) -> None:
    """By hire group, which asks for no record; else by record. Always by place and language."""
    terms = campaign.terms
    group_keys = [store.group_key(campaign.buyer_id, group_id) for group_id in terms['hire_group_ids']]
    rows = reads.find_many(settings.MARKET_TABLE, [(f'USER#{worker_id}', 'USER'), *group_keys])
    user = next(row for row in rows if row['sk'] == 'USER')
    groups = [row for row in rows if row is not user]
    if group_keys and not any(worker_id in json.loads(row['worker_ids']) for row in groups):
        raise Forbidden('This campaign is for workers whom its buyer has chosen')
    rules.must_be_targeted(json.loads(user['profile']), terms['countries'], terms['languages'])
    if terms['gate'] and not group_keys:
        rules.must_pass(Gate(**terms['gate']), *store.record_of(worker_id))


def _check_proof(campaign: Campaign, proof: Proof) -> None:
    wanted = campaign.terms['proof']
    if wanted['text'] and not proof.text:
        raise Invalid.at('#/text', 'This campaign wants its proof in words')
    if wanted['file'] == 'required' and not proof.file_ids:
        raise Invalid.at('#/file_ids', 'This campaign wants a file as proof')
    if wanted['file'] == 'none' and proof.file_ids:
        raise Invalid.at('#/file_ids', 'This campaign takes no files')
    if wanted['code_hash'] and not hmac.compare_digest(wanted['code_hash'], code_hash(campaign.id, proof.code or '')):
        raise Invalid.at('#/verification_code', 'This is not the verification code of this campaign')
