"""Money in suspense, sent back through Stripe and Xendit as the fake plays them, over HTTP; and both books at the end."""

import pytest

from chalicelib.reconciliation import actions as reconciliation
from tests.payments.world import World, ledger_says
from tests.support.api import Person
from tests.support.audit import audit
from tests.support.fake_psp.psp import DIALECTS
from tests.support.market import balances, night, ok, run_timers

pytestmark = pytest.mark.proof


@pytest.fixture
def world(market, psp, dialect, monkeypatch):
    monkeypatch.setattr(reconciliation, 'CHOSEN', {'USD': 'stripe', 'IDR': 'xendit'})
    made = World(market, psp, dialect)
    yield made
    books = psp.books.balance(gross=False)
    assert {**dict.fromkeys(books, 0), **ledger_says(dialect)} == books, 'their books and ours'
    audit()


def paid_by_nobody(world, **about):
    """A payment that was made there without us."""
    made = world.psp.books.add('payment', 'px', '', (world.price, world.currency), 'pending', dialect=world.dialect, **about)
    DIALECTS[world.dialect].settle_payment(world.psp, made)
    world.psp.webhooks()


@pytest.mark.parametrize('dialect', ['stripe', 'xendit'])
@pytest.mark.parametrize('end', ['sent', 'refused'])
def test_money_that_nobody_knows_goes_back_the_way_it_came(world, clock, end):
    boss, second = Person('boss', 'admin'), Person('second', 'admin')
    paid_by_nobody(world, payment_methods=['QRIS'], group='x', return_url=None, refunds_are_slow=True)
    night(clock)
    [case] = ok(boss.get('/admin/reconciliation'))['items']
    wanted = {'kind': 'unmatched_refund', 'case_id': case['id'], 'currency': world.currency, 'amount_minor': world.price}
    proposed = ok(boss.post('/admin/adjustments', {'wanted': wanted, 'reason': 'Nobody knows them'}), 201)
    ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))
    assert run_timers() == ['send_unmatched']
    assert balances() == {f'refund:{proposed["id"]}': world.price}
    words = {'sent': ('succeeded', 'SUCCEEDED'), 'refused': ('failed', 'FAILED')}[end]
    world.psp.settle(proposed['id'], words[world.dialect == 'xendit'], 'no' if end == 'refused' else None)
    world.listen()
    assert balances() == {}
    assert [one['id'] for one in ok(boss.get('/admin/reconciliation'))['items']] == ([] if end == 'sent' else [case['id']])
    assert run_timers() == []


@pytest.mark.parametrize('dialect', ['xendit'])
def test_what_came_through_a_virtual_account_is_not_sent_back(world, clock):
    boss = Person('boss', 'admin')
    paid_by_nobody(world, payment_methods=['BCA'])
    night(clock)
    [case] = ok(boss.get('/admin/reconciliation'))['items']
    wanted = {'kind': 'unmatched_refund', 'case_id': case['id'], 'currency': world.currency, 'amount_minor': world.price}
    answer = boss.post('/admin/adjustments', {'wanted': wanted, 'reason': 'Nobody knows them'})
    assert (answer.status, answer.pointers) == (422, ['#/case_id'])
