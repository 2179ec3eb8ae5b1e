"""Every (state, action, role) over HTTP: what is allowed changes exactly what it should, all else changes nothing."""

from typing import Any

import pytest
import time_machine

from chalicelib.users import actions as users
from tests.support import resources
from tests.support.api import Nobody, Person
from tests.support.market import ANSWERS, Market, ok

STATES = (
    'pending_payment',
    'awaiting_requirements',
    'in_progress',
    'delivered',
    'revision_requested',
    'completed',
    'cancelled',
    'expired',
)
ACTIONS: dict[str, tuple[str, dict[str, Any] | None]] = {
    'pay': ('payments', {'method': 'sandbox_card_ok'}),
    'submit_requirements': ('requirements', ANSWERS),
    'deliver': ('deliveries', {'message': 'Here it is'}),
    'request_revision': ('revisions', {'reason': 'Bigger'}),
    'accept': ('accept', None),
    'cancel': ('cancel', {'reason': 'No longer needed'}),
    'extend': ('extensions', {'days': 2, 'reason': 'More to do'}),
}
# (action, role, state) -> (status, state afterwards); what is not here is refused.
ALLOWED = {
    ('pay', 'buyer', 'pending_payment'): (201, 'awaiting_requirements'),
    ('submit_requirements', 'buyer', 'awaiting_requirements'): (200, 'in_progress'),
    ('deliver', 'seller', 'in_progress'): (201, 'delivered'),
    ('deliver', 'seller', 'revision_requested'): (201, 'delivered'),
    ('request_revision', 'buyer', 'delivered'): (201, 'revision_requested'),
    ('accept', 'buyer', 'delivered'): (200, 'completed'),
    ('cancel', 'buyer', 'pending_payment'): (200, 'cancelled'),
    ('cancel', 'buyer', 'awaiting_requirements'): (200, 'cancelled'),
    **{
        ('cancel', role, state): (200, 'cancelled')
        for role in ('seller', 'support', 'admin')
        for state in ('pending_payment', 'awaiting_requirements', 'in_progress', 'delivered', 'revision_requested')
    },
    ('extend', 'seller', 'in_progress'): (201, 'in_progress'),
    ('extend', 'seller', 'revision_requested'): (201, 'revision_requested'),
    ('extend', 'buyer', 'in_progress'): (201, 'in_progress'),
    ('extend', 'buyer', 'revision_requested'): (201, 'revision_requested'),
    ('extend', 'buyer', 'delivered'): (201, 'delivered'),
}
# Roles that an action is for, in whatever state.
FOR = {
    'pay': {'buyer'},
    'submit_requirements': {'buyer'},
    'deliver': {'seller'},
    'request_revision': {'buyer'},
    'accept': {'buyer'},
    'cancel': {'buyer', 'seller', 'support', 'admin'},
    'extend': {'buyer', 'seller'},
}
ROLES = ('buyer', 'seller', 'stranger', 'support', 'admin', 'nobody')
# Attributes of an order that an action may change besides its state, timer, version and what it holds.
BESIDES = {
    'pay': {'payment_id', 'paid_at', 'funds', 'holds', 'sources'},
    'submit_requirements': {'answers', 'delivery_due_at'},
    'deliver': set(),
    'request_revision': {'revisions_used', 'delivery_due_at'},
    'accept': {'completed_at', 'funds', 'holds'},
    'cancel': {'closed_at', 'closed_by', 'closed_because', 'fault', 'funds', 'holds', 'sources'},
    'extend': {'delivery_due_at', 'review_extension_days'},
}
ALWAYS = {'state', 'version', 'due_at', 'due_action', 'due_shard', 'held_for', 'held_as', 'held_minor', 'held_by', 'release_at'}
# Kinds of rows that an allowed action may add or change, besides the order, its log and the kept answer.
TOUCHES = {
    'pay': {'payment', 'sandbox', 'sandbox_line', 'journal', 'entry', 'balance'},
    'submit_requirements': set(),
    'deliver': {'delivery'},
    'request_revision': set(),
    'accept': {'journal', 'entry', 'balance'},
    'cancel': {'refund', 'journal', 'entry', 'balance', 'user'},
    'extend': {'extension'},
}
NOON = '2026-11-24T12:00:00Z'


@pytest.fixture(scope='module')
def saved(aws: None) -> dict[str, tuple[dict[str, Any], str]]:
    """The tables with one order in each state, built once."""
    made = {}
    for state in STATES:
        resources.clear()
        users.identify.cache_clear()
        market = Market(Person('buyer'), Person('seller'))
        with time_machine.travel(NOON, tick=False) as clock:
            build = {
                'pending_payment': market.placed,
                'awaiting_requirements': market.paid,
                'in_progress': market.started,
                'delivered': market.delivered,
                'revision_requested': market.revised,
                'completed': market.completed,
                'cancelled': market.cancelled,
                'expired': lambda market=market, clock=clock: market.expired(clock),
            }
            order = build[state]()
            assert order['state'] == state
        made[state] = (resources.save(), order['id'])
    return made


def person(role: str) -> Person:
    return Nobody() if role == 'nobody' else Person(role, *({role} & {'support', 'admin'}))


def by_key(snapshot: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row['pk'], row['sk']): row for rows in snapshot.values() for row in rows}


@pytest.mark.parametrize('role', ROLES)
@pytest.mark.parametrize('action', ACTIONS)
@pytest.mark.parametrize('state', STATES)
def test_every_state_action_and_role(saved, state, action, role):
    tables, order_id = saved[state]
    resources.restore(tables)
    users.identify.cache_clear()
    noun, body = ACTIONS[action]
    with time_machine.travel(NOON, tick=False):
        caller = person(role)
        if role != 'nobody':
            ok(caller.get('/me'))  # the account is made by being seen, which is not what is looked at here
        before = resources.snapshot()
        answer = caller.post(f'/orders/{order_id}/{noun}', body)
        after = resources.snapshot()
    if (allowed := ALLOWED.get((action, role, state))) is None:
        assert answer.status == refusal(action, role), answer
        assert answer.headers['content-type'] == 'application/problem+json'
        assert after == before
        return
    status, next_state = allowed
    assert answer.status == status, answer
    old, new = by_key(before), by_key(after)
    order_key = (f'ORDER#{order_id}', 'ORDER')
    assert new[order_key]['state'] == next_state
    changed = {name for name in old[order_key] | new[order_key] if old[order_key].get(name) != new[order_key].get(name)}
    assert changed <= ALWAYS | BESIDES[action]
    touched = {row.get('row', 'balance') for key, row in new.items() if old.get(key) != row}
    assert touched <= {'order', 'event', 'answer'} | TOUCHES[action]
    assert old.keys() <= new.keys()
    assert sum(row.get('row') == 'answer' for key, row in new.items() if key not in old) == 1


def refusal(action: str, role: str) -> int:
    if role == 'nobody':
        return 401
    if role == 'stranger':
        return 404
    return 409 if role in FOR[action] else 403


@pytest.mark.parametrize('action', ['expire_order', 'time_out_order', 'complete_order', 'release_payment'])
@pytest.mark.parametrize('state', STATES)
def test_a_timer_that_is_not_due_changes_nothing(saved, state, action):
    from tests.support.api import deliver

    tables, order_id = saved[state]
    resources.restore(tables)
    before = resources.snapshot()
    function = 'release_payments' if action == 'release_payment' else 'advance_orders'
    with time_machine.travel(NOON, tick=False):
        again = deliver(function, {'v': 1, 'action': action, 'pk': f'ORDER#{order_id}', 'sk': 'ORDER'})
    assert again == []
    assert resources.snapshot() == before
