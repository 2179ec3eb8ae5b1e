"""The audit on books that somebody has changed, and on books that are being written while it reads."""

import json
import random

import pytest

from chalicelib import db, settings
from chalicelib.ledger import audit, authority, store
from chalicelib.ledger.audit import Accounts, Transactions
from chalicelib.ledger.days import actions
from chalicelib.ledger.postings import Line, Posting, fingerprint
from chalicelib.ledger.sums import Findings
from tests.support import resources

QUARTER = 16 * 60
DAY = 24 * 3600
PERSON = 'usr_01JDF3N8Q5W2E7R4T6Y9V1J0PA'
ACTORS = (PERSON, 'timer:release_payment', 'provider:sandbox')
SAID_BY_PROVIDERS = (
    *('refund_ok:r', 'refund_failed:r', 'refund_returned:r', 'payout_paid:p', 'payout_failed:p', 'payout_returned:p'),
    *('dispute_open:c', 'dispute_won:c', 'dispute_lost:c'),
)
JOURNAL, BALANCES = settings.JOURNAL_TABLE, settings.BALANCES_TABLE


def post(name, minor=100, account='escrow:o', currency='USD'):
    lines = (Line('psp.clearing:sandbox', -minor), Line(account, minor))
    db.atomically(lambda tx: store.post(tx, Posting(name, 'test', currency, lines)), by='provider:sandbox')


def change(table, row, **attributes):
    """As somebody with all rights would do it; None takes an attribute away."""
    item = resources.table(table).items[_typed(row['pk'])][_typed(row['sk'])]
    for name, value in attributes.items():
        item.attrs.pop(name, None)
        if value is not None:
            item.attrs[name] = _typed(value)


def put(table, row):
    resources.table(table).put_item({name: _typed(value).to_json() for name, value in row.items()})


def take_away(table, row):
    del resources.table(table).items[_typed(row['pk'])][_typed(row['sk'])]


def _typed(value):
    from moto.dynamodb.models.dynamo_type import DynamoType

    return DynamoType({'N': str(value)} if isinstance(value, int) else {'S': value})


def one(table, **wanted):
    found = [row for row in resources.rows(table) if wanted.items() <= row.items()]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def books(clock):
    """Three transactions on two accounts, that nobody is working on any more."""
    post('x:1')
    post('x:2', 50)
    post('x:3', 700, 'escrow:p')
    clock.shift(QUARTER)
    return clock


def findings():
    return actions.run_audit().findings


def test_there_is_nothing_wrong_with_the_books_of_a_market(market, seller, clock):
    market.completed()
    market.cancelled()
    clock.shift(QUARTER)
    done = actions.run_audit()
    assert (done.findings, done.transactions) == ([], 4)


def test_the_trial_balance_has_two_sides_that_are_alike(market, clock):
    market.completed()
    clock.shift(QUARTER)
    balance = actions.run_audit().trial_balance
    assert balance == {
        ('USD', 'escrow'): 0,
        ('USD', 'fee.buyer'): 0,
        ('USD', 'fee.commission'): 2_000,
        ('USD', 'psp.clearing'): 10_550,
        ('USD', 'revenue.buyer_fee'): 550,
        ('USD', 'seller.clearing'): 8_000,
    }


@pytest.mark.parametrize(
    ('by', 'txid'),
    [
        (None, 'x:1'),
        ('provider:xendit', 'x:1'),
        ('timer:release_payment', 'x:1'),
        ('usr_01JDF3N8Q5W2E7R4T6Y9V1J0PA', 'x:1'),
        ('provider:sandbox', 'adjust:1'),
    ],
)
def test_money_moves_for_nobody_who_cannot_say_so(by, txid):
    posting = Posting(txid, 'test', 'USD', (Line('psp.clearing:sandbox', -100), Line('escrow:o', 100)))
    with pytest.raises(AssertionError, match='S14'):
        db.atomically(lambda tx: store.post(tx, posting), by=by)
    assert resources.rows(JOURNAL) == []


@pytest.mark.no_aws
@pytest.mark.parametrize(
    ('actor', 'txid', 'is_right'),
    [
        ('timer:release_payment', 'release:o', True),
        ('release_payment', 'release:o', False),
        ('timer:no_such_thing', 'release:o', False),
        ('provider:sandbox', 'release:o', True),
        ('provider:', 'release:o', False),
        ('provider:Some body', 'release:o', False),
        ('provider:sandbox\n', 'release:o', False),
        (f'{PERSON}\n', 'release:o', False),
        *((actor, txid, actor == PERSON) for actor in ACTORS for txid in ('adjust:a', 'reverse:adjust:a', 'promo:a')),
        *((actor, txid, actor == 'provider:sandbox') for actor in ACTORS for txid in SAID_BY_PROVIDERS),
        ('timer:send_refund', 'refund_failed:r', True),
        ('timer:send_refund', 'payout_failed:p', False),
    ],
)
def test_who_can_say_what(actor, txid, is_right):
    assert is_right is not bool(list(authority.objections(txid, actor, ['escrow:o', 'seller.available:s'])))


def test_what_is_posted_together_says_so():
    lines = (Line('psp.clearing:sandbox', -100), Line('escrow:o', 100))
    both = [Posting(txid, 'test', 'USD', lines) for txid in ('x:1', 'x:2')]
    db.atomically(lambda tx: store.post(tx, *both), by='provider:sandbox')
    post('x:3')
    found = {row['txid']: row.get('group_id') for row in resources.rows(JOURNAL) if row['row'] == 'journal'}
    assert found == {'x:1': 'x:1', 'x:2': 'x:1', 'x:3': None}


@pytest.mark.parametrize(
    ('attributes', 'expected'),
    [
        ({'lines': '[["psp.clearing:sandbox",-100],["escrow:o",99]]'}, {'S1', 'S12', 'S3'}),
        ({'lines': '[["psp.clearing:sandbox",-99],["escrow:o",99]]'}, {'S12', 'S3'}),
        ({'fingerprint': 'another'}, {'S12'}),
        ({'event': 'another'}, {'S3'}),
        ({'order_id': 'ord_1'}, {'S3'}),
        ({'lines': 'nonsense'}, {'S12', 'S3'}),
        ({'lines': None}, {'S12', 'S3'}),
        ({'day': '20200101#1'}, {'S12'}),
        ({'txid': 'x:2'}, {'S12', 'S5', 'S3'}),
        ({'actor': None}, {'S14'}),
        ({'actor': 'somebody'}, {'S14'}),
        ({'actor': 'timer:'}, {'S14'}),
        ({'actor': 'provider:stripe'}, {'S14'}),
        ({'actor': 'usr_01JDF3N8Q5W2E7R4T6Y9V1J0PA'}, {'S14'}),
    ],
)
def test_a_transaction_that_was_changed_is_found(books, attributes, expected):
    change(JOURNAL, one(JOURNAL, row='journal', txid='x:1'), **attributes)
    assert {finding.partition(':')[0] for finding in findings()} == expected


@pytest.mark.parametrize(
    ('attributes', 'expected'),
    [
        ({'minor': 101}, {'S2', 'S3'}),
        ({'txid': 'x:2'}, {'S3'}),
        ({'account': 'escrow:p'}, {'S3'}),
        ({'account': 'nonsense'}, {'S12', 'S2', 'S3'}),
        ({'event': 'another'}, {'S3'}),
    ],
)
def test_an_entry_that_was_changed_is_found(books, attributes, expected):
    change(JOURNAL, one(JOURNAL, row='entry', txid='x:1', account='escrow:o'), **attributes)
    assert {finding.partition(':')[0] for finding in findings()} == expected


def test_an_entry_that_is_not_there_is_found(books):
    take_away(JOURNAL, one(JOURNAL, row='entry', txid='x:1', account='escrow:o'))
    assert findings() == [
        'S2: USD is off by -100',
        'S3: x:1 and its entries differ',
        'S3: ACC#escrow:o#USD has 150 of 2 entries; its entries say 50 of 1',
    ]


def test_a_transaction_without_entries_and_entries_without_a_transaction_are_found(books):
    row = one(JOURNAL, row='journal', txid='x:1')
    take_away(JOURNAL, row)
    assert findings() == ['S3: entries of x:1, which is not in the journal']
    put(JOURNAL, row)
    for entry in [row for row in resources.rows(JOURNAL) if row['row'] == 'entry' and row['txid'] == 'x:1']:
        take_away(JOURNAL, entry)
    assert 'S3: x:1 and its entries differ' in findings()


@pytest.mark.parametrize(
    ('attributes', 'expected'),
    [({'minor': 151}, {'S3'}), ({'entries': 3}, {'S3'}), ({'minor': -1}, {'S3', 'S4'}), ({'minor': None}, {'S12', 'S3'})],
)
def test_a_balance_that_was_changed_is_found(books, attributes, expected):
    change(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'), **attributes)
    assert {finding.partition(':')[0] for finding in findings()} == expected


def test_a_balance_that_is_not_there_is_found(books):
    take_away(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'))
    assert findings() == ['S3: ACC#escrow:o#USD has entries and no balance']


def test_a_part_of_what_can_be_paid_is_found(clock):
    post('x:1', 100, currency='IDR')
    clock.shift(QUARTER)
    for row in resources.rows(JOURNAL):
        if row['row'] == 'entry':
            change(JOURNAL, row, minor=row['minor'] // 2)
    assert 'S9: x:1 moves a part of what can be paid' in findings()


@pytest.mark.parametrize(('account', 'days'), [('refund:r', 3), ('payout:p', 7), ('buyer.reserved:b', 1)])
def test_money_that_rests_where_it_only_passes_through_is_told(clock, account, days):
    post('x:1', account=account)
    clock.shift(days * DAY)
    actions.close_days()
    assert findings() == []
    clock.shift(1)
    assert findings() == [f'L6: ACC#{account}#USD has held 100 since 2026-11-24']


def test_what_was_written_just_now_is_left_out(books):
    """It may be read by halves."""
    post('x:4')
    take_away(JOURNAL, one(JOURNAL, row='entry', txid='x:4', account='psp.clearing:sandbox'))
    assert findings() == []
    books.shift(QUARTER)
    assert len(findings()) == 2


def test_an_account_that_was_moved_just_now_is_looked_at_by_itself(books):
    post('x:4')
    assert findings() == []
    change(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'), minor=1)
    assert findings() == ['S3: ACC#escrow:o#USD has 1 of 3 entries; its entries say 250 of 3']


def test_an_account_that_clocks_do_not_agree_on_is_looked_at_by_itself(books):
    """Its last movement was posted by a function whose clock was a little behind."""
    post('x:4')
    change(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'), moved_at=1)
    assert findings() == []


def test_an_account_that_moves_all_the_time_is_busy_and_not_wrong(books, monkeypatch):
    post('x:4')
    change(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'), minor=1)
    find, moving = actions.reads.find, iter(range(100))
    monkeypatch.setattr(actions.reads, 'find', lambda *key: (find(*key) or {}) | {'entries': next(moving)})
    assert findings() == []


def test_what_is_posted_between_the_readings_is_not_found(books, monkeypatch):
    """The balances are read first: what is posted before the journal is read stands in the journal only."""
    scan = actions.reads.scan

    def scan_and_post(table, *more):
        yield from scan(table, *more)
        if table == BALANCES:
            post('x:5')

    monkeypatch.setattr(actions.reads, 'scan', scan_and_post)
    assert findings() == []


@pytest.mark.no_aws
def test_it_does_not_matter_who_reads_what_in_which_order():
    rows, stored = [], []
    for number in range(60):
        txid, account, at = f'x:{number}', f'escrow:{number % 7}', 1_000 + number
        lines = [['revenue.fx', -number - 1], [account, number + 1]]
        rows.append(
            {
                'row': 'journal',
                'pk': f'TX#{txid}',
                'sk': 'TX',
                'txid': txid,
                'event': 'test',
                'currency': 'USD',
                'lines': json.dumps(lines),
                'fingerprint': fingerprint(txid, 'USD', lines),
                'actor': 'timer:release_payment',
                'at': at,
                'day': store.day_key('19700101', store.shard_of(txid)),
            }
        )
        for name, minor in lines:
            pk = store.account_key(name, 'USD')
            pk = pk if name != 'revenue.fx' else store.derived_key(name, 'USD', '19700101', store.shard_of(txid))
            about = {'txid': txid, 'event': 'test', 'currency': 'USD', 'at': at}
            rows.append({'row': 'entry', 'pk': pk, 'sk': 'E#', 'account': name, 'minor': minor, **about})
    for number in range(7):
        held = [n + 1 for n in range(60) if n % 7 == number]
        pk = f'ACC#escrow:{number}#USD'
        stored.append({'pk': pk, 'sk': 'BAL', 'minor': sum(held), 'entries': len(held), 'moved_at': 0})
    assert (audit.transactions(rows), audit.balances(stored, rows)) == ([], [])
    random.Random(1).shuffle(rows)
    for readers in (2, 5):
        transactions, accounts = Transactions(), Accounts()
        for row in stored:
            accounts.add_balance(row)
        for reader in range(readers):
            some, others = Transactions(), Accounts(moved=accounts.moved)
            for row in rows[reader::readers]:
                some.add(row)
                others.add(row)
            transactions.absorb(some)
            accounts.absorb(others)
        assert not transactions.doubtful() | accounts.doubtful()
        assert [*transactions.findings.said, *transactions.totals(), *accounts.findings.said] == []
        assert transactions.days == {'19700101': 60}


def test_the_second_reading_is_only_of_what_did_not_come_out(books, monkeypatch):
    read, scan = [], actions.reads.scan
    monkeypatch.setattr(actions.reads, 'scan', lambda table, *more: read.append(table) or scan(table, *more))
    assert findings() == []
    assert sorted(read) == [BALANCES] + [JOURNAL] * 4
    change(BALANCES, one(BALANCES, pk='ACC#escrow:o#USD'), minor=1)
    read.clear()
    assert len(findings()) == 1
    assert sorted(read) == [BALANCES] * 2 + [JOURNAL] * 5


def test_so_many_findings_are_told_and_no_more():
    found = Findings()
    found.extend(str(number) for number in range(5_000))
    assert len(found.said) == 1_000
