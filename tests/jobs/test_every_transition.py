"""Every (state, action, role) of a job over HTTP: what is allowed changes exactly what it should, all else changes nothing."""

import itertools
from typing import Any

import pytest
import time_machine

from chalicelib import policy, settings
from chalicelib.errors import Conflict, Forbidden
from chalicelib.jobs import lifecycle
from chalicelib.jobs.lifecycle import JobState
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.users import actions as users
from tests.support import resources
from tests.support.api import Nobody, Person, deliver
from tests.support.board import DAY, PROPOSAL, Board, path
from tests.support.market import ok, run_timers

pytestmark = pytest.mark.proof

NOON = '2026-11-24T12:00:00Z'
LATER = '2026-12-24T12:00:01Z'
STATES = ('draft', 'in_review', 'open', 'closed')
ROLES = ('buyer', 'seller', 'stranger', 'support', 'admin', 'nobody')
"""The seller is invited."""
# action -> who is it for in the lifecycle, from where, to where
TABLE = {
    'edit': ('buyer', {'draft', 'open'}, set()),
    'publish': ('buyer', {'draft'}, {'open', 'in_review'}),
    'approve': ('staff', {'in_review'}, {'open'}),
    'remove': ('staff', {'in_review', 'open'}, {'closed'}),
    'close': ('buyer', {'draft', 'in_review', 'open'}, {'closed'}),
    'invite': ('buyer', {'open'}, set()),
    'decline_invitation': ('seller', {'open'}, set()),
    'propose': ('seller', {'open'}, set()),
    'expire': ('system', {'open'}, {'closed'}),
}
REQUESTS: dict[str, tuple[str, str, Any]] = {
    'edit': ('PATCH', '', {'title': 'Other photos'}),
    'publish': ('POST', '/publish', None),
    'approve': ('POST', '/approve', None),
    'remove': ('POST', '/remove', {'reason': 'Not allowed here'}),
    'close': ('POST', '/close', {'reason': 'Changed plans'}),
    'invite': ('POST', '/invitations', {'message': 'Please'}),
    'decline_invitation': ('POST', '/invitations/decline', None),
    'propose': ('POST', '/proposals', PROPOSAL),
}
# (action, role, state) -> (status, state afterwards); what is not here is refused.
ALLOWED = {
    ('edit', 'buyer', 'draft'): (200, 'draft'),
    ('edit', 'buyer', 'open'): (200, 'open'),
    ('publish', 'buyer', 'draft'): (200, 'open'),
    **{('approve', staff, 'in_review'): (200, 'open') for staff in ('support', 'admin')},
    **{('remove', staff, state): (200, 'closed') for staff in ('support', 'admin') for state in ('in_review', 'open')},
    **{('close', 'buyer', state): (200, 'closed') for state in ('draft', 'in_review', 'open')},
    ('invite', 'buyer', 'open'): (201, 'open'),
    ('decline_invitation', 'seller', 'open'): (200, 'open'),
    **{('propose', role, 'open'): (201, 'open') for role in ('seller', 'stranger', 'support', 'admin')},
}
ALWAYS = {'state', 'version', 'updated_at', 'due_at', 'due_action', 'due_shard', 'listed_at'}
SHELVES = {'shelf', 'category_shelf', 'seller_shelf', 'case_queue'}
CLOSED = SHELVES | {'closed_at', 'closed_because', 'close_result'}
# Attributes of a job that an action may change besides.
BESIDES = {
    'edit': {'title'},
    'publish': SHELVES | {'published_at'},
    'approve': SHELVES | {'published_at'},
    'remove': CLOSED,
    'close': CLOSED,
    'invite': {'invitations'},
    'decline_invitation': set(),
    'propose': {'proposals'},
}
# Kinds of rows that it may add or change, besides the job, its log and the kept answer.
TOUCHES = {
    'invite': {'invitation'},
    'decline_invitation': {'invitation'},
    'propose': {'proposal', 'bidder', 'invitation', 'daily_count'},
}


@pytest.mark.no_aws
@pytest.mark.parametrize(('action', 'role', 'state'), list(itertools.product(TABLE, OrderRole, JobState)))
def test_the_lifecycle_is_the_table(action, role, state):
    who, sources, targets = TABLE[action]
    assert lifecycle.RULES[action].targets == targets
    if role != who:
        with pytest.raises(Forbidden):
            lifecycle.decide(action, role, state)
    elif state not in sources:
        with pytest.raises(Conflict):
            lifecycle.decide(action, role, state)
    else:
        lifecycle.decide(action, role, state)


@pytest.mark.no_aws
def test_every_action_is_in_the_table():
    assert lifecycle.RULES.keys() == TABLE.keys()


@pytest.fixture(scope='module')
def saved(aws: None) -> dict[str, tuple[dict[str, Any], str]]:
    """The tables with one job in each state, to which the seller is invited, built once."""
    made = {}
    for state in STATES:
        resources.clear()
        users.identify.cache_clear()
        board = Board(Person('buyer'), Person('seller'))
        with time_machine.travel(NOON, tick=False), pytest.MonkeyPatch.context() as patch:
            moderated = policy.current(settings.STAGE)._replace(job_moderation='all')
            if state == 'in_review':
                patch.setattr(policy, 'current', lambda _, moderated=moderated: moderated)
            job = board.draft() if state == 'draft' else board.job()
            if state in ('open', 'closed'):
                board.invite(job)
            if state == 'closed':
                ok(board.buyer.post(f'{path(job)}/close', {}))
            assert board.seen(job)['state'] == state
        made[state] = (resources.save(), job['id'])
    return made


def person(role: str) -> Person:
    return Nobody() if role == 'nobody' else Person(role, *({role} & {'support', 'admin'}))


def by_key(snapshot: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row['pk'], row['sk']): row for rows in snapshot.values() for row in rows}


@pytest.mark.parametrize(('state', 'action', 'role'), list(itertools.product(STATES, REQUESTS, ROLES)))
def test_every_state_action_and_role(saved, state, action, role):
    tables, job_id = saved[state]
    resources.restore(tables)
    users.identify.cache_clear()
    method, noun, body = REQUESTS[action]
    with time_machine.travel(NOON, tick=False):
        caller = person(role)
        if role != 'nobody':
            ok(caller.get('/me'))
        if action == 'invite':
            body = body | {'seller_id': Person('another').id}
        before = resources.snapshot()
        answer = caller.request(method, f'/jobs/{job_id}{noun}', body)
        after = resources.snapshot()
    if (allowed := ALLOWED.get((action, role, state))) is None:
        assert answer.status == refusal(action, role, state), answer
        assert answer.headers['content-type'] == 'application/problem+json'
        assert after == before
        return
    status, next_state = allowed
    assert answer.status == status, answer
    old, new = by_key(before), by_key(after)
    key = (f'JOB#{job_id}', 'JOB')
    assert new[key]['state'] == next_state
    changed = {name for name in old[key] | new[key] if old[key].get(name) != new[key].get(name)}
    assert changed <= ALWAYS | BESIDES[action]
    touched = {kind(row) for place, row in new.items() if old.get(place) != row}
    assert touched <= {'job', 'job_event', 'answer'} | TOUCHES.get(action, set())
    assert old.keys() <= new.keys()
    assert sum(row.get('row') == 'answer' for place, row in new.items() if place not in old) == 1


def kind(row: dict[str, Any]) -> str:
    return 'daily_count' if row['sk'].startswith('PROPOSALS#') else str(row.get('row'))


def refusal(action: str, role: str, state: str) -> int:
    if role == 'nobody':
        return 401
    if action == 'propose':
        return {'buyer': 403, 'seller': 409 if state == 'closed' else 404}.get(role, 404)
    if action == 'decline_invitation':
        return 409 if role == 'seller' and state == 'closed' else 404
    if action in ('approve', 'remove'):
        return 409 if role in ('support', 'admin') else 403
    return {'buyer': 409, 'support': 403, 'admin': 403}.get(role, 404)


@pytest.mark.parametrize(('state', 'is_late'), list(itertools.product(STATES, [False, True])))
def test_its_timer_acts_on_an_open_job_that_is_due_and_on_no_other(saved, state, is_late):
    tables, job_id = saved[state]
    resources.restore(tables)
    before = resources.snapshot()
    with time_machine.travel(LATER if is_late else NOON, tick=False):
        again = deliver('advance_orders', {'v': 1, 'action': 'expire_job', 'pk': f'JOB#{job_id}', 'sk': 'JOB'})
    assert again == []
    if state == 'open' and is_late:
        job = by_key(resources.snapshot())[f'JOB#{job_id}', 'JOB']
        assert (job['state'], job['close_result']) == ('closed', 'expired')
    else:
        assert resources.snapshot() == before


@pytest.mark.parametrize('state', STATES)
def test_only_an_open_job_has_a_timer(saved, state):
    tables, _ = saved[state]
    resources.restore(tables)
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(60 * DAY)
        assert run_timers() == (['expire_job'] if state == 'open' else [])
