import pytest

from chalicelib import db, settings
from chalicelib.errors import InsufficientFunds, Moved
from chalicelib.ledger import store
from chalicelib.ledger.postings import Line, Posting
from tests.support import resources
from tests.support.audit import audit
from tests.support.market import COMMISSION, FEE, NET, PRICE, TOTAL, ok, run_timers

DAY = 24 * 3600


def post(posting):
    db.atomically(lambda tx: store.post(tx, posting), by='provider:sandbox')


def test_a_posting_is_one_row_and_one_row_per_line_and_moves_what_is_guarded():
    post(Posting('x:1', 'test', 'USD', (Line('psp.clearing:sandbox', -100), Line('escrow:o', 100, 'usr_b'))))
    rows = resources.rows(settings.JOURNAL_TABLE)
    assert sorted(row['row'] for row in rows) == ['entry', 'entry', 'journal']
    assert [row['pk'] for row in resources.rows(settings.BALANCES_TABLE)] == ['ACC#escrow:o#USD']
    audit()


def test_the_same_posting_is_done_once():
    posting = Posting('x:1', 'test', 'USD', (Line('psp.clearing:sandbox', -100), Line('escrow:o', 100)))
    post(posting)
    with pytest.raises(Moved):
        post(posting)
    audit()


def test_another_posting_of_that_name_is_a_bug_and_is_said_to_be_one():
    post(Posting('x:1', 'test', 'USD', (Line('psp.clearing:sandbox', -100), Line('escrow:o', 100))))
    with pytest.raises(AssertionError, match='other lines'):
        post(Posting('x:1', 'test', 'USD', (Line('psp.clearing:sandbox', -200), Line('escrow:o', 200))))
    audit()


@pytest.mark.parametrize('before', [None, 99])
def test_a_guarded_account_is_not_overdrawn(before):
    if before:
        post(Posting('x:1', 'test', 'USD', (Line('psp.clearing:sandbox', -before), Line('escrow:o', before))))
    kept = resources.snapshot()
    with pytest.raises(InsufficientFunds):
        post(Posting('x:2', 'test', 'USD', (Line('escrow:o', -100), Line('psp.balance:sandbox', 100))))
    assert resources.snapshot() == kept


def test_no_two_orders_meet_on_a_balance(market):
    """So that a thousand orders completed at once do not wait for each other."""
    market.completed()
    touched = {row['pk'] for row in resources.rows(settings.BALANCES_TABLE)}
    market.completed()
    assert {row['pk'] for row in resources.rows(settings.BALANCES_TABLE)} & touched == touched
    for row in resources.rows(settings.BALANCES_TABLE):
        assert row['entries'] <= 2


def usd(person):
    return next(b for b in ok(person.get('/me/balance'))['balances'] if b['currency'] == 'USD')


def test_a_balance_explains_every_amount(market, seller, clock):
    assert usd(seller)['pending'] == []
    first, second = market.paid(), market.completed()
    balance = usd(seller)
    assert (balance['available_minor'], balance['pending_minor'], balance['in_payout_minor']) == (0, 2 * NET, 0)
    by_order = {pending['subject_id']: pending for pending in balance['pending']}
    assert by_order[first['id']] == {
        'amount_minor': NET,
        'reason': 'in_escrow',
        'rule': 'until_completed',
        'release_at': None,
        'subject_id': first['id'],
        'explained_by': f'/orders/{first["id"]}/transactions',
    }
    assert by_order[second['id']] == {
        'amount_minor': NET,
        'reason': 'clearing',
        'rule': 'standard',
        'release_at': '2026-12-08T08:00:00Z',
        'subject_id': second['id'],
        'explained_by': f'/orders/{second["id"]}/transactions',
    }
    clock.shift(14 * DAY + 1)
    run_timers()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    balance = usd(seller)
    assert (balance['available_minor'], balance['pending_minor'], balance['in_payout_minor']) == (NET - 5_000, 0, 5_000)
    assert [pending['reason'] for pending in balance['pending']] == ['payout']


def test_a_buyer_sees_a_refund_on_its_way(market, buyer):
    market.cancelled()
    pending = usd(buyer)['pending']
    assert [(p['reason'], p['amount_minor']) for p in pending] == [('refund', TOTAL)]
    assert usd(buyer)['pending_minor'] == 0, 'what comes back is not earned'
    assert run_timers() == ['send_refund']
    assert usd(buyer)['pending'] == []


def test_a_statement_lists_every_movement_newest_first(market, seller, buyer, clock):
    order = market.completed()
    clock.shift(14 * DAY + 1)
    run_timers()
    lines = ok(seller.get('/me/statement'))['items']
    assert [(line['event'], line['account'], line['amount_minor']) for line in lines] == [
        ('payment_released', 'seller.available', NET),
        ('payment_released', 'seller.clearing', -NET),
        ('order_completed', 'seller.clearing', NET),
    ]
    assert {line['order_id'] for line in lines} == {order['id']}
    assert {line['transaction'] for line in lines} == {f'complete:{order["id"]}', f'release:{order["id"]}'}
    bought = ok(buyer.get('/me/statement'))['items']
    assert {(line['event'], line['account'], line['amount_minor']) for line in bought} == {
        ('payment_captured', 'escrow', PRICE),
        ('payment_captured', 'fee.buyer', FEE),
        ('order_completed', 'escrow', -PRICE),
        ('order_completed', 'fee.buyer', -FEE),
    }
    page = ok(seller.get('/me/statement', limit=2))
    assert ok(seller.get('/me/statement', limit=2, cursor=page['next_cursor']))['items'] == lines[2:]


def test_both_currencies_are_kept_apart(market, seller, buyer):
    from tests.support.market import GIG

    rupiah = market.gig(currency='IDR', extras=[], packages=[GIG['packages'][0] | {'price_minor': 5_000_000}])
    market.completed(rupiah)
    market.completed()
    balances = {b['currency']: b['pending_minor'] for b in ok(seller.get('/me/balance'))['balances']}
    assert balances == {'USD': NET, 'IDR': 4_000_000}
    audit()


def test_the_books_balance_after_everything(market, seller, clock):
    market.completed()
    market.cancelled()
    market.paid(market.product())
    clock.shift(15 * DAY)
    run_timers()
    run_timers()
    ok(seller.post('/payouts', {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    run_timers()
    audit()
    assert COMMISSION
