"""The use cases of a campaign's money: paid for, given out task by task, and closed."""

from typing import Any

from tests.faults.cases import DAY, PAY, Case, World, _left_alone, _message, _request
from tests.faults.unhappy import _holds
from tests.support import campaigns
from tests.support.market import ok, run_timers

TOTAL = 1_290
"""Thirty tasks of 40, each with a share of 3 in the fee."""


def _drafted(world: World) -> dict[str, Any]:
    return {'id': campaigns.draft(world.buyer, pay_minor=40)}


def _running(world: World) -> dict[str, Any]:
    return {'id': campaigns.running(world.buyer, pay_minor=40, days_to_rate=1)}


def _claimed(world: World) -> dict[str, Any]:
    about = _running(world)
    return about | {'task': campaigns.claimed(about['id'], world.seller)}


def _submitted(world: World) -> dict[str, Any]:
    about = _running(world)
    return about | {'task': campaigns.submitted(about['id'], world.seller)}


def _in_debt(world: World) -> dict[str, Any]:
    """The worker owes us five cents."""
    from chalicelib import db
    from chalicelib.ledger import store as ledger
    from chalicelib.ledger.postings import Line, Posting

    lines = (Line(f'receivable.seller:{world.seller.id}', -5, world.seller.id), Line('revenue.commission', 5))
    owed = Posting('owed:1', 'owed', 'USD', lines)
    db.atomically(lambda tx: ledger.post(tx, owed), by=world.seller.id)
    return _submitted(world)


def _stopped(world: World) -> dict[str, Any]:
    about = _submitted(world)
    ok(rate(world, about))
    ok(world.buyer.post(f'/campaigns/{about["id"]}/stop'))
    world.clock.shift(1)
    return about


def _stopping(world: World) -> dict[str, Any]:
    """Stopped, with a task that is not rated yet."""
    about = _submitted(world)
    ok(world.buyer.post(f'/campaigns/{about["id"]}/stop'))
    world.clock.shift(1)
    return about


def rate(world: World, about: dict[str, Any]) -> Any:
    return campaigns.rate(world.buyer, about['id'], 'ok', about['task'])


def _path(noun: str) -> Any:
    return lambda world: f'/campaigns/{world.about["id"]}/{noun}'


def _ratings(rating: str) -> Any:
    why = {} if rating == 'ok' else {'reason': 'Blurred'}
    return lambda world: {'ratings': [{'task_id': world.about['task'], 'rating': rating, **why}]}


def _closes(world: World) -> bool:
    world.clock.shift(3_600)
    run_timers()
    return _holds(buyer__wallet=TOTAL)(world)


PAID = {'escrow': 1_200, 'fee__buyer': 90}
CASES = (
    Case('pay for a campaign', _drafted, _request('buyer', _path('payments'), PAY), _holds(**PAID)),
    Case('add positions', _running, _request('buyer', _path('positions'), PAY | {'positions': 10}),
         _holds(escrow=1_600, fee__buyer=120)),
    Case('claim a position', _running, _request('seller', _path('tasks'), None),
         lambda w: ok(w.buyer.get(f'/campaigns/{w.about["id"]}'))['positions_free'] in (29, 30)
         and len(ok(w.seller.get('/me/tasks'))['items']) == 1),
    Case('approve a task', _submitted, _request('buyer', _path('ratings'), _ratings('ok')),
         _holds(escrow=1_160, fee__buyer=87, seller__available=40)),
    Case('approve a task of one who owes us', _in_debt, _request('buyer', _path('ratings'), _ratings('ok')),
         _holds(escrow=1_160, fee__buyer=87, seller__available=35)),
    Case('reject a task', _submitted, _request('buyer', _path('ratings'), _ratings('nok')), _holds(**PAID)),
    Case('a task that nobody rates', _left_alone(_submitted, DAY + 1), _message('advance_orders', 'approve_task'),
         _holds(escrow=1_160, fee__buyer=87, seller__available=40)),
    Case('a task that is not done in time', _left_alone(_claimed, 601), _message('advance_orders', 'expire_task'),
         _holds(**PAID)),
    Case('stop a campaign', _running, _request('buyer', _path('stop'), None), _closes),
    Case('close a campaign', _stopped, _message('advance_orders', 'close_campaign'),
         _holds(seller__available=40, buyer__wallet=TOTAL - 43)),
)  # fmt: skip
