"""The money use cases as they are called: a request with its key, or a message; again and again until it is answered."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import time_machine

from chalicelib import clock, settings
from chalicelib.users import actions as users
from tests.faults.injector import KINDS, Crash, Plan, faults
from tests.support import resources
from tests.support.api import Answer, Person, deliver
from tests.support.audit import violations
from tests.support.market import ANSWERS, Market, ok, run_timers

NOON = '2026-11-24T12:00:00Z'
DELIVERIES = 5
FAR = 1_000_000
"""A call that is never made."""
QUEUES = ('release', 'orders', 'provider')
DAY = 24 * 3600


class World:
    """The market, at a time that stands still, with what the use case is about in place."""

    def __init__(self, traveller: Any) -> None:
        resources.clear()
        users.identify.cache_clear()
        self.clock = traveller
        self.buyer, self.seller = Person('buyer'), Person('seller')
        self.market = Market(self.buyer, self.seller)
        self.about: Any = None
        self.due: list[dict[str, Any]] = []
        self.file_id = ''

    @staticmethod
    def standing() -> AbstractContextManager[None]:
        """Within it, the world is as it should be beside its tables and queues."""
        return nullcontext()

    def save(self) -> Any:
        return resources.save()

    def restore(self, saved: Any) -> None:
        resources.restore(saved)
        for queue in QUEUES:
            resources.drain(queue)
        users.identify.cache_clear()

    def violations(self, *, is_quiet: bool = True) -> list[str]:
        return violations(is_quiet=is_quiet)

    def order(self) -> dict[str, Any]:
        return self.market.order(self.about['id'])

    def settle_down(self) -> None:
        """Lets time pass until nothing is due any more, without any timer of days."""
        for _ in range(40):  # a payment that nobody waits for any more is asked about for half an hour
            self.clock.shift(61)
            if not _is_anything_left():
                return
            run_timers()
        raise AssertionError('L4: something stays due')


def _is_anything_left() -> bool:
    """Something due by now, or a message under way. Seen without a request: a sweep takes longer than most use cases."""
    now = clock.now_ms()
    is_due = any(row.get('due_at', now + 1) <= now for row in resources.rows(settings.MARKET_TABLE))
    return is_due or any(resources.messages(queue) for queue in QUEUES)


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
    world: type[World] = World


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


def _is(**due: Any) -> Callable[[World], bool]:
    return lambda world: {name: world.order()[name] for name in due} == due


def _payout_is(state: str) -> Callable[[World], bool]:
    return lambda world: [payout['state'] for payout in ok(world.seller.get('/payouts'))['items']] == [state]


PAYOUT = {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
PAY = {'method': 'sandbox_card_ok'}
CASES = (
    Case('place', lambda w: w.market.quote(), _request('buyer', lambda _: '/orders', lambda w: {'quote_id': w.about['id']}),
         lambda w: len(ok(w.buyer.get('/orders'))['items']) == 1),
    Case('accept an offer', lambda w: w.market.offered(),
         _request('buyer', lambda w: f'/offers/{w.about["id"]}/accept', None),
         lambda w: len(ok(w.buyer.get('/orders'))['items']) == 1
         and ok(w.buyer.get(f'/offers/{w.about["id"]}'))['state'] == 'accepted'),
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
)  # fmt: skip


def calls_of(case: Case) -> list[str]:
    """The calls that the case makes when nothing goes wrong."""
    with world_of(case) as world, faults({}) as plan:
        assert case.attempt(world)
    return plan.calls


def run(case: Case, planned: dict[int, str]) -> tuple[list[str], Plan]:
    """Tries the case while the faults strike, then again without until it is done; returns all that is wrong then.

    One fault strikes the first attempt. Where there are more, calls are counted through all the attempts that they call for.
    """
    with world_of(case) as world:
        with faults(planned) as plan:
            is_done = _tried(case, world)
            for _ in planned if len(planned) > 1 and not case.gives_up else ():
                is_done = is_done or _tried(case, world)
        wrong = [f'at once: {one}' for one in world.violations(is_quiet=False)]
        try:
            _finish(case, world, is_done=is_done)
        except AssertionError as otherwise:
            wrong.append(str(otherwise))
        return wrong + world.violations(), plan


def _finish(case: Case, world: World, *, is_done: bool) -> None:
    if not case.gives_up:
        deliveries = (is_done or _tried(case, world) for _ in range(DELIVERIES))
        assert any(deliveries), f'L2: not done after {DELIVERIES} deliveries'
        assert _tried(case, world), 'S5: once more is refused'
    world.settle_down()
    assert case.ended(world), f'L1: it ended otherwise: {json.dumps(world.about)[:300]}'


def faults_of(
    case: Case, *, is_struck: Callable[[str], bool] = lambda _: True, is_thinned: bool = False
) -> Iterator[tuple[int, str]]:
    """One of each kind at each of its calls, or at those of them whose names are to be struck.

    `is_thinned`: where it reads shard after shard, only at the first of them and at the last.
    """
    calls = calls_of(case)
    inner = {number for number in range(2, len(calls)) if len({*calls[number - 2 : number + 1]}) == 1} if is_thinned else set()
    numbered = [number for number, name in enumerate(calls, 1) if is_struck(name) and number not in inner]
    return ((number, kind) for number in numbered for kind in KINDS)


def seconds_of(case: Case, first: tuple[int, str]) -> list[tuple[int, str]]:
    """Every fault that may strike after a first one, in the same attempt or in those that it calls for."""
    number, _ = first
    _, plan = run(case, dict([first, (FAR, 'refused')]))
    return [(later, kind) for later in range(number + 1, len(plan.calls) + 1) for kind in KINDS]


def _tried(case: Case, world: World) -> bool:
    try:
        return case.attempt(world)
    except Crash:
        return False


@contextmanager
def world_of(case: Any) -> Iterator[World]:
    """The case's world, built once and put back for every run."""
    made: type[World] = getattr(case, 'world', World)
    with made.standing():
        if case.name not in _built:
            with time_machine.travel(NOON, tick=False) as traveller:
                world = made(traveller)
                world.about = case.prepare(world)
                world.due = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('due_action')]
                _built[case.name] = (world, world.save(), time.time())
        world, saved, now = _built[case.name]
        world.restore(saved)
        with time_machine.travel(now, tick=False) as world.clock:
            for person in (world.buyer, world.seller):
                ok(person.get('/me'))  # the process knows them; who somebody is, is not what is looked at here
            yield world


_built: dict[str, tuple[World, Any, float]] = {}
