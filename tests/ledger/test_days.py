"""Closed days: their seals, what is found when one is broken, and the totals of accounts that have no balance."""

import json

import boto3
import pytest

from chalicelib import settings
from chalicelib.ledger.days import actions, closes, seals, store
from chalicelib.ledger.store import day_key, day_of, shard_of
from infra.build import audit as command
from infra.build import deploy
from tests.ledger.test_audit import DAY, JOURNAL, change, findings, one, post, put, take_away
from tests.support import resources
from tests.support.api import tick

FIRST, SECOND, THIRD = '20261124', '20261125', '20261126'


@pytest.fixture
def sealed(clock):
    """Three days, of which the last is not over: 2 transactions on the first, 3 on the second, 1 on the third."""
    for day, count in enumerate((2, 3, 1)):
        for number in range(count):
            post(f'x:{day}:{number}', 100 + number)
            clock.shift(60)
        clock.shift(DAY)
    clock.shift(-DAY + 3600)
    assert tick('close_days') == 2
    assert findings() == []
    return clock


def test_a_day_is_sealed_when_it_is_surely_over(clock):
    post('x:1')
    clock.move_to('2026-11-25T00:14:59Z')
    assert [actions.close_days(), store.last_sealed_day()] == [1, '20261123'], 'the one before the first'
    clock.move_to('2026-11-25T00:15:01Z')
    assert [actions.close_days(), store.last_sealed_day()] == [1, FIRST]
    assert [actions.close_days(), store.last_sealed_day()] == [0, FIRST]


def test_a_seal_is_a_row_and_an_object_that_follow_from_the_one_before(sealed):
    first, second = store.seals()
    assert (first['of_day'], first['transactions'], first['previous']) == (FIRST, 2, '')
    assert (second['of_day'], second['transactions'], second['previous']) == (SECOND, 3, first['fingerprint'])
    for row in (first, second):
        assert seals.kept(row['of_day']) == {name: row[name] for name in seals.SAID}


def test_a_day_on_which_nothing_happened_is_sealed_too(sealed):
    sealed.shift(5 * DAY)
    assert actions.close_days() == 5
    assert [row['transactions'] for row in store.seals()] == [2, 3, 1, 0, 0, 0, 0]
    assert findings() == []


def test_a_transaction_that_was_edited_is_found(sealed):
    change(JOURNAL, one(JOURNAL, row='journal', txid='x:0:1'), schema_version=9)
    assert findings() == [f'S12: the transactions of {FIRST} are not those that were sealed']


def test_a_transaction_that_was_edited_with_its_fingerprint_and_all_that_follows_is_found(sealed):
    """Whoever can write everything but the seals leaves books that are right in themselves."""
    for row in [row for row in resources.rows(JOURNAL) if row.get('txid') == 'x:0:1']:
        take_away(JOURNAL, row)
    change(settings.BALANCES_TABLE, one(settings.BALANCES_TABLE, pk='ACC#escrow:o#USD'), minor=503, entries=5)
    change(JOURNAL, one(JOURNAL, row='close', of_day=FIRST), total_minor=-100)
    change(JOURNAL, one(JOURNAL, row='close', of_day=SECOND), total_minor=-403)
    forged = [
        f'S12: {FIRST} was sealed with 2 transactions and has 1',
        f'S12: the transactions of {FIRST} are not those that were sealed',
    ]
    assert findings() == forged
    post('x:0:1', 1)
    at = one(JOURNAL, row='journal', txid='x:0:0')['at']
    for row in [row for row in resources.rows(JOURNAL) if row.get('txid') == 'x:0:1']:
        take_away(JOURNAL, row)
        moved = {name: str(value).replace(THIRD, FIRST) for name, value in row.items() if name in ('pk', 'day')}
        put(JOURNAL, row | moved | {'at': at})
    change(settings.BALANCES_TABLE, one(settings.BALANCES_TABLE, pk='ACC#escrow:o#USD'), moved_at=at)
    for day, total in ((FIRST, -101), (SECOND, -404)):
        change(JOURNAL, one(JOURNAL, row='close', of_day=day), total_minor=total)
    assert findings() == [forged[1]]


def test_a_transaction_that_was_inserted_is_found(sealed):
    row = one(JOURNAL, row='journal', txid='x:0:1')
    put(JOURNAL, row | {'pk': 'TX#x:0:9', 'txid': 'x:0:9', 'day': day_key(day_of(row['at']), shard_of('x:0:9'))})
    assert {
        f'S12: {FIRST} was sealed with 2 transactions and has 3',
        f'S12: the transactions of {FIRST} are not those that were sealed',
    } < set(findings())


def test_a_transaction_that_was_inserted_and_is_not_listed_is_found(sealed):
    row = one(JOURNAL, row='journal', txid='x:0:1')
    del row['day']
    put(JOURNAL, row | {'pk': 'TX#x:0:9', 'txid': 'x:0:9'})
    assert f'S12: {FIRST} was sealed with 2 transactions and has 3' in findings()


def test_a_transaction_before_the_first_seal_is_found(sealed):
    row = one(JOURNAL, row='journal', txid='x:0:1')
    put(JOURNAL, row | {'pk': 'TX#x:0:9', 'txid': 'x:0:9', 'at': row['at'] - 9 * DAY * 1_000})
    assert 'S12: 20261115 has 1 transactions and no seal' in findings()


def test_a_transaction_that_was_deleted_is_found(sealed):
    take_away(JOURNAL, one(JOURNAL, row='journal', txid='x:0:1'))
    assert {
        f'S12: {FIRST} was sealed with 2 transactions and has 1',
        f'S12: the transactions of {FIRST} are not those that were sealed',
    } < set(findings())


def test_transactions_that_were_put_into_another_order_are_found(sealed):
    """Their entries go with them, and no sum tells."""
    first, second = (one(JOURNAL, row='journal', txid=txid)['at'] for txid in ('x:0:0', 'x:0:1'))
    for row in resources.rows(JOURNAL):
        if row.get('txid') in ('x:0:0', 'x:0:1'):
            change(JOURNAL, row, at=second if row['at'] == first else first)
    assert findings() == [f'S12: the transactions of {FIRST} are not those that were sealed']


def test_days_that_were_put_into_another_order_are_found(sealed):
    rows = {row['of_day']: row for row in store.seals()}
    for day, other in ((FIRST, SECOND), (SECOND, FIRST)):
        change(JOURNAL, one(JOURNAL, row='seal', of_day=day), **{name: rows[other][name] for name in ('root', 'transactions')})
    found = findings()
    assert f'S12: the seal of {FIRST} does not follow from the one before' in found
    assert f'S12: the seal of {FIRST} is not the one that was made' in found
    assert f'S12: {SECOND} was sealed with 2 transactions and has 3' in found


def test_a_seal_that_was_made_again_is_found(sealed):
    """With everything that follows from it, in the journal: the objects still say what it was."""
    change(JOURNAL, one(JOURNAL, row='journal', txid='x:0:1'), schema_version=9)
    previous = ''
    for day in (FIRST, SECOND):
        made = seals.seal(day, [seals.leaf(row) for row in store.rows_of(day)], previous)
        previous = made['fingerprint']
        change(JOURNAL, one(JOURNAL, row='seal', of_day=day), **made)
    assert findings() == [
        f'S12: the seal of {FIRST} is not the one that was made',
        f'S12: the transactions of {FIRST} are not those that were sealed',
        f'S12: the seal of {SECOND} is not the one that was made',
    ]


def test_an_object_that_was_written_again_is_found(sealed):
    s3 = boto3.client('s3')
    s3.put_bucket_versioning(Bucket=settings.SEALS_BUCKET, VersioningConfiguration={'Status': 'Enabled'})
    s3.put_object(Bucket=settings.SEALS_BUCKET, Key=f'seals/{FIRST}.json', Body=json.dumps(seals.kept(FIRST)).encode())
    assert findings() == [f'S12: seals/{FIRST}.json was written or deleted again: it has 2 versions']


def test_an_object_that_is_not_there_is_found(sealed):
    resources.bucket(settings.SEALS_BUCKET).keys.clear()
    assert findings() == [f'S12: the seal of {day} is not in {settings.SEALS_BUCKET}' for day in (FIRST, SECOND)]


def test_a_seal_that_is_not_there_is_found(sealed):
    take_away(JOURNAL, one(JOURNAL, row='seal', of_day=SECOND))
    assert findings() == [
        f'S12: {SECOND} has no seal',
        f'S12: {SECOND} has 3 transactions and no seal',
        f'S12: seals/{SECOND}.json is the seal of a day that has none in the journal',
    ]


def test_the_function_looks_into_the_newest_days_and_the_command_into_all(sealed, monkeypatch):
    change(JOURNAL, one(JOURNAL, row='journal', txid='x:0:1'), schema_version=9)
    monkeypatch.setattr(actions, 'SEALS_LOOKED_INTO', 1)
    assert actions.audit_ledger().findings == []
    assert len(findings()) == 1


@pytest.mark.parametrize('step', ['close', 'keep', 'add_seal'])
@pytest.mark.parametrize('is_done', [False, True])
def test_closing_that_dies_on_the_way_is_done_again(clock, monkeypatch, step, is_done):
    post('x:1')
    clock.shift(DAY)
    where = {'close': closes.Day, 'keep': seals, 'add_seal': store}[step]
    act = getattr(where, step)

    def die(*given):
        if is_done:
            act(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where, step, die)
        with pytest.raises(KeyboardInterrupt):
            actions.close_days()
    actions.close_days()
    assert findings() == []
    assert [row['of_day'] for row in store.seals()] == [FIRST]
    assert closes.derived_total('psp.clearing:sandbox', 'USD') == -100


def test_a_derived_account_is_its_last_close_and_what_came_later(sealed):
    assert closes.derived_total('psp.clearing:sandbox', 'USD') == -(201 + 303 + 100)
    post('x:9', 7)
    assert closes.derived_total('psp.clearing:sandbox', 'USD') == -611
    assert closes.derived_total('psp.clearing:sandbox', 'IDR') == 0
    assert closes.total_until('psp.clearing:sandbox', 'USD', FIRST) == -201


def test_there_is_no_total_before_a_day_was_closed(clock):
    with pytest.raises(closes.NotClosed):
        closes.derived_total('revenue.commission', 'USD')


def test_a_close_that_was_changed_is_found(sealed):
    change(JOURNAL, one(JOURNAL, row='close', of_day=SECOND), total_minor=-1)
    assert findings() == [f'S3: psp.clearing:sandbox USD was closed with -1 until {SECOND}; its entries say -504']


def test_closing_reads_only_the_days_that_it_closes(sealed, monkeypatch):
    monkeypatch.setattr(store.reads, 'scan', lambda *_: pytest.fail('a scan'))
    sealed.shift(DAY)
    assert actions.close_days() == 1


def test_a_restored_ledger_is_the_one_that_was_sealed(sealed, monkeypatch, capsys):
    """The drill: export all rows, import them into fresh tables, look at them there, and compare the seals."""
    exported = {name: resources.rows(name) for name in (JOURNAL, settings.BALANCES_TABLE)}
    restored = tuple(f'restored-{name}' for name in exported)
    monkeypatch.setattr(deploy, 'describe', lambda _: {'SealsBucket': settings.SEALS_BUCKET})
    for setting in ('SEALS_BUCKET', 'JOURNAL_TABLE', 'BALANCES_TABLE'):
        monkeypatch.setattr(settings, setting, getattr(settings, setting))
    for logical_id, name in (('Journal', restored[0]), ('Balances', restored[1])):
        resources.create_table(logical_id, name)
    try:
        for rows, name in zip(exported.values(), restored, strict=True):
            for row in rows:
                put(name, row)
        assert command.main('dev', *restored) == 0
        said = capsys.readouterr()
        assert said.out == ''
        assert said.err.splitlines()[-2:] == [
            f'USD {"debits and credits":20} {604:>18} {604:>18}',
            '0 findings in 6 transactions',
        ]
        take_away(restored[0], one(restored[0], row='journal', txid='x:1:2'))
        assert command.main('dev', *restored) == 1
        said = capsys.readouterr().out.splitlines()
        assert f'S12: the transactions of {SECOND} are not those that were sealed' in said
    finally:
        for name in restored:
            boto3.client('dynamodb').delete_table(TableName=name)


def test_a_tree_tells_its_leaves_and_not_their_order():
    leaves = [seals.leaf({'pk': str(number)}) for number in range(7)]
    whole = seals.root(leaves)
    assert seals.root(reversed(leaves)) == whole
    for changed in (leaves[:-1], [*leaves, leaves[-1]], [seals.leaf({'pk': 'x'}), *leaves[1:]], []):
        assert seals.root(changed) != whole
