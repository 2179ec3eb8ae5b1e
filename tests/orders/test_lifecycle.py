"""Every (action, role, state), against a table of its own."""

import itertools

import pytest

from chalicelib import policy
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import Forbidden, IllegalTransition
from chalicelib.orders import lifecycle
from chalicelib.orders.lifecycle import Actor, Facts, OrderRole, OrderState
from chalicelib.policy import HoldRule

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
    ('refund', 'seller'): WAITING | WORKING | DELIVERED | COMPLETED,
    ('refund', 'staff'): WAITING | WORKING | DELIVERED | COMPLETED,
    ('offer_extra', 'seller'): WAITING | WORKING | DELIVERED,
    ('withdraw_extra', 'seller'): WAITING | WORKING | DELIVERED,
    ('decline_extra', 'buyer'): WAITING | WORKING | DELIVERED,
    ('pay_extra', 'buyer'): WAITING | WORKING | DELIVERED,
    ('tip', 'buyer'): COMPLETED,
    ('dispute', 'buyer'): WAITING | WORKING | DELIVERED | COMPLETED,
    ('dispute', 'seller'): WAITING | WORKING | DELIVERED,
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
    'refund': set(),
    'offer_extra': set(),
    'withdraw_extra': set(),
    'decline_extra': set(),
    'pay_extra': set(),
    'tip': set(),
    'dispute': set(),
}
CASES = list(itertools.product(TARGETS, OrderRole, OrderState))


def facts(state, **others):
    """Everything that an action may depend on is given."""
    given = dict.fromkeys(('is_very_late', 'is_returnable', 'has_revisions_left', 'is_clearing', 'is_refundable'), True)
    return Facts(state, **given | others)


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
        ('refund', OrderRole.SELLER, OrderState.DELIVERED, {'is_refundable': False}),
        ('refund', OrderRole.STAFF, OrderState.COMPLETED, {'is_refundable': False}),
        ('dispute', OrderRole.BUYER, OrderState.COMPLETED, {'is_clearing': False}),
    ],
)
def test_what_an_action_depends_on_is_needed(action, role, state, missing):
    with pytest.raises(IllegalTransition):
        lifecycle.decide(action, Actor(role, 'usr'), facts(state, **missing))


@pytest.mark.parametrize('frozen_by', ['dispute', 'chargeback'])
@pytest.mark.parametrize(('action', 'role', 'state'), CASES, ids=str)
def test_a_frozen_order_stands_still(action, role, state, frozen_by):
    expected = IllegalTransition if (action, role.value) in ALLOWED else Forbidden
    with pytest.raises(expected):
        lifecycle.decide(action, Actor(role, 'usr'), facts(state, frozen_by=frozen_by))


@pytest.mark.parametrize(
    ('action', 'role', 'known', 'fault'),
    [
        ('cancel', OrderRole.SELLER, {}, 'seller'),
        ('cancel', OrderRole.STAFF, {}, 'none'),
        ('cancel', OrderRole.BUYER, {}, 'seller'),
        ('cancel', OrderRole.BUYER, {'is_very_late': False}, 'none'),
        ('cancel', OrderRole.BUYER, {'is_very_late': False, 'is_returnable': False}, 'buyer'),
        ('time_out', OrderRole.SYSTEM, {}, 'seller'),
        ('time_out', OrderRole.SYSTEM, {'state': OrderState.AWAITING_REQUIREMENTS}, 'buyer'),
    ],
)
def test_whose_fault_an_end_is(action, role, known, fault):
    known = {'state': OrderState.IN_PROGRESS} | known
    assert lifecycle.fault_of(action, role, facts(**known)) == fault


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
    ('state', 'days', 'timer'),
    [
        ('pending_payment', 14, ('expire_order', 1_000 + 30 * MINUTE)),
        ('awaiting_requirements', 14, ('time_out_order', 1_000 + 14 * DAY)),
        ('in_progress', 14, ('time_out_order', 5_000 + 30 * DAY)),
        ('revision_requested', 14, ('time_out_order', 5_000 + 30 * DAY)),
        ('delivered', 14, ('complete_order', 1_000 + 3 * DAY)),
        ('completed', 14, ('release_payment', 1_000 + 14 * DAY)),
        ('completed', 7, ('release_payment', 1_000 + 7 * DAY)),
        ('cancelled', 14, None),
        ('expired', 14, None),
    ],
)
def test_what_happens_to_an_order_that_is_left_alone(state, days, timer):
    rules = policy.current('prod')
    said = lifecycle.timer(OrderState(state), rules, now=1_000, delivery_due_at=5_000, clearing_days=days)
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


@pytest.mark.parametrize(
    ('level', 'category', 'price_minor', 'name', 'days'),
    [
        ('new', 'logo-design', 10_000, 'standard', 14),
        ('level_2', 'logo-design', 499_999, 'standard', 14),
        ('top_rated', 'logo-design', 10_000, 'top_rated_seller', 7),
        ('new', 'logo-design', 500_000, 'large_order', 21),
        ('top_rated', 'logo-design', 500_000, 'large_order', 21),
    ],
)
def test_how_long_money_clears_and_by_which_rule(level, category, price_minor, name, days):
    rule = policy.current('prod').hold_rule(level=level, category=category, currency='USD', price_minor=price_minor)
    assert (rule.name, rule.days) == (name, days)


def test_a_rule_may_be_for_a_category():
    rules = (HoldRule('templates', 30, category='templates', level='new'), HoldRule('standard', 14))
    strict = policy.current('prod')._replace(hold_rules=rules)
    for level, category, name in (
        ('new', 'templates', 'templates'),
        ('top_rated', 'templates', 'standard'),
        ('new', 'x', 'standard'),
    ):
        assert strict.hold_rule(level=level, category=category, currency='IDR', price_minor=1).name == name


def test_the_local_stage_lives_faster_under_the_same_fees():
    real, local = policy.current('prod'), policy.current('local')
    assert (local.commission_bps, local.buyer_fee_bps) == (real.commission_bps, real.buyer_fee_bps) == (2_000, 550)
    assert (local.clearing_day_ms, real.clearing_day_ms) == (1_000, DAY)
    assert local.hold_rules == real.hold_rules
    assert policy.of(local.version) is local
    assert policy.of(real.version) is real
    assert local.version != real.version
