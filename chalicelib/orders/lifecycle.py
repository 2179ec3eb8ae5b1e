"""Which order may become what, by whom, and what happens if nobody does anything. Pure: no clock, no table, no HTTP."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from chalicelib.errors import Forbidden, IllegalTransition
from chalicelib.policy import Policy


class OrderState(StrEnum):
    PENDING_PAYMENT = 'pending_payment'
    AWAITING_REQUIREMENTS = 'awaiting_requirements'
    IN_PROGRESS = 'in_progress'
    DELIVERED = 'delivered'
    REVISION_REQUESTED = 'revision_requested'
    COMPLETED = 'completed'
    CANCELLED = 'cancelled'
    EXPIRED = 'expired'


class OrderRole(StrEnum):
    BUYER = 'buyer'
    SELLER = 'seller'
    STAFF = 'staff'
    SYSTEM = 'system'


class Actor(NamedTuple):
    """Who does it, and as what."""

    role: OrderRole
    id: str | None


SYSTEM = Actor(OrderRole.SYSTEM, None)
"""A timer, or what the payment provider said."""


class OrderFunds(StrEnum):
    """Where an order's money is."""

    NONE = 'none'
    HELD = 'held'
    CLEARING = 'clearing'
    RELEASED = 'released'
    REFUNDING = 'refunding'
    REFUNDED = 'refunded'
    FROZEN = 'frozen'
    """A chargeback is open."""
    CHARGED_BACK = 'charged_back'


class Fault(StrEnum):
    """On whose record a cancellation goes."""

    BUYER = 'buyer'
    SELLER = 'seller'
    NONE = 'none'


class Facts(NamedTuple):
    """All that decisions rest on."""

    state: OrderState
    is_very_late: bool = False
    is_returnable: bool = False
    """A digital product whose seller takes it back until it counts as accepted."""
    has_revisions_left: bool = True
    is_clearing: bool = False
    is_refundable: bool = False
    frozen_by: str | None = None
    """`dispute` or `chargeback`: until it is over, the order stands still."""


class Transition(NamedTuple):
    action: str
    who: frozenset[OrderRole]
    sources: frozenset[OrderState]
    targets: frozenset[OrderState]
    """None of them: the order stays in the state it is in."""
    provided: Callable[[Facts], bool] | None = None
    otherwise: str = ''


def _row(
    action: str,
    who: tuple[OrderRole, ...],
    sources: tuple[OrderState, ...],
    *targets: OrderState,
    provided: Callable[[Facts], bool] | None = None,
    otherwise: str = '',
) -> Transition:
    return Transition(action, frozenset(who), frozenset(sources), frozenset(targets), provided, otherwise)


_S, _R = OrderState, OrderRole
_WORKING = (_S.IN_PROGRESS, _S.REVISION_REQUESTED)
PAID = (_S.AWAITING_REQUIREMENTS, *_WORKING, _S.DELIVERED)

TRANSITIONS = (
    # action               who                      from                                     to
    _row('pay', (_R.BUYER,), (_S.PENDING_PAYMENT,)),
    _row('capture', (_R.SYSTEM,), (_S.PENDING_PAYMENT,), _S.AWAITING_REQUIREMENTS, _S.IN_PROGRESS, _S.DELIVERED),
    _row('expire', (_R.SYSTEM,), (_S.PENDING_PAYMENT,), _S.EXPIRED),
    _row('submit_requirements', (_R.BUYER,), (_S.AWAITING_REQUIREMENTS,), _S.IN_PROGRESS),
    _row('deliver', (_R.SELLER,), _WORKING, _S.DELIVERED),
    _row(
        'request_revision',
        (_R.BUYER,),
        (_S.DELIVERED,),
        _S.REVISION_REQUESTED,
        provided=lambda facts: facts.has_revisions_left,
        otherwise='All revisions of this order are used up',
    ),
    _row('accept', (_R.BUYER,), (_S.DELIVERED,), _S.COMPLETED),
    _row('complete', (_R.SYSTEM,), (_S.DELIVERED,), _S.COMPLETED),
    _row(
        'release',
        (_R.SYSTEM,),
        (_S.COMPLETED,),
        provided=lambda facts: facts.is_clearing,
        otherwise='The money of this order is not in clearing',
    ),
    _row('ask_extension', (_R.SELLER,), _WORKING),
    _row('answer_extension', (_R.BUYER, _R.SYSTEM), _WORKING),
    _row('extend_delivery', (_R.BUYER,), _WORKING),
    _row('extend_review', (_R.BUYER,), (_S.DELIVERED,)),
    _row('cancel', (_R.BUYER,), (_S.PENDING_PAYMENT, _S.AWAITING_REQUIREMENTS), _S.CANCELLED),
    _row(
        'cancel',
        (_R.BUYER,),
        _WORKING,
        _S.CANCELLED,
        provided=lambda facts: facts.is_very_late,
        otherwise='A buyer can cancel work in progress alone once it is very late; before that, ask the seller to cancel',
    ),
    _row(
        'cancel',
        (_R.BUYER,),
        (_S.DELIVERED,),
        _S.CANCELLED,
        provided=lambda facts: facts.is_returnable,
        otherwise='What was delivered is accepted or sent back for a revision; only some digital products can be returned',
    ),
    _row('cancel', (_R.SELLER, _R.STAFF), (_S.PENDING_PAYMENT, *PAID), _S.CANCELLED),
    _row('time_out', (_R.SYSTEM,), (_S.AWAITING_REQUIREMENTS, *_WORKING), _S.CANCELLED),
    _row(
        'refund',
        (_R.SELLER, _R.STAFF),
        (*PAID, _S.COMPLETED),
        provided=lambda facts: facts.is_refundable,
        otherwise='This order has no money left that could go back',
    ),
    _row('offer_extra', (_R.SELLER,), PAID),
    _row('withdraw_extra', (_R.SELLER,), PAID),
    _row('decline_extra', (_R.BUYER,), PAID),
    _row('pay_extra', (_R.BUYER,), PAID),
    _row('tip', (_R.BUYER,), (_S.COMPLETED,)),
    _row('dispute', (_R.BUYER, _R.SELLER), PAID),
    _row(
        'dispute',
        (_R.BUYER,),
        (_S.COMPLETED,),
        provided=lambda facts: facts.is_clearing,
        otherwise='The seller has been paid for this order; ask them for a refund, or support',
    ),
)
ACTIONS = tuple(dict.fromkeys(transition.action for transition in TRANSITIONS))


def decide(action: str, actor: Actor, facts: Facts) -> Transition:
    """The transition that this actor may make now, or the reason why there is none."""
    of_action = [t for t in TRANSITIONS if t.action == action]
    of_role = [t for t in of_action if actor.role in t.who]
    if not of_role:
        who = ' or '.join(sorted({r.value for t in of_action for r in t.who if r is not OrderRole.SYSTEM})) or 'nobody'
        raise Forbidden(f'{_said(action)} is for the {who} of an order, not for the {actor.role}')
    here = next((t for t in of_role if facts.state in t.sources), None)
    if facts.frozen_by:
        raise IllegalTransition(f'{_said(action)} is not possible while a {facts.frozen_by} of this order is open')
    if here is None:
        sources = ' or '.join(sorted({state.value for t in of_role for state in t.sources}))
        raise IllegalTransition(f'{_said(action)} needs an order that is {sources}; this one is {facts.state}')
    if here.provided and not here.provided(facts):
        raise IllegalTransition(here.otherwise)
    return here


def fault_of(action: str, role: OrderRole, facts: Facts) -> Fault:
    """Whose fault it is that a paid order ends like this, where nobody says otherwise."""
    if action == 'time_out':
        return Fault.BUYER if facts.state is OrderState.AWAITING_REQUIREMENTS else Fault.SELLER
    match role:
        case OrderRole.SELLER:
            return Fault.SELLER
        case OrderRole.BUYER if facts.is_very_late:
            return Fault.SELLER
        case OrderRole.BUYER if not facts.is_returnable:
            return Fault.BUYER
        case _:
            return Fault.NONE


def after_payment(gig_kind: str, *, has_requirements: bool) -> OrderState:
    if gig_kind == 'digital_product':
        return OrderState.DELIVERED
    return OrderState.AWAITING_REQUIREMENTS if has_requirements else OrderState.IN_PROGRESS


def timer(
    state: OrderState, policy: Policy, *, now: int, delivery_due_at: int | None, clearing_days: int, is_agreed: bool = False
) -> tuple[str, int] | None:
    """What happens, and when, to an order that has just come into this state and is then left alone."""
    match state:
        case OrderState.PENDING_PAYMENT:
            return 'expire_order', now + (policy.agreed_payment_ms if is_agreed else policy.payment_ms)
        case OrderState.AWAITING_REQUIREMENTS:
            return 'time_out_order', now + policy.requirements_ms
        case OrderState.IN_PROGRESS | OrderState.REVISION_REQUESTED:
            return 'time_out_order', (delivery_due_at or now) + policy.undelivered_ms
        case OrderState.DELIVERED:
            return 'complete_order', now + policy.review_ms
        case OrderState.COMPLETED:
            return 'release_payment', now + clearing_days * policy.clearing_day_ms
        case _:
            return None


def is_late(state: OrderState, delivery_due_at: int | None, now: int) -> bool:
    return state in _WORKING and delivery_due_at is not None and now > delivery_due_at


def is_very_late(state: OrderState, delivery_due_at: int | None, now: int, policy: Policy) -> bool:
    return state in _WORKING and delivery_due_at is not None and now > delivery_due_at + policy.very_late_ms


def _said(action: str) -> str:
    return action.replace('_', ' ').capitalize()
