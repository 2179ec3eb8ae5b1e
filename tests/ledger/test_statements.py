import csv
import io
from urllib.parse import parse_qs

import pytest

from chalicelib import clock as time
from chalicelib import db
from chalicelib.ledger import accounts, exports, store, transactions
from chalicelib.ledger.postings import Line, Posting
from tests.support.market import COMMISSION, FEE, NET, PRICE, TOTAL, ok, run_timers

DAY = 24 * 3600
REASONS = ('clearing', 'payout', 'refund')
FIGURES = (
    'seller.available',
    'seller.clearing',
    'payout',
    'refund',
    'receivable.seller',
    'buyer.wallet',
    'buyer.promo',
)


def post(posting):
    db.atomically(lambda tx: store.post(tx, posting), by='provider:sandbox')


def export(person, **query):
    answer = person.get('/me/statement.csv', **query)
    assert answer.status == 200, answer
    return list(csv.DictReader(io.StringIO(answer.raw.decode(), newline=''))), answer.headers


def total(lines, account):
    return sum(int(line['amount_minor']) for line in lines if line['account'] == account and line['currency'] == 'USD')


def following(headers):
    """The query of the link to what follows."""
    target, _, relation = headers['link'].partition('; ')
    assert relation == 'rel="next"'
    return {name: value for name, (value,) in parse_qs(target.removeprefix('<?').removesuffix('>')).items()}


def test_the_export_has_every_line_of_the_statement(market, seller, buyer, clock):
    market.completed()
    clock.shift(15 * DAY)
    run_timers()
    for person in (seller, buyer):
        lines, headers = export(person)
        assert headers['content-type'] == 'text/csv; charset=utf-8; header=present'
        assert headers['content-disposition'] == 'attachment; filename="statement.csv"'
        assert 'link' not in headers
        assert [
            {
                'at': line['at'].replace('.000Z', 'Z'),
                'transaction': line['transaction'],
                'event': line['event'],
                'account': line['account'],
                'order_id': line['order_id'],
                'currency': line['currency'],
                'amount_minor': int(line['amount_minor']),
            }
            for line in lines
        ] == [
            {name: value for name, value in line.items() if name != 'id'}
            for line in ok(person.get('/me/statement', limit=100))['items']
        ]


def test_amounts_are_in_dollars_with_cents_and_in_whole_rupiah(seller):
    for minor, currency in ((-123_456, 'USD'), (-123_456_700, 'IDR')):
        lines = (Line('psp.clearing:sandbox', minor), Line(f'buyer.wallet:{seller.id}', -minor, seller.id))
        post(Posting(f'topup:{currency}', 'wallet_topped_up', currency, lines))
    lines, _ = export(seller)
    assert [(line['amount'], line['amount_minor']) for line in lines] == [
        ('1234567', '123456700'),
        ('1234.56', '123456'),
    ]


def test_a_part_of_the_export_leads_to_the_next(market, seller):
    market.completed()
    market.completed()
    whole, _ = export(seller)
    first, headers = export(seller, limit=1)
    second, _ = export(seller, **following(headers))
    assert first + second == whole[:2]
    assert following(headers)['limit'] == '1'


def test_an_export_is_read_in_pages(market, seller, monkeypatch):
    market.completed()
    market.completed()
    whole, _ = export(seller)
    monkeypatch.setattr(exports, '_PAGE', 1)
    assert export(seller)[0] == whole
    assert export(seller, limit=len(whole))[0] == whole


def test_an_export_of_some_days(market, seller, clock):
    """The orders are completed on the 24th, the 25th and the 26th."""
    for _ in range(3):
        market.completed()
        clock.shift(DAY)
    days = [line['at'][:10] for line in export(seller)[0]]
    assert days == ['2026-11-26', '2026-11-25', '2026-11-24']
    for query, count in (
        ({'from': '2026-11-25'}, 2),
        ({'to': '2026-11-25'}, 2),
        ({'from': '2026-11-25', 'to': '2026-11-25'}, 1),
        ({'from': '2026-11-27'}, 0),
        ({'to': '2026-11-23'}, 0),
    ):
        assert len(export(seller, **query)[0]) == count, query
    first, headers = export(seller, to='2026-11-25', limit=1)
    rest, _ = export(seller, **following(headers))
    assert [line['at'][:10] for line in first + rest] == ['2026-11-25', '2026-11-24']


@pytest.mark.parametrize(
    ('query', 'parameter'),
    [
        ({'from': '2026-11-25', 'to': '2026-11-24'}, None),
        ({'from': 'yesterday'}, 'from'),
        ({'limit': 5_001}, 'limit'),
        ({'cursor': 'x'}, 'cursor'),
        ({'since': '2026-11-24'}, 'since'),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(seller, query, parameter):
    answer = seller.get('/me/statement.csv', **query)
    assert answer.problem == 'invalid'
    assert parameter is None or answer.pointers == [parameter]


def test_a_cursor_does_not_lead_out_of_the_days_that_are_asked_for(market, seller):
    market.completed()
    market.completed()
    _, headers = export(seller, limit=1)
    answer = seller.get('/me/statement.csv', **(following(headers) | {'to': '2020-01-01'}))
    assert (answer.problem, answer.pointers) == ('invalid', ['cursor'])


@pytest.mark.no_aws
@pytest.mark.parametrize('text', ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])
def test_no_cell_is_a_formula(text):
    assert exports.harmless(text) == f"'{text}"


def test_text_of_a_line_is_no_formula_and_an_amount_is_a_number(seller):
    lines = (Line('psp.clearing:sandbox', 100), Line(f'buyer.wallet:{seller.id}', -100, seller.id))
    post(Posting('topup:1', 'wallet_topped_up', 'USD', tuple(Line(one.account, -one.minor, one.owner_id) for one in lines)))
    post(Posting('=cmd()', '@event', 'USD', lines))
    line = export(seller)[0][0]
    assert (line['transaction'], line['event'], line['amount'], line['amount_minor']) == ("'=cmd()", "'@event", '-1.00', '-100')


def test_every_line_of_a_statement_leads_to_a_whole_transaction(market, buyer, seller, clock):
    market.completed()
    market.cancelled()
    clock.shift(15 * DAY)
    run_timers()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    for person in (buyer, seller):
        for line in ok(person.get('/me/statement', limit=100))['items']:
            whole = ok(person.get(f'/transactions/{line["transaction"]}'))
            assert (whole['id'], whole['event'], whole['at']) == (line['transaction'], line['event'], line['at'])
            assert sum(one['amount_minor'] for one in whole['lines']) == 0
            assert {'account': line['account'], 'amount_minor': line['amount_minor'], 'whose': 'yours'} in whole['lines']


def test_a_transaction_says_whose_each_line_is_and_names_nobody_else(market, buyer, seller, support):
    order = market.completed()
    paid, done = f'/transactions/pay:{order["payment_id"]}', f'/transactions/complete:{order["id"]}'
    assert ok(buyer.get(paid))['lines'] == [
        {'account': 'psp.clearing', 'amount_minor': -TOTAL, 'whose': 'provider'},
        {'account': 'escrow', 'amount_minor': PRICE, 'whose': 'yours'},
        {'account': 'fee.buyer', 'amount_minor': FEE, 'whose': 'yours'},
    ]
    assert seller.get(paid).status == 404, 'there is no line of the seller in it'
    whose = {
        person.name: {line['account']: line['whose'] for line in ok(person.get(done))['lines']}
        for person in (buyer, seller, support)
    }
    nobody = {
        'escrow': 'other_side',
        'seller.clearing': 'other_side',
        'fee.commission': 'platform',
        'fee.buyer': 'other_side',
        'revenue.buyer_fee': 'platform',
    }
    assert whose['seller'] == nobody | {'seller.clearing': 'yours'}
    assert whose['buyer'] == nobody | {'escrow': 'yours', 'fee.buyer': 'yours'}
    assert whose['support'] == nobody
    amounts = {line['account']: line['amount_minor'] for line in ok(seller.get(done))['lines']}
    assert (amounts['seller.clearing'], amounts['fee.commission']) == (NET, COMMISSION)
    assert buyer.id not in seller.get(done).raw.decode()
    assert seller.id not in buyer.get(done).raw.decode()


@pytest.mark.parametrize('txid', ['complete:ord_01JDF6T0B3E6H9K2N5R8T1W4YA', 'x', 'TX', 'complete', '%20:x', 'a:b:c:d:e'])
def test_there_is_no_other_transaction(support, txid):
    assert support.get(f'/transactions/{txid}').status == 404


def test_whose_line_it_is_is_found_although_the_clock_went_on(seller, monkeypatch):
    """The entries of a posting are named a moment after the time that it carries."""
    before = time.now_ms()
    monkeypatch.setattr(store.clock, 'now_ms', lambda: before - 5_000)
    lines = (Line('psp.clearing:sandbox', -100), Line(f'buyer.wallet:{seller.id}', 100, seller.id))
    post(Posting('topup:pay_1', 'wallet_topped_up', 'USD', lines))
    assert ok(seller.get('/transactions/topup:pay_1'))['lines'][1]['whose'] == 'yours'


@pytest.mark.no_aws
def test_every_account_is_somebodys():
    """Those that are owned by a person are the other side's, to anybody else."""
    names = {root: ':'.join([root, *['x'] * rule.parts]) for root, rule in accounts.CHART.items()}
    assert {root for root, name in names.items() if transactions.holder(name) == 'provider'} == {'psp.clearing', 'psp.balance'}
    assert {root for root, name in names.items() if transactions.holder(name) == 'other_side'} == {
        'receivable.seller',
        'escrow',
        'fee.buyer',
        'fee.tax',
        'seller.clearing',
        'seller.available',
        'buyer.wallet',
        'buyer.promo',
        'buyer.reserved',
        'refund',
        'payout',
    }


def test_every_figure_of_a_balance_is_the_sum_of_lines_of_the_statement(market, seller, buyer, support, clock):
    released = market.completed()
    clock.shift(15 * DAY)
    run_timers()
    market.completed()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    ok(support.post(f'/orders/{released["id"]}/refunds', {'amount_minor': 8_000, 'reason': 'It did not print'}), 201)
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 700, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    for person in (seller, buyer):
        lines, _ = export(person)
        told = next(b for b in ok(person.get('/me/balance'))['balances'] if b['currency'] == 'USD')
        pending = {reason: sum(p['amount_minor'] for p in told['pending'] if p['reason'] == reason) for reason in REASONS}
        assert {
            'seller.available': told['available_minor'],
            'seller.clearing': pending['clearing'],
            'payout': pending['payout'],
            'refund': pending['refund'],
            'receivable.seller': -told['owed_minor'],
            'buyer.wallet': told['wallet_minor'],
            'buyer.promo': told['promo_minor'],
        } == {account: total(lines, account) for account in FIGURES}
