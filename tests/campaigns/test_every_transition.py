"""Every (state, action, role) of campaigns and of tasks over HTTP: what is not allowed changes nothing."""

import itertools
from typing import Any

import pytest
import time_machine

from chalicelib.campaigns.lifecycle import CAMPAIGN_RULES, TASK_RULES, CampaignState, TaskState
from chalicelib.users import actions as users
from tests.support import campaigns, resources
from tests.support.api import Nobody, Person
from tests.support.market import ok, run_timers

pytestmark = pytest.mark.proof

NOON = '2026-11-24T12:00:00Z'
ROLES = ('buyer', 'worker', 'stranger', 'support', 'admin', 'nobody')
OF_CAMPAIGN = ('edit', 'pay', 'add_positions', 'pause', 'resume', 'stop', 'claim')
OF_TASK = ('submit', 'approve', 'reject', 'request_revision')
PATHS: dict[str, tuple[str, str, Any]] = {
    'edit': ('PATCH', '', {'positions': 40}),
    'pay': ('POST', '/payments', campaigns.PAY),
    'add_positions': ('POST', '/positions', campaigns.PAY | {'positions': 5}),
    'pause': ('POST', '/pause', None),
    'resume': ('POST', '/resume', None),
    'stop': ('POST', '/stop', None),
    'claim': ('POST', '/tasks', None),
    'submit': ('POST', '/tasks/{task}/proof', {'text': 'B'}),
    'approve': ('POST', '/ratings', 'ok'),
    'reject': ('POST', '/ratings', 'nok'),
    'request_revision': ('POST', '/ratings', 'revise'),
}
# What follows; what is not here is refused.
AFTER = {
    **{('campaign', name, source): rule.target or source for name, rule in CAMPAIGN_RULES.items() for source in rule.sources},
    **{('task', name, source): rule.target or source for name, rule in TASK_RULES.items() for source in rule.sources},
    ('campaign', 'pay', CampaignState.DRAFT): CampaignState.RUNNING,
}


def _campaign(state: str, buyer: Person, clock: Any) -> str:
    group = ok(buyer.post('/hire-groups', {'name': 'A', 'worker_ids': [Person(role).id for role in ('worker', 'other')]}), 201)
    if state == 'draft':
        return campaigns.draft(buyer)
    few = {'positions': 1, 'hire_group_ids': [group['id']]} if state == 'finished' else {'per_worker': 3}
    campaign = campaigns.running(buyer, **few)
    if state == 'finished':
        ok(campaigns.rate(buyer, campaign, 'ok', campaigns.submitted(campaign, Person('worker'))))
        clock.shift(61)
        run_timers()
    if state in ('paused', 'stopped'):
        ok(buyer.post(f'/campaigns/{campaign}/{"pause" if state == "paused" else "stop"}'))
    return campaign


def _task(state: str, buyer: Person, clock: Any) -> tuple[str, str]:
    campaign, worker = campaigns.running(buyer, per_worker=3), Person('worker')
    make = campaigns.claimed if state in ('claimed', 'expired') else campaigns.submitted
    task = make(campaign, worker)
    if state == 'expired':
        clock.shift(601)
        run_timers()
    ratings = {'approved': 'ok', 'rejected': 'nok', 'revision_requested': 'revise'}
    if state in ratings:
        ok(campaigns.rate(buyer, campaign, ratings[state], task))
    return campaign, task


@pytest.fixture(scope='module')
def saved(aws: None) -> dict[tuple[str, str], Any]:
    made = {}
    states = [*itertools.product(['campaign'], CampaignState), *itertools.product(['task'], TaskState)]
    for noun, state in states:
        resources.clear()
        users.identify.cache_clear()
        with time_machine.travel(NOON, tick=False) as clock:
            for role in ROLES[:-1]:
                ok(person(role).get('/me'))
            buyer = Person('buyer')
            about = (_campaign(state, buyer, clock), '') if noun == 'campaign' else _task(state, buyer, clock)
        made[noun, state.value] = (resources.save(), *about)
    return made


def person(role: str) -> Person:
    return Nobody() if role == 'nobody' else Person(role, *({role} & {'support', 'admin'}))


def state_of(noun: str, key: str) -> str:
    return next(row['state'] for row in resources.rows('market') if row.get('row') == noun and row['id'] == key)


CASES = [
    *(('campaign', *one) for one in itertools.product(CampaignState, OF_CAMPAIGN, ROLES)),
    *(('task', *one) for one in itertools.product(TaskState, OF_TASK, ROLES)),
]


@pytest.mark.parametrize(('noun', 'state', 'action', 'role'), CASES)
def test_every_state_action_and_role(saved, noun, state, action, role):
    tables, campaign, task = saved[noun, state.value]
    resources.restore(tables)
    users.identify.cache_clear()
    method, path, body = PATHS[action]
    if path == '/ratings':
        body = {'ratings': [{'task_id': task, 'rating': body, 'reason': 'Because'}]}
    with time_machine.travel(NOON, tick=False):
        caller = person(role)
        if role != 'nobody':
            caller.get('/me')
        before = resources.snapshot()
        answer = caller.request(method, f'/campaigns/{campaign}{path.format(task=task)}', body)
    if is_allowed(noun, state, action, role):
        assert answer.status in (200, 201), answer
        assert state_of(noun, task or campaign) == AFTER[noun, action, state]
    else:
        assert answer.status in (401, 403, 404, 409), answer
        assert answer.headers['content-type'] == 'application/problem+json'
        assert resources.snapshot() == before


def is_allowed(noun: str, state: str, action: str, role: str) -> bool:
    roles = {'claim': ('worker', 'stranger'), 'submit': ('worker',)}.get(action, ('buyer',))
    return role in roles and (noun, action, state) in AFTER
