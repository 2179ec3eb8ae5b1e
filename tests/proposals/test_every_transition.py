"""Every (state, action, role) of a proposal over HTTP: what is allowed changes what it should, all else changes nothing."""

import itertools
from typing import Any

import pytest
import time_machine

from chalicelib.errors import Conflict, Forbidden
from chalicelib.orders.lifecycle import OrderRole
from chalicelib.proposals import lifecycle
from chalicelib.proposals.lifecycle import ProposalState
from chalicelib.users import actions as users
from tests.support import resources
from tests.support.api import Nobody, Person, deliver
from tests.support.audit import audit
from tests.support.board import HOUR, Board, path
from tests.support.market import ok, run_timers

pytestmark = pytest.mark.proof

NOON = '2026-11-24T12:00:00Z'
STATES = ('submitted', 'awarded', 'revoked', 'hired', 'turned_down', 'declined', 'withdrawn', 'archived', 'archived_award')
"""The last one is what an award is after its job was closed."""
ROLES = ('buyer', 'seller', 'rival', 'stranger', 'support', 'admin', 'nobody')
"""The rival has a proposal of their own at the same job."""
WAITING, AWARDED = {'submitted', 'revoked'}, {'awarded'}
# action -> who is it for in the lifecycle, from where, to where
TABLE = {
    'edit': ('seller', WAITING, None),
    'withdraw': ('seller', WAITING, 'withdrawn'),
    'shortlist': ('buyer', WAITING, None),
    'hide': ('buyer', WAITING, None),
    'unmark': ('buyer', WAITING, None),
    'decline': ('buyer', WAITING, 'declined'),
    'award': ('buyer', WAITING, 'awarded'),
    'accept_award': ('seller', AWARDED, 'hired'),
    'turn_down_award': ('seller', AWARDED, 'turned_down'),
    'revoke_award': ('buyer', AWARDED, 'revoked'),
    'lapse_award': ('system', AWARDED | {'archived'}, 'revoked'),
}
REQUESTS: dict[str, tuple[str, str, Any]] = {
    'edit': ('PATCH', '', {'price_minor': 20_000}),
    'withdraw': ('POST', '/withdraw', None),
    'shortlist': ('POST', '/shortlist', None),
    'hide': ('POST', '/hide', None),
    'unmark': ('POST', '/unmark', None),
    'decline': ('POST', '/decline', {'reason': 'Too late for us'}),
    'award': ('POST', '/award', {'edition': 1}),
    'accept_award': ('POST', '/award/accept', None),
    'turn_down_award': ('POST', '/award/turn-down', None),
    'revoke_award': ('POST', '/award/revoke', None),
}
ALWAYS = {'state', 'version', 'updated_at', 'due_at', 'due_action', 'due_shard'}
# Attributes of a proposal, and of its job, that an action may change besides.
BESIDES = {
    'edit': {'price_minor', 'edition'},
    'shortlist': {'mark'},
    'hide': {'mark'},
    'unmark': {'mark'},
    'decline': {'ended_because'},
    'award': {'rates'},
    'accept_award': {'order_id'},
    'turn_down_award': {'rates'},
    'revoke_award': {'rates'},
}
OF_THE_JOB = {
    'award': {'awards'},
    'accept_award': {'awards', 'hired'},
    'turn_down_award': {'awards'},
    'revoke_award': {'awards'},
}
OF_ANY_JOB = {'version', 'updated_at', 'due_at'}
ORDERED = {'order', 'quote', 'event'}


@pytest.mark.no_aws
@pytest.mark.parametrize(('action', 'role', 'state'), list(itertools.product(TABLE, OrderRole, ProposalState)))
def test_the_lifecycle_is_the_table(action, role, state):
    who, sources, target = TABLE[action]
    if role != who:
        with pytest.raises(Forbidden):
            lifecycle.decide(action, role, state)
    elif state not in sources:
        with pytest.raises(Conflict):
            lifecycle.decide(action, role, state)
    else:
        assert lifecycle.decide(action, role, state).target == target


@pytest.mark.no_aws
def test_every_action_is_in_the_table():
    assert lifecycle.RULES.keys() == TABLE.keys()


@pytest.mark.no_aws
@pytest.mark.parametrize(('state', 'job_state'), list(itertools.product(ProposalState, ('open', 'closed'))))
def test_what_waits_is_archived_with_its_job(state, job_state):
    waits = state in ('submitted', 'awarded', 'revoked', 'archived')
    assert lifecycle.seen_state(state, job_state) == ('archived' if waits and job_state == 'closed' else state)


@pytest.fixture(scope='module')
def saved(aws: None) -> dict[str, tuple[dict[str, Any], str]]:
    """The tables with a proposal in each state, at a job that wants two, built once."""
    made = {}
    for state in STATES:
        resources.clear()
        users.identify.cache_clear()
        board = Board(Person('buyer'), Person('seller'))
        with time_machine.travel(NOON, tick=False):
            job = board.job(hires=2)
            board.proposal(job, Person('rival'))
            proposal = brought(board, job, state)
            assert board.seen(proposal)['state'] == state.removesuffix('_award')
        made[state] = (resources.save(), path(proposal))
    return made


def brought(board: Board, job: dict[str, Any], state: str) -> dict[str, Any]:
    """A proposal that has come to this state."""
    match state:
        case 'submitted' | 'declined' | 'withdrawn' | 'archived':
            proposal = board.proposal(job)
        case 'hired':
            proposal = board.hired(job)
        case _:
            proposal = board.awarded(job)
    match state:
        case 'declined':
            ok(board.buyer.post(f'{path(proposal)}/decline', {}))
        case 'withdrawn':
            ok(board.seller.post(f'{path(proposal)}/withdraw'))
        case 'revoked':
            ok(board.buyer.post(f'{path(proposal)}/award/revoke'))
        case 'turned_down':
            ok(board.seller.post(f'{path(proposal)}/award/turn-down'))
        case 'archived' | 'archived_award':
            ok(board.buyer.post(f'{path(job)}/close', {}))
    return proposal


def person(role: str) -> Person:
    return Nobody() if role == 'nobody' else Person(role, *({role} & {'support', 'admin'}))


def by_key(snapshot: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row['pk'], row['sk']): row for rows in snapshot.values() for row in rows}


@pytest.mark.parametrize(('state', 'action', 'role'), list(itertools.product(STATES, REQUESTS, ROLES)))
def test_every_state_action_and_role(saved, state, action, role):
    tables, where = saved[state]
    resources.restore(tables)
    users.identify.cache_clear()
    method, noun, body = REQUESTS[action]
    with time_machine.travel(NOON, tick=False):
        caller = person(role)
        if role != 'nobody':
            ok(caller.get('/me'))
        before = resources.snapshot()
        answer = caller.request(method, where + noun, body)
        after = resources.snapshot()
    who, sources, target = TABLE[action]
    if role != who or state not in sources:
        assert answer.status == refusal(who, role), answer
        assert answer.headers['content-type'] == 'application/problem+json'
        assert after == before
        return
    assert answer.status == 200, answer
    assert answer.body['state'] == (target or state)
    old, new = by_key(before), by_key(after)
    _, _, job_id, _, proposal_id = where.split('/')
    key, of_job = (f'JOB#{job_id}', f'PROPOSAL#{proposal_id}'), (f'JOB#{job_id}', 'JOB')
    content = {'content'} if action == 'edit' else set()
    assert changes(old[key], new[key]) <= ALWAYS | BESIDES.get(action, set()) | content
    assert changes(old[of_job], new[of_job]) - OF_ANY_JOB == OF_THE_JOB.get(action, set())
    touched = {row.get('row') for place, row in new.items() if old.get(place) != row}
    assert touched <= {'job', 'proposal', 'job_event', 'answer'} | (ORDERED if action == 'accept_award' else set())
    assert old.keys() <= new.keys()
    assert sum(row.get('row') == 'answer' for place, row in new.items() if place not in old) == 1


def changes(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    return {name for name in old | new if old.get(name) != new.get(name)}


def refusal(who: str, role: str) -> int:
    if role == 'nobody':
        return 401
    if role in ('stranger', 'rival'):
        return 404
    return 409 if role == who else 403


@pytest.mark.parametrize(('state', 'hours'), list(itertools.product(STATES, [0, 37])))
def test_its_timer_acts_on_an_award_that_is_due_and_on_nothing_else(saved, state, hours):
    tables, where = saved[state]
    resources.restore(tables)
    before = resources.snapshot()
    _, _, job_id, _, proposal_id = where.split('/')
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(hours * HOUR)
        message = {'v': 1, 'action': 'lapse_award', 'pk': f'JOB#{job_id}', 'sk': f'PROPOSAL#{proposal_id}'}
        assert deliver('advance_orders', message, message) == []
    if state in ('awarded', 'archived_award') and hours:
        new = by_key(resources.snapshot())
        assert new[f'JOB#{job_id}', f'PROPOSAL#{proposal_id}']['state'] == 'revoked'
        assert new[f'JOB#{job_id}', 'JOB']['awards'] == 0
    else:
        assert resources.snapshot() == before


@pytest.mark.parametrize('state', STATES)
def test_only_an_award_has_a_timer(saved, state):
    tables, _ = saved[state]
    resources.restore(tables)
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(37 * HOUR)
        due = [action for action in run_timers() if action != 'expire_order']
        assert due == (['lapse_award'] if state in ('awarded', 'archived_award') else [])
    audit()
