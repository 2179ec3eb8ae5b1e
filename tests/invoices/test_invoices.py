"""Invoices, read back from the PDF and held against the ledger's own postings."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib import db
from chalicelib.invoices import actions, pdf
from chalicelib.ledger import store as ledger
from chalicelib.money import shown
from tests.support.market import COMMISSION, NET, PRICE, TOTAL, ok, run_timers

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
        ('Payout fee', shown(sent.get('revenue.payout_fee', 0), 'USD')),
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
