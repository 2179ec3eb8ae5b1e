"""Every writing operation of the API, sent twice: at the same time, after a crash, by somebody else, and after its time."""

from collections import Counter

import pytest
import time_machine

from chalicelib import settings
from chalicelib.users import actions as users
from tests.faults.injector import Crash, faults
from tests.races import explorer
from tests.support import resources
from tests.support.api import Person
from tests.support.audit import violations
from tests.support.market import Market
from tests.support.requests import writes
from tests.test_idempotency import operations

pytestmark = pytest.mark.proof
NOON = '2026-11-24T12:00:00Z'
LATE = '2026-12-26T12:00:00Z'
KEY = 'the same key'
_built = {}
OPERATIONS = [*operations()]


@pytest.fixture
def send(aws, request):
    """Sends the operation's request, as its own user or another. Everything is in place for it, and it was never sent."""
    with time_machine.travel(NOON, tick=False):
        if not _built:
            resources.clear()
            users.identify.cache_clear()
            _built['requests'] = writes(Market(Person('buyer'), Person('seller')))
            assert Person('stranger').get('/me').status == 200
            _built['tables'] = resources.save()
        who, method, path, body, _ = _built['requests'][request.node.callspec.params['operation']]
        put_back()
        yield lambda other=None: (other or who).request(method, path, body, key=KEY)


def put_back():
    resources.restore(_built['tables'])
    users.identify.cache_clear()
    for name in ('buyer', 'seller', 'stranger'):
        Person(name).get('/me')


def shape():
    """How many rows of each kind there are: what was done twice shows."""
    return Counter((name, row.get('row')) for name in resources.TABLES.values() for row in resources.rows(name))


def until_answered(send):
    """Repeated as long as it is not known whether it was done, or somebody else was quicker."""
    answers = (_or_crash(send) for _ in range(5))
    return next(answer for answer in answers if answer and answer.status < 500 and not _is_in_the_way(answer))


def _or_crash(send):
    try:
        return send()
    except Crash:
        return None


def _is_in_the_way(answer):
    return answer.status == 409 and answer.problem == 'changed-meanwhile'


@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_crash_at_any_call_leaves_it_to_be_done_once(send, operation):
    with faults({}) as plan:
        first = send()
    assert first.status < 300, first
    done = shape()
    for number in range(1, len(plan.calls) + 1):
        for kind in ('crash_before', 'crash_after', 'lost', 'conflict'):
            put_back()
            with faults({number: kind}):
                _or_crash(send)
            assert until_answered(send).status == first.status, f'{operation} {number}:{kind}'
            assert shape() == done, f'{operation} {number}:{kind}'


@pytest.mark.parametrize('operation', OPERATIONS)
def test_two_at_once_are_one(send, operation):
    """All schedules with at most two preemptions."""
    first = send()
    done = shape()

    def run(turns):
        put_back()
        return explorer.play([lambda: until_answered(send)] * 2, turns, preemptions=2)

    for played in explorer.schedules(run):
        statuses = [answer.status for answer in played.said]
        assert statuses == [first.status] * 2, f'{operation} {played.turns}: {played.said}'
        assert shape() == done, f'{operation} {played.turns}'


@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_key_is_nobody_elses(send, operation):
    first = send()
    theirs = send(Person('stranger'))
    assert theirs.raw != first.raw or not first.raw
    assert theirs.status < 500
    assert send().raw == first.raw


@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_key_whose_time_is_over_replays_while_it_is_kept_and_is_new_afterwards(send, operation):
    first = send()
    with time_machine.travel(LATE, tick=False):
        assert send().status == first.status
        rows = resources.table(settings.MARKET_TABLE).items
        for key in [key for key in rows if key.value.startswith('IDEM#') and key.value.endswith(KEY)]:
            del rows[key]
        assert send().status < 500
        assert violations(is_quiet=False) == []
