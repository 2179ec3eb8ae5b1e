"""The money use cases as they are called: a request with its key, or a message; again and again until it is answered."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import time_machine

from chalicelib import settings
from chalicelib.payments.sandbox import provider as sandbox
from chalicelib.users import actions as users
from tests.faults.injector import KINDS, Crash, Plan, faults
from tests.support import resources
from tests.support.api import Answer, Person, deliver
from tests.support.audit import violations
from tests.support.market import ANSWERS, Market, ok, run_timers
from tests.support.requests import offer

NOON = '2026-11-24T12:00:00Z'
DELIVERIES = 5
DAY = 24 * 3600


class World:
    """The market, at a time that stands still, with what the use case is about in place."""

    def __init__(self, clock: Any) -> None:
        resources.clear()
        users.identify.cache_clear()
        self.clock = clock
        self.buyer, self.seller = Person('buyer'), Person('seller')
        self.market = Market(self.buyer, self.seller)
        self.about: Any = None
        self.due: list[dict[str, Any]] = []
        self.file_id = ''

    def order(self) -> dict[str, Any]:
        return self.market.order(self.about['id'])

    def settle_down(self) -> None:
        """Lets time pass until nothing is due any more, without any timer of days."""
        for _ in range(10):
            self.clock.shift(61)
            if not run_timers():
                return
        raise AssertionError('L4: something stays due')


@dataclass(frozen=True)
class Case:
    """How it is set up, how it is tried once, and how it has to end."""

    name: str
    prepare: Callable[[World], Any]
    attempt: Callable[[World], bool]
    """Whether it needs no further attempt."""
    ended: Callable[[World], bool]
    gives_up: bool = False
    """Whoever asked does not ask again; timers are what is left."""


def _request(who: str, path: Callable[[World], str], body: Any) -> Callable[[World], bool]:
    def attempt(world: World) -> bool:
        sent = body(world) if callable(body) else body
        answer: Answer = getattr(world, who).post(path(world), sent, key='the key')
        assert answer.status < 300 or answer.status >= 500, answer
        return answer.status < 300

    return attempt


def _message(function: str, action: str) -> Callable[[World], bool]:
    def attempt(world: World) -> bool:
        row = next(row for row in world.due if row['due_action'] == action)
        return deliver(function, {'v': 1, 'action': action, 'pk': row['pk'], 'sk': row['sk']}) == []

    return attempt


def _noun(noun: str) -> Callable[[World], str]:
    return lambda world: f'/orders/{world.about["id"]}/{noun}'


def _earned(world: World) -> dict[str, Any]:
    order = world.market.completed()
    world.clock.shift(14 * DAY + 1)
    run_timers()
    return order


def _asked_payout(world: World) -> Any:
    _earned(world)
    return ok(world.seller.post('/payouts', PAYOUT), 201)


def _delivering(world: World) -> dict[str, Any]:
    world.file_id = world.market.file(world.seller, 'delivery')
    return world.market.started()


def _left_alone(prepare: Callable[[World], Any], seconds: int) -> Callable[[World], Any]:
    def prepared(world: World) -> Any:
        made = prepare(world)
        world.clock.shift(seconds)
        return made

    return prepared


def _confirmed(world: World) -> dict[str, Any]:
    order = world.market.placed()
    payment = ok(world.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    ok(world.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    resources.drain('provider')
    return order


def _confirmed_too_late(world: World) -> dict[str, Any]:
    order = _confirmed(world)
    ok(world.seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    return order


def _topped_up(world: World) -> dict[str, Any]:
    ok(world.buyer.post('/me/wallet/top-ups', TOP_UP | {'amount_minor': 4_000}), 201)
    return world.market.placed()


def _offered(world: World) -> dict[str, Any]:
    order = world.market.started()
    return order | {'extra_id': offer(world.market, order)}


def _extra_payments(world: World) -> str:
    return _noun(f'extras/{world.about["extra_id"]}/payments')(world)


def _claimed(world: World) -> dict[str, Any]:
    order = world.market.delivered()
    return order | {'dispute': world.market.disputed(order)[1]}


def _part_refunded(world: World) -> dict[str, Any]:
    order = world.market.started(method='sandbox_card_no_refund')
    return dict(ok(world.seller.post(f'/orders/{order["id"]}/refunds', PART), 201))


def _claimed_back(world: World) -> dict[str, Any]:
    order = world.market.completed()
    ok(world.buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
    resources.drain('provider')
    return order


def _decided(*, won: bool) -> Callable[[World], dict[str, Any]]:
    def prepared(world: World) -> dict[str, Any]:
        order, ref = world.market.charged(world.market.completed())
        sandbox.rule_on_chargeback(ref, is_won=won)
        return order

    return prepared


def _learn(world: World) -> bool:
    ref = world.about['payment_id'].replace('pay_', 'scb_')
    return deliver('settle_with_provider', {'v': 1, 'action': 'learn_chargeback', 'pk': 'sandbox', 'sk': ref}) == []


def _sent_back(world: World) -> Any:
    payout = _asked_payout(world)
    assert run_timers() == ['send_payout']
    sandbox.return_payout(payout['id'])
    return payout | {'pk': f'USER#{world.seller.id}', 'sk': f'PAYOUT#{payout["id"]}'}


def _check_payout(world: World) -> bool:
    message = {'v': 1, 'action': 'check_payout', 'pk': world.about['pk'], 'sk': world.about['sk']}
    return deliver('settle_with_provider', message) == []


def _has(who: str, **due: int) -> Callable[[World], bool]:
    def holds(world: World) -> bool:
        usd = next(one for one in ok(getattr(world, who).get('/me/balance'))['balances'] if one['currency'] == 'USD')
        return {name: usd[name] for name in due} == due

    return holds


def _is(**due: Any) -> Callable[[World], bool]:
    return lambda world: {name: world.order()[name] for name in due} == due


def _payout_is(state: str) -> Callable[[World], bool]:
    return lambda world: [payout['state'] for payout in ok(world.seller.get('/payouts'))['items']] == [state]


PAYOUT = {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
PAY = {'method': 'sandbox_card_ok'}
TOP_UP = {'amount_minor': 1_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}
PART = {'amount_minor': 1_000, 'reason': 'Late'}
CASES = (
    Case('place', lambda w: w.market.quote(), _request('buyer', lambda _: '/orders', lambda w: {'quote_id': w.about['id']}),
         lambda w: len(ok(w.buyer.get('/orders'))['items']) == 1),
    Case('pay', lambda w: w.market.placed(), _request('buyer', _noun('payments'), PAY),
         _is(state='awaiting_requirements', funds='held')),
    Case('pay for a digital product', lambda w: w.market.placed(w.market.product()), _request('buyer', _noun('payments'), PAY),
         _is(state='delivered', funds='held')),
    Case('pay, and never come back', lambda w: w.market.placed(), _request('buyer', _noun('payments'), PAY),
         lambda w: w.order()['state'] == ('awaiting_requirements' if w.order()['payment_id'] else 'pending_payment'),
         gives_up=True),
    Case('settle a confirmed payment', _confirmed, _message('settle_with_provider', 'settle_payment'),
         _is(state='awaiting_requirements', funds='held')),
    Case('settle a payment that came too late', _confirmed_too_late, _message('settle_with_provider', 'settle_payment'),
         _is(state='cancelled', funds='refunded')),
    Case('submit requirements', lambda w: w.market.paid(), _request('buyer', _noun('requirements'), ANSWERS),
         _is(state='in_progress')),
    Case('deliver', _delivering,
         _request('seller', _noun('deliveries'), lambda w: {'message': 'Here', 'file_ids': [w.file_id]}),
         lambda w: w.order()['state'] == 'delivered' and len(w.order()['deliveries']) == 1
         and w.buyer.get(f'/files/{w.file_id}').status == 200),
    Case('accept', lambda w: w.market.delivered(), _request('buyer', _noun('accept'), None),
         _is(state='completed', funds='clearing')),
    Case('complete', _left_alone(lambda w: w.market.delivered(), 3 * DAY + 1), _message('advance_orders', 'complete_order'),
         _is(state='completed', funds='clearing')),
    Case('release', _left_alone(lambda w: w.market.completed(), 14 * DAY + 1), _message('release_payments', 'release_payment'),
         _is(state='completed', funds='released')),
    Case('cancel', lambda w: w.market.paid(), _request('buyer', _noun('cancel'), {'reason': 'No longer needed'}),
         _is(state='cancelled', funds='refunded')),
    Case('refund', lambda w: w.market.cancelled(), _message('settle_with_provider', 'send_refund'),
         _is(state='cancelled', funds='refunded')),
    Case('expire', _left_alone(lambda w: w.market.placed(), 31 * 60), _message('advance_orders', 'expire_order'),
         _is(state='expired', funds='none')),
    Case('time out', _left_alone(lambda w: w.market.paid(), 14 * DAY + 1), _message('advance_orders', 'time_out_order'),
         _is(state='cancelled', funds='refunded')),
    Case('ask for a payout', _earned, _request('seller', lambda _: '/payouts', PAYOUT), _payout_is('paid')),
    Case('send a payout', _asked_payout, _message('settle_with_provider', 'send_payout'), _payout_is('paid')),
    Case('learn that a payout was sent back', _sent_back, _check_payout,
         lambda w: _payout_is('returned')(w) and _has('seller', available_minor=8_000)(w)),
    Case('pay into a wallet', lambda w: w.market.placed(), _request('buyer', lambda _: '/me/wallet/top-ups', TOP_UP),
         _has('buyer', wallet_minor=1_000)),
    Case('pay with credit and a card', _topped_up, _request('buyer', _noun('payments'), PAY | {'use_credit': True}),
         lambda w: _is(state='awaiting_requirements', funds='held')(w) and _has('buyer', wallet_minor=0)(w)),
    Case('pay for an extra', _offered, _request('buyer', _extra_payments, PAY),
         lambda w: [extra['state'] for extra in w.order()['added_extras']] == ['paid']),
    Case('give a tip', lambda w: w.market.completed(), _request('buyer', _noun('tips'), PAY | {'amount_minor': 1_000}),
         lambda w: _is(tips_minor=1_000)(w) and _has('seller', available_minor=800)(w)),
    Case('give back a part', lambda w: w.market.delivered(), _request('seller', _noun('refunds'), PART),
         lambda w: _is(funds='held', refunded_minor=1_000)(w) and w.order()['refunds'][0]['state'] == 'succeeded'),
    Case('a part that the card does not take', _part_refunded, _message('settle_with_provider', 'send_refund'),
         lambda w: _is(funds='held')(w) and _has('buyer', wallet_minor=1_000)(w)),
    Case('accept a claim', _claimed, _request('seller', lambda w: f'{w.about["dispute"]}/response', {'accepts': True}),
         _is(state='completed', funds='clearing', refunded_minor=5_000)),
    Case('learn of a chargeback', _claimed_back, _learn, _is(funds='frozen', frozen_by='chargeback')),
    Case('learn that it was won', _decided(won=True), _learn, _is(funds='clearing', frozen_by=None)),
    Case('learn that it was lost', _decided(won=False), _learn, _is(funds='charged_back', frozen_by=None)),
)  # fmt: skip


def calls_of(case: Case) -> list[str]:
    """The AWS calls that the case makes when nothing goes wrong."""
    with _world(case) as world, faults({}) as plan:
        assert case.attempt(world)
    return plan.calls


def run(case: Case, number: int, kind: str) -> tuple[list[str], Plan]:
    """Tries the case with one fault, then again without until it is done; returns all that is wrong then."""
    with _world(case) as world:
        with faults({number: kind}) as plan:
            is_done = _tried(case, world)
        wrong = [f'at once: {one}' for one in violations(is_quiet=False)]
        try:
            _finish(case, world, is_done=is_done)
        except AssertionError as otherwise:
            wrong.append(str(otherwise))
        return wrong + violations(), plan


def _finish(case: Case, world: World, *, is_done: bool) -> None:
    if not case.gives_up:
        deliveries = (is_done or _tried(case, world) for _ in range(DELIVERIES))
        assert any(deliveries), f'L2: not done after {DELIVERIES} deliveries'
        assert _tried(case, world), 'S5: once more is refused'
    world.settle_down()
    assert case.ended(world), f'L1: it ended otherwise: {json.dumps(world.about)[:300]}'


def faults_of(case: Case) -> Iterator[tuple[int, str]]:
    return ((number, kind) for number in range(1, len(calls_of(case)) + 1) for kind in KINDS)


def _tried(case: Case, world: World) -> bool:
    try:
        return case.attempt(world)
    except Crash:
        return False


@contextmanager
def _world(case: Case) -> Iterator[World]:
    """The case's world, built once and put back for every run."""
    if case.name not in _built:
        with time_machine.travel(NOON, tick=False) as clock:
            world = World(clock)
            world.about = case.prepare(world)
            world.due = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('due_action')]
            _built[case.name] = (world, resources.save(), time.time())
    world, tables, now = _built[case.name]
    resources.restore(tables)
    users.identify.cache_clear()
    with time_machine.travel(now, tick=False) as world.clock:
        for person in (world.buyer, world.seller):
            ok(person.get('/me'))  # the process knows them; who somebody is, is not what is looked at here
        yield world


_built: dict[str, tuple[World, dict[str, Any], float]] = {}
