"""The use cases that lead from a job to an order."""

from collections.abc import Callable

from tests.faults.cases import Case, World, _message, _request
from tests.races import hiring
from tests.support.board import PROPOSAL


def _comes_to(expected: str) -> Callable[[World], bool]:
    return lambda world: hiring.outcome(world) == expected


CASES = (
    Case('propose', hiring.opened, _request('seller', lambda w: f'{w.about["job"]}/proposals', PROPOSAL),
         _comes_to('open, 0 hired, 0 orders, submitted')),
    Case('award', hiring.proposed, _request('buyer', lambda w: f'{w.about["one"]}/award', {'edition': 1}),
         _comes_to('open, 0 hired, 0 orders, awarded')),
    Case('accept an award', hiring.awarded, _request('seller', lambda w: f'{w.about["one"]}/award/accept', None),
         _comes_to('closed hired, 1 hired, 1 orders, hired')),
    Case('an award that nobody accepts', hiring.awarded_long_ago, _message('advance_orders', 'lapse_award'),
         _comes_to('open, 0 hired, 0 orders, revoked')),
    Case('a job that nobody cares for', hiring.opened_long_ago, _message('advance_orders', 'expire_job'),
         _comes_to('closed expired, 0 hired, 0 orders, ')),
)  # fmt: skip
