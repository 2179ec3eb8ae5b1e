"""One fault, of every kind, at every AWS call from the arrival of a webhook to what follows from it; then all goes on."""

import copy

import botocore.retries.standard
import pytest

from chalicelib import db
from tests.faults.injector import KINDS, Crash, faults
from tests.payments.test_webhooks import EVENTS, Told
from tests.payments.world import World
from tests.support import resources
from tests.support.api import deliver, sweep
from tests.support.audit import violations
from tests.support.fake_psp import Webhook

CASES = [
    ('stripe', 'payment paid'),
    ('stripe', 'refund returned'),
    ('stripe', 'payout returned'),
    ('xendit', 'refund sent'),
    ('xendit', 'payout sent'),
]


def told_once(world: World, webhook: Webhook) -> bool:
    """Whether it was taken and followed up without a mishap."""
    try:
        return world.send(webhook).status == 200 and world.follow_up() == []
    except Crash:
        return False


def goes_on(world: World, webhook: Webhook, told: Told) -> bool:
    """The provider tells again what was not answered, queues deliver, and the sweep sends what is due."""
    for _ in range(5):
        world.send(webhook)
        sweep()
        while bodies := resources.drain('provider'):
            deliver('settle_with_provider', *bodies)
        if told.state() == told.after:
            return True
    return False


@pytest.mark.proof
@pytest.mark.parametrize('case', CASES, ids=' '.join)
def test_whatever_fails_once_what_was_told_is_followed_up(clock, market, psp, monkeypatch, case):
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, 'delay_amount', lambda *_: 0)
    monkeypatch.setattr(db, '_FIRST_PAUSE_S', 0)
    dialect, event = case
    world = World(market, psp, dialect)
    told = EVENTS[event](world)
    [webhook] = psp.webhooks()
    tables, books = resources.save(), copy.deepcopy(psp.books)

    def again() -> None:
        resources.restore(tables)
        resources.drain('provider')
        psp.books = copy.deepcopy(books)

    again()
    with faults({}) as plan:
        assert told_once(world, webhook)
    assert len(plan.calls) >= 6
    wrong = []
    for number in range(1, len(plan.calls) + 1):
        for kind in KINDS:
            again()
            with faults({number: kind}) as struck:
                told_once(world, webhook)
            assert struck.struck, f'nothing struck at call {number}'
            if not goes_on(world, webhook, told):
                wrong.append(f'{number} {kind}: it is {told.state()}')
            wrong += [f'{number} {kind}: {one}' for one in violations()]
    assert not wrong, '\n'.join(wrong)
