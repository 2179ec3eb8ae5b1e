"""Invoices, read back from the PDF and held against the ledger's own postings."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib import db, settings
from chalicelib.invoices import actions, pdf
from chalicelib.invoices.sheets import Row, Sheet
from chalicelib.ledger import store as ledger
from chalicelib.money import percentage, shown
from tests.support import resources
from tests.support.market import COMMISSION, NET, PRICE, TOTAL, ok, run_timers
from tests.support.requests import EXTRA, offer

pytestmark = pytest.mark.proof

DAY = 24 * 3600
EXTRAS = [{'id': 'fast'}, {'id': 'card', 'quantity': 2}]
IDR = {
    'currency': 'IDR',
    'packages': [
        {
            'tier': 'basic',
            'name': 'Logo',
            'description': 'Satu logo',
            'price_minor': 15_000_000,
            'delivery_days': 3,
            'revisions': 1,
        }
    ],
    'extras': [],
}
AMOUNT = r'-?(?:US\$|\$|Rp)[\d.,]*\d'


class Read:
    """What a person reads on an invoice."""

    def __init__(self, answer: Any) -> None:
        assert (answer.status, answer.headers['content-type']) == (200, 'application/pdf'), answer
        document = PdfReader(io.BytesIO(answer.raw))
        self.raw = answer.raw
        self.filename = re.fullmatch('attachment; filename="(.+)"', answer.headers['content-disposition'])[1]
        self.title = document.metadata.title
        self.lines = '\n'.join(page.extract_text() for page in document.pages).splitlines()

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Each line that ends with an amount and is not a note."""
        found = [re.fullmatch(rf'(.+?) ({AMOUNT})', line) for line in self.lines]
        return [(row[1], row[2]) for row in found if row and not row[1].endswith((' of', ' dari', 'fee,', 'tax', 'layanan,'))]

    def fact(self, name: str) -> str:
        return next(line.removeprefix(f'{name} ') for line in self.lines if line.startswith(f'{name} '))


def posted(txid: str) -> dict[str, int]:
    """What a transaction of the ledger added to each kind of account."""
    return {account.partition(':')[0]: minor for account, minor in ledger.transactions([txid])[txid]['lines']}


def test_an_order_invoice_says_what_was_bought_and_what_was_paid(market, buyer, seller, clock):
    ok(buyer.patch('/me', {'display_name': 'Ana Wijaya'}))
    ok(seller.patch('/me', {'display_name': 'Łukasz Жук'}))
    order = market.paid(extras=EXTRAS)
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    paid = posted(f'pay:{order["payment_id"]}')
    assert invoice.rows == [
        ('Logo', '$100.00'),
        ('Fast delivery', '$15.00'),
        ('Business card x 2', '$40.00'),
        ('Service fee', shown(paid['fee.buyer'], 'USD')),
        ('Total', shown(-paid['psp.clearing'], 'USD')),
        ('Paid on 2026-11-24', shown(-paid['psp.clearing'], 'USD')),
    ]
    assert -paid['psp.clearing'] == order['buyer_total_minor']
    assert f'5.5 % of {shown(paid["escrow"], "USD")}' in invoice.lines
    assert (invoice.fact('Buyer'), invoice.fact('Seller')) == ('Ana Wijaya', 'Łukasz Жук')
    assert (invoice.fact('Order'), invoice.fact('Date')) == (order['id'], '2026-11-24')
    assert invoice.fact('Number') == f'INV-20261124-{order["id"][-10:]}'
    assert invoice.filename == f'INV-20261124-{order["id"][-10:]}.pdf'
    assert invoice.title == f'Invoice INV-20261124-{order["id"][-10:]}'


def test_an_order_invoice_has_what_went_back(market, buyer, clock):
    order = market.cancelled()
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    (refund,) = order['refunds']
    back = posted(f'refund:{refund["id"]}')
    assert invoice.rows[-3:] == [
        ('Paid on 2026-11-24', shown(TOTAL, 'USD')),
        ('Refund of 2026-11-24', shown(-back['refund'], 'USD')),
        ('Paid, less refunds', '$0.00'),
    ]
    assert f'Price {shown(-back["escrow"], "USD")}, service fee {shown(-back["fee.buyer"], "USD")}, tax $0.00' in invoice.lines


def test_a_fee_invoice_says_what_we_took_and_what_is_left(market, seller, clock):
    order = market.completed()
    clock.shift(DAY)
    invoice = Read(seller.get(f'/orders/{order["id"]}/fee-invoice'))
    done = posted(f'complete:{order["id"]}')
    assert (done['fee.commission'], done['seller.clearing'], -done['escrow']) == (COMMISSION, NET, PRICE)
    assert invoice.rows == [
        ('Commission', shown(done['fee.commission'], 'USD')),
        ('Total', shown(done['fee.commission'], 'USD')),
        ('Price of the work', shown(-done['escrow'], 'USD')),
        ('Commission', shown(-done['fee.commission'], 'USD')),
        ('You receive', shown(done['seller.clearing'], 'USD')),
    ]
    assert '20 % of $100.00' in invoice.lines
    assert invoice.fact('Number') == f'FEE-20261124-{order["id"][-10:]}'


def test_a_payout_invoice_says_what_was_sent(market, seller, clock):
    payout = market.paid_out(12_345)
    invoice = Read(seller.get(f'/payouts/{payout["id"]}/invoice'))
    sent = posted(f'payout_paid:{payout["id"]}')
    assert invoice.rows == [
        ('Taken from your balance', shown(-sent['payout'], 'USD')),
        ('Payout fee', shown(-sent['revenue.payout_fee'], 'USD')),
        ('Sent to your bank', shown(sent['psp.balance'], 'USD')),
    ]
    assert invoice.fact('Number') == f'PAY-20261124-{payout["id"][-10:]}'
    assert invoice.fact('Sent to') == 'sandbox_bank_ok'


def test_rupiah_are_whole_and_words_are_indonesian_for_those_who_speak_it_first(market, buyer, seller, clock):
    ok(buyer.patch('/me', {'languages': ['id', 'en']}))
    order = market.completed(market.gig(**IDR))
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    paid = posted(f'pay:{order["payment_id"]}')
    assert invoice.title.startswith('Faktur INV-')
    assert ('Logo', 'Rp150.000') in invoice.rows
    assert ('Biaya layanan', shown(paid['fee.buyer'], 'IDR')) in invoice.rows
    assert ('Dibayar pada 2026-11-24', shown(-paid['psp.clearing'], 'IDR')) in invoice.rows
    assert '5,5 % dari Rp150.000' in invoice.lines
    english = Read(seller.get(f'/orders/{order["id"]}/fee-invoice'))
    assert ('Commission', 'Rp30.000') in english.rows
    ok(buyer.patch('/me', {'languages': ['en', 'id']}))
    assert Read(buyer.get(f'/orders/{order["id"]}/invoice')).title.startswith('Invoice')


PAY = {'method': 'sandbox_card_ok'}
PPN = 1_100


def of_order(order):
    """The transactions of the ledger with which an order was paid, and those with which money went back, in order."""
    rows = sorted(resources.rows(settings.JOURNAL_TABLE), key=lambda row: (row['at'], row['txid']))
    ours = [row['txid'] for row in rows if row['row'] == 'journal' and row.get('order_id') == order['id']]
    return (
        [posted(txid) for txid in ours if txid.startswith('pay:')],
        [posted(txid) for txid in ours if txid.startswith('refund:')],
    )


def taken(moved, *roots):
    return -sum(moved.get(root, 0) for root in roots)


def test_the_tax_is_told_with_its_rate_and_its_base_and_rupiah_stay_whole(market, buyer, clock):
    ok(buyer.patch('/me', {'country': 'ID', 'languages': ['id']}))
    order = market.paid(market.gig(**IDR))
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    (paid,) = of_order(order)[0]
    assert paid['fee.tax'] == percentage(paid['fee.buyer'], PPN, 'IDR') > 0
    assert invoice.rows == [
        ('Logo', 'Rp150.000'),
        ('Biaya layanan', 'Rp8.250'),
        ('PPN 11 %', 'Rp908'),
        ('Jumlah', 'Rp159.158'),
        ('Dibayar pada 2026-11-24', shown(-paid['psp.clearing'], 'IDR')),
    ]
    assert f'Dasar pengenaan: biaya layanan, {shown(paid["fee.buyer"], "IDR")}' in invoice.lines
    assert not re.search(r'Rp[\d.]*,\d', '\n'.join(invoice.lines))


@pytest.mark.parametrize('country', ['US', None])
def test_nobody_else_is_told_of_a_tax(market, buyer, country):
    ok(buyer.patch('/me', {'country': country}))
    order = market.paid()
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    assert not any('PPN' in line for line in invoice.lines)


def test_every_refund_is_told_in_parts_that_the_ledger_took(market, buyer, seller, support, clock):
    ok(buyer.patch('/me', {'country': 'ID'}))
    order = market.started(extras=EXTRAS)
    for amount in (1_234, 5_000):
        clock.shift(DAY)
        ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': amount, 'reason': 'Sorry'}), 201)
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    (paid,), refunds = of_order(order)
    total = -paid['psp.clearing']
    left = total - 6_234
    assert invoice.rows[-4:] == [
        ('Paid on 2026-11-24', shown(total, 'USD')),
        ('Refund of 2026-11-25', '-$12.34'),
        ('Refund of 2026-11-26', '-$50.00'),
        ('Paid, less refunds', shown(left, 'USD')),
    ]
    for moved in refunds:
        parts = [shown(taken(moved, root), 'USD') for root in ('escrow', 'fee.buyer', 'fee.tax')]
        assert 'Price {}, service fee {}, tax {}'.format(*parts) in invoice.lines


def test_what_was_added_while_the_order_ran_is_on_its_invoice(market, buyer, seller, clock):
    ok(buyer.patch('/me', {'country': 'ID'}))
    order = market.started()
    clock.shift(DAY)
    extra = offer(market, order)
    ok(buyer.post(f'/orders/{order["id"]}/extras/{extra}/payments', PAY), 201)
    order = market.order(order['id'])
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    payments, _ = of_order(order)
    assert len(payments) == 2
    fee, tax = (sum(moved[root] for moved in payments) for root in ('fee.buyer', 'fee.tax'))
    assert dict(invoice.rows) == {
        'Logo': '$100.00',
        EXTRA['title']: shown(EXTRA['price_minor'], 'USD'),
        'Service fee': shown(fee, 'USD'),
        'PPN 11 %': shown(tax, 'USD'),
        'Total': shown(order['buyer_total_minor'], 'USD'),
        'Paid on 2026-11-24': shown(-payments[0]['psp.clearing'], 'USD'),
        'Paid on 2026-11-25': shown(-payments[1]['psp.clearing'], 'USD'),
    }


def test_a_fee_invoice_follows_what_went_back_and_what_was_given_on_top(market, buyer, seller, support, clock):
    order = market.started()
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_055, 'reason': 'Sorry'}), 201)
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 1_000, 'reason': 'Sorry'}), 201)
    clock.shift(15 * DAY)
    run_timers()
    ok(buyer.post(f'/orders/{order["id"]}/tips', PAY | {'amount_minor': 2_000}), 201)
    clock.shift(DAY)
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 500, 'reason': 'Sorry'}), 201)
    invoice = Read(seller.get(f'/orders/{order["id"]}/fee-invoice'))
    payments, refunds = of_order(order)
    done, tip = posted(f'complete:{order["id"]}'), payments[1]
    clearing, released = refunds[1:]
    commission = done['fee.commission'] - taken(clearing, 'fee.commission')
    commission += tip['revenue.commission'] - taken(released, 'revenue.commission')
    earned = done['seller.clearing'] - taken(clearing, 'seller.clearing')
    earned += tip['seller.available'] - taken(released, 'seller.available')
    assert invoice.rows[5:] == [
        ('Commission given back with the refund of 2026-11-24', shown(-taken(clearing, 'fee.commission'), 'USD')),
        ('Taken back with the refund of 2026-11-24', shown(-taken(clearing, 'seller.clearing'), 'USD')),
        ('Commission on the tip of 2026-12-09', shown(tip['revenue.commission'], 'USD')),
        ('Tip of 2026-12-09, less the commission', shown(tip['seller.available'], 'USD')),
        ('Commission given back with the refund of 2026-12-10', shown(-taken(released, 'revenue.commission'), 'USD')),
        ('Taken back with the refund of 2026-12-10', shown(-taken(released, 'seller.available'), 'USD')),
        ('Commission in all', shown(commission, 'USD')),
        ('You receive in all', shown(earned, 'USD')),
    ]
    assert invoice.rows[2] == ('Price of the work', shown(taken(done, 'escrow'), 'USD')) == ('Price of the work', '$90.00')
    available = next(b for b in ok(seller.get('/me/balance'))['balances'] if b['currency'] == 'USD')['available_minor']
    assert earned == available


def test_credit_that_was_used_is_told(market, buyer, clock):
    ok(buyer.post('/me/wallet/top-ups', PAY | {'amount_minor': 4_000, 'currency': 'USD'}), 201)
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', PAY | {'use_credit': True}), 201)
    invoice = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    assert 'Of which from your credit: $40.00' in invoice.lines
    assert ('Paid on 2026-11-24', shown(TOTAL, 'USD')) in invoice.rows


def test_the_same_state_makes_the_same_file(market, buyer, clock):
    order = market.paid()
    first = Read(buyer.get(f'/orders/{order["id"]}/invoice'))
    clock.shift(400 * DAY)
    assert Read(buyer.get(f'/orders/{order["id"]}/invoice')).raw == first.raw
    ok(buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Too late'}))
    assert Read(buyer.get(f'/orders/{order["id"]}/invoice')).raw != first.raw


def test_an_invoice_is_there_for_staff_too(market, support):
    order = market.completed()
    for noun in ('invoice', 'fee-invoice'):
        assert Read(support.get(f'/orders/{order["id"]}/{noun}')).fact('Order') == order['id']


def test_there_is_no_invoice_of_what_has_not_happened(market, buyer, seller, clock):
    for made in (market.placed(), market.expired(clock)):
        assert buyer.get(f'/orders/{made["id"]}/invoice').problem == 'conflict'
    for made in (market.placed(), market.delivered(), market.cancelled()):
        assert seller.get(f'/orders/{made["id"]}/fee-invoice').problem == 'conflict'
    failed = market.paid_out(destination='sandbox_bank_closed')
    assert seller.get(f'/payouts/{failed["id"]}/invoice').problem == 'conflict'
    wanted = {'amount_minor': 500, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    waiting = ok(seller.post('/payouts', wanted), 201)
    assert seller.get(f'/payouts/{waiting["id"]}/invoice').problem == 'conflict'


def test_an_order_that_was_only_paid_too_late_has_no_invoice(market, buyer, clock):
    order = market.placed()
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    payment = ok(buyer.get(f'/orders/{order["id"]}'))['payment_id']
    clock.shift(31 * 60)
    run_timers()
    url = ok(buyer.get(f'/payments/{payment}'))['next_action_url']
    if url:
        buyer.post(url.removeprefix('/api'), {'approved': True})
        run_timers()
    assert buyer.get(f'/orders/{order["id"]}/invoice').problem == 'conflict'


def test_the_invoices_of_others_are_not_there(market, stranger, buyer):
    order, payout = market.completed(), market.paid_out()
    for who, path in (
        (stranger, f'/orders/{order["id"]}/invoice'),
        (stranger, f'/orders/{order["id"]}/fee-invoice'),
        (stranger, f'/payouts/{payout["id"]}/invoice'),
        (buyer, f'/payouts/{payout["id"]}/invoice'),
    ):
        assert who.get(path).problem == 'not-found'


NAMES = [
    ('Ana Wijaya', 'Ana Wijaya'),
    ('Nguyễn Thị Đặng', 'Nguyễn Thị Đặng'),
    ('Ελένη Παπαδοπούλου', 'Ελένη Παπαδοπούλου'),
    ('Дмитро Їжак', 'Дмитро Їжак'),
    ('Zoë\u0308 e\u0301', 'Zoë\u0308 é'),
    ('李小龙', 'LiXiaoLong'),
    ('مرحبا', 'mrhb'),
    ('नमस्ते', 'nmste'),
    ('ไทย', 'aithy'),
    ('Mira 🎨', 'Mira :art:'),
    ('\ue000\ue001', '?'),
]


@pytest.mark.parametrize(('name', 'written'), NAMES)
def test_every_name_can_be_written(market, buyer, name, written):
    ok(buyer.patch('/me', {'display_name': name}))
    assert Read(buyer.get(f'/orders/{market.paid()["id"]}/invoice')).fact('Buyer') == written


@pytest.mark.no_aws
def test_every_sign_that_there_is_becomes_something():
    signs = ''.join(chr(code) for code in range(0x11_0000) if not 0xD800 <= code < 0xE000)
    assert pdf.readable(signs, frozenset(range(0x20, 0x250))).isprintable()


def test_an_invoice_that_is_not_what_was_paid_is_never_shown(market, buyer):
    order = market.paid()

    def cheat(tx):
        row = actions.orders.load(order['id'])
        row.terms = row.terms | {'package': row.terms['package'] | {'price_minor': 1}}
        actions.orders.save(tx, row)

    db.atomically(cheat)
    assert buyer.get(f'/orders/{order["id"]}/invoice').problem == 'internal-error'


@pytest.mark.no_aws
def test_an_invoice_takes_as_many_pages_as_it_needs():
    rows = tuple(Row(f'Extra {n}', f'${n}.00', 'A note', is_total=n == 60) for n in range(1, 61))
    sheet = Sheet('Invoice', 'INV-1', 1_795_507_200_000, 'en', (('Number', 'INV-1'),), rows, 'The end.')
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf.drawn(sheet))).pages]
    assert len(pages) == 3
    read = [line for page in pages for line in page.splitlines() if line.startswith('Extra')]
    assert read == [f'{row.label} {row.amount}' for row in rows]
