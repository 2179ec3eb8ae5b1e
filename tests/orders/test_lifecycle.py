"""Every (action, role, state), against a table of its own."""

import itertools

import pytest

from chalicelib import policy
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import Forbidden, IllegalTransition
from chalicelib.orders import lifecycle
from chalicelib.orders.lifecycle import Actor, Facts, OrderRole, OrderState

pytestmark = pytest.mark.no_aws

UNPAID, WAITING, WORKING = {'pending_payment'}, {'awaiting_requirements'}, {'in_progress', 'revision_requested'}
DELIVERED, COMPLETED = {'delivered'}, {'completed'}
ALLOWED = {
    ('pay', 'buyer'): UNPAID,
    ('capture', 'system'): UNPAID,
    ('expire', 'system'): UNPAID,
    ('submit_requirements', 'buyer'): WAITING,
    ('deliver', 'seller'): WORKING,
    ('request_revision', 'buyer'): DELIVERED,
    ('accept', 'buyer'): DELIVERED,
    ('complete', 'system'): DELIVERED,
    ('release', 'system'): COMPLETED,
    ('ask_extension', 'seller'): WORKING,
    ('answer_extension', 'buyer'): WORKING,
    ('answer_extension', 'system'): WORKING,
    ('extend_delivery', 'buyer'): WORKING,
    ('extend_review', 'buyer'): DELIVERED,
    ('cancel', 'buyer'): UNPAID | WAITING | WORKING | DELIVERED,
    ('cancel', 'seller'): UNPAID | WAITING | WORKING | DELIVERED,
    ('cancel', 'staff'): UNPAID | WAITING | WORKING | DELIVERED,
    ('time_out', 'system'): WAITING | WORKING,
}
TARGETS = {
    'pay': set(),
    'capture': {'awaiting_requirements', 'in_progress', 'delivered'},
    'expire': {'expired'},
    'submit_requirements': {'in_progress'},
    'deliver': {'delivered'},
    'request_revision': {'revision_requested'},
    'accept': {'completed'},
    'complete': {'completed'},
    'release': set(),
    'ask_extension': set(),
    'answer_extension': set(),
    'extend_delivery': set(),
    'extend_review': set(),
    'cancel': {'cancelled'},
    'time_out': {'cancelled'},
}
CASES = list(itertools.product(TARGETS, OrderRole, OrderState))


def facts(state, **others):
    """Everything that an action may depend on is given."""
    return Facts(
        state, **{'is_very_late': True, 'is_returnable': True, 'has_revisions_left': True, 'is_clearing': True} | others
    )


def test_the_table_is_about_every_action():
    assert set(lifecycle.ACTIONS) == set(TARGETS)


@pytest.mark.parametrize(('action', 'role', 'state'), CASES, ids=str)
def test_an_action_is_possible_exactly_where_the_table_says(action, role, state):
    actor = Actor(role, 'usr')
    allowed = ALLOWED.get((action, role.value))
    if allowed is None:
        with pytest.raises(Forbidden):
            lifecycle.decide(action, actor, facts(state))
    elif state.value not in allowed:
        with pytest.raises(IllegalTransition):
            lifecycle.decide(action, actor, facts(state))
    else:
        assert {target.value for target in lifecycle.decide(action, actor, facts(state)).targets} == TARGETS[action]


@pytest.mark.parametrize(
    ('action', 'role', 'state', 'missing'),
    [
        ('cancel', OrderRole.BUYER, OrderState.IN_PROGRESS, {'is_very_late': False}),
        ('cancel', OrderRole.BUYER, OrderState.REVISION_REQUESTED, {'is_very_late': False}),
        ('cancel', OrderRole.BUYER, OrderState.DELIVERED, {'is_returnable': False}),
        ('request_revision', OrderRole.BUYER, OrderState.DELIVERED, {'has_revisions_left': False}),
        ('release', OrderRole.SYSTEM, OrderState.COMPLETED, {'is_clearing': False}),
    ],
)
def test_what_an_action_depends_on_is_needed(action, role, state, missing):
    with pytest.raises(IllegalTransition):
        lifecycle.decide(action, Actor(role, 'usr'), facts(state, **missing))


@pytest.mark.parametrize('missing', [{'is_very_late': False}, {'is_returnable': False}])
@pytest.mark.parametrize('role', [OrderRole.SELLER, OrderRole.STAFF])
@pytest.mark.parametrize('state', [OrderState.IN_PROGRESS, OrderState.REVISION_REQUESTED, OrderState.DELIVERED])
def test_seller_and_staff_cancel_without_conditions(role, state, missing):
    assert lifecycle.decide('cancel', Actor(role, 'usr'), facts(state, **missing)).targets == {OrderState.CANCELLED}


@pytest.mark.parametrize(
    ('kind', 'has_requirements', 'state'),
    [
        ('service', True, OrderState.AWAITING_REQUIREMENTS),
        ('service', False, OrderState.IN_PROGRESS),
        ('digital_product', False, OrderState.DELIVERED),
    ],
)
def test_what_a_captured_payment_leads_to(kind, has_requirements, state):
    assert lifecycle.after_payment(kind, has_requirements=has_requirements) is state


@pytest.mark.parametrize(
    ('state', 'level', 'timer'),
    [
        ('pending_payment', 'new', ('expire_order', 1_000 + 30 * MINUTE)),
        ('awaiting_requirements', 'new', ('time_out_order', 1_000 + 14 * DAY)),
        ('in_progress', 'new', ('time_out_order', 5_000 + 30 * DAY)),
        ('revision_requested', 'new', ('time_out_order', 5_000 + 30 * DAY)),
        ('delivered', 'new', ('complete_order', 1_000 + 3 * DAY)),
        ('completed', 'new', ('release_payment', 1_000 + 14 * DAY)),
        ('completed', 'level_2', ('release_payment', 1_000 + 14 * DAY)),
        ('completed', 'top_rated', ('release_payment', 1_000 + 7 * DAY)),
        ('cancelled', 'new', None),
        ('expired', 'new', None),
    ],
)
def test_what_happens_to_an_order_that_is_left_alone(state, level, timer):
    rules = policy.current('prod')
    said = lifecycle.timer(OrderState(state), rules, now=1_000, delivery_due_at=5_000, seller_level=level)
    assert said == timer


@pytest.mark.parametrize('state', OrderState)
def test_only_work_that_is_owed_can_be_late(state):
    rules, due = policy.current('prod'), 10 * DAY
    owed = state.value in WORKING
    assert lifecycle.is_late(state, due, due) is False
    assert lifecycle.is_late(state, due, due + 1) is owed
    assert lifecycle.is_very_late(state, due, due + 24 * HOUR, rules) is False
    assert lifecycle.is_very_late(state, due, due + 24 * HOUR + 1, rules) is owed
    assert lifecycle.is_late(state, None, due) is False


def test_the_local_stage_lives_faster_under_the_same_fees():
    real, local = policy.current('prod'), policy.current('local')
    assert (local.commission_bps, local.buyer_fee_bps) == (real.commission_bps, real.buyer_fee_bps) == (2_000, 550)
    assert (local.clearing_ms, local.top_clearing_ms) == (14_000, 7_000)
    assert policy.of(local.version) is local
    assert policy.of(real.version) is real
    assert local.version != real.version
