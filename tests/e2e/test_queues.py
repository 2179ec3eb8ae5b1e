"""What queue and function make of messages that are broken, doubled, early, or about something that fails."""

import pytest
from ulid import ULID

from infra.build.redrive import redrive
from infra.local.client import wait_for
from infra.local.seed import PASSWORD
from tests.e2e.people import Deal, release_message, wait_until
from tests.support.market import NET

GARBAGE = '{"v": 1, "action": "release_payment"'
UNKNOWN = release_message(f'ord_{ULID()}')
SOON = 30


@pytest.fixture(scope='module')
def deal(people, market) -> Deal:
    """The seller is top rated, whose money clears in half the time."""
    made = people.deal()
    admin = market.sign_in('admin@example.com', PASSWORD)
    admin.put(f'/users/{made.gig["seller_id"]}/level', {'level': 'top_rated'})
    return made


@pytest.fixture(scope='module')
def cleared(deal, queue) -> list[str]:
    """Two orders whose money has cleared this very moment."""
    orders = [deal.completed() for _ in range(2)]
    queue('Release').send(*(release_message(order['id']) for order in orders))
    wait_for(queue('Release').is_empty, bool, SOON)
    early = [deal.funds_of(order['id']) for order in orders]
    assert early == ['clearing'] * 2, 'A message that comes too early changes nothing'
    wait_until(orders[-1]['release_at'])
    return [order['id'] for order in orders]


@pytest.fixture
def releases(queue):
    found = queue('Release')
    yield found
    found.forget_given_up()


@pytest.fixture
def redriven(stack):
    """Does what `make redrive` does, and returns how many payment releases went back to their queue."""

    def run() -> int:
        with stack.environment():
            return redrive('local')['Release']

    return run


def paid(deal: Deal, *order_ids: str) -> list[list[int]]:
    return [deal.credits('payment_released', 'seller.available', order_id) for order_id in order_ids]


def test_what_cannot_be_read_is_put_aside_while_the_rest_of_its_batch_is_done_once(cleared, deal, releases):
    one, other = cleared
    releases.send(GARBAGE, release_message(one), UNKNOWN, release_message(one), release_message(other))
    wait_for(releases.given_up, lambda bodies: len(bodies) == 2, SOON)
    wait_for(releases.is_empty, bool, SOON)
    assert releases.given_up() == sorted([GARBAGE, UNKNOWN])
    assert [deal.funds_of(one), deal.funds_of(other)] == ['released', 'released']
    assert paid(deal, one, other) == [[NET], [NET]]

    before = deal.funds()
    releases.send(release_message(one), release_message(other), release_message(one))
    wait_for(releases.is_empty, bool, SOON)
    assert paid(deal, one, other) == [[NET], [NET]]
    assert deal.funds() == before


def test_what_fails_is_tried_again_until_it_is_given_up_and_done_once_it_was_mended(deal, releases, row_of, redriven):
    first, second = deal.completed(), deal.completed()
    broken, mate = first['id'], second['id']
    row = row_of(broken)
    terms = row.read('terms')
    row.write('terms', 'this is not JSON')  # before it is due: no sweep may release it meanwhile
    assert deal.funds_of(mate) == 'clearing'
    wait_until(second['release_at'])
    releases.retry_after(1)
    try:
        releases.send(release_message(broken), release_message(mate))
        wait_for(lambda: deal.funds_of(mate), lambda funds: funds == 'released', SOON)
        wait_for(releases.given_up, bool, SOON)
        wait_for(releases.is_empty, bool, SOON)
    finally:
        releases.retry_after(180)
    assert set(releases.given_up()) == {release_message(broken)}
    assert row.read('due_shard') == 'parked', 'It would be swept, and fail, every minute'

    row.write('terms', terms)
    assert deal.funds_of(broken) == 'clearing'
    assert redriven() >= 1
    wait_for(lambda: deal.funds_of(broken), lambda funds: funds == 'released', SOON)
    wait_for(releases.is_empty, bool, SOON)
    assert releases.given_up() == []
    assert paid(deal, broken, mate) == [[NET], [NET]]


def test_what_can_never_be_done_comes_back_from_a_redrive(releases, redriven):
    releases.send(GARBAGE, UNKNOWN)
    wait_for(releases.given_up, lambda bodies: len(bodies) == 2, SOON)
    assert redriven() == 2
    wait_for(releases.given_up, lambda bodies: bodies == sorted([GARBAGE, UNKNOWN]), SOON)


@pytest.mark.parametrize('name', ['Order', 'Provider', 'Upload'])
def test_every_queue_has_dead_letters_of_its_own(name, queue):
    found = queue(name)
    found.send(GARBAGE)
    wait_for(found.given_up, lambda bodies: bodies == [GARBAGE], SOON)
    wait_for(found.is_empty, bool, SOON)
    found.forget_given_up()
