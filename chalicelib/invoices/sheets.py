"""What an invoice says, line by line, out of the ledger's own transactions. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from chalicelib import clock
from chalicelib.invoices.labels import Language, label, rate
from chalicelib.ledger import accounts
from chalicelib.money import shown
from chalicelib.quotes.rules import main_line


class Row(NamedTuple):
    label: str
    amount: str
    note: str = ''
    is_total: bool = False


class Sheet(NamedTuple):
    """One invoice, in words."""

    title: str
    number: str
    issued_at: int
    language: Language
    facts: tuple[tuple[str, str], ...]
    """What it is about: label and value."""
    rows: tuple[Row, ...]
    note: str


class Moved(NamedTuple):
    """One transaction of the ledger: what it added to each kind of account."""

    at: int
    by_root: Mapping[str, int]

    @classmethod
    def of(cls, transaction: dict[str, Any]) -> Self:
        by_root: dict[str, int] = {}
        for account, minor in transaction['lines']:
            root = accounts.root(account)
            by_root[root] = by_root.get(root, 0) + minor
        return cls(transaction['at'], by_root)

    @classmethod
    def together(cls, several: Sequence[Self]) -> Self:
        """The sum of them, at the time of the first."""
        roots = {root for one in several for root in one.by_root}
        return cls(several[0].at, {root: sum(one.added(root) for one in several) for root in roots})

    def added(self, *roots: str) -> int:
        return sum(self.by_root.get(root, 0) for root in roots)

    def taken(self, *roots: str) -> int:
        return -self.added(*roots)

    @property
    def day(self) -> str:
        return f'{clock.utc(self.at):%Y-%m-%d}'


class Reader(NamedTuple):
    """Who reads it: in what language, about what currency."""

    language: Language
    currency: str

    def say(self, name: str, **values: str) -> str:
        return label(self.language, name, **values)

    def amount(self, minor: int) -> str:
        return shown(minor, self.currency, self.language)

    def rate(self, bps: int) -> str:
        return rate(self.language, bps)

    def row(self, name: str, minor: int, *, note: str = '', is_total: bool = False, **values: str) -> Row:
        return Row(self.say(name, **values), self.amount(minor), note, is_total)


_PREFIXES = {'order_invoice': 'INV', 'fee_invoice': 'FEE', 'payout_invoice': 'PAY'}
_PAID = ('escrow', 'fee.buyer', 'fee.tax')
_COMMISSION = ('fee.commission', 'revenue.commission')
_EARNED = ('seller.clearing', 'seller.available', 'receivable.seller')
_PRICE = ('escrow', *_COMMISSION, *_EARNED)


def order_invoice(
    reader: Reader, order: dict[str, Any], names: dict[str, str], payments: list[Moved], refunds: list[Moved]
) -> Sheet:
    """What the buyer has paid for: `order` is its row, of which only words and rates are told."""
    paid = Moved.together(payments)
    total = paid.added(*_PAID)
    rows = (
        *_work(reader, order['terms'], paid),
        *_fees(reader, order['terms'], paid),
        reader.row('total', total, is_total=True),
        *(_payment(reader, payment) for payment in payments),
        *_refunds(reader, total, refunds),
    )
    facts = {
        'buyer': names[order['buyer_id']],
        'seller': names[order['seller_id']],
        'work': order['title'],
        'order': order['id'],
    }
    return _sheet(reader, 'order_invoice', paid, facts, rows)


def fee_invoice(
    reader: Reader, order: dict[str, Any], names: dict[str, str], completed: Moved, later: list[tuple[str, Moved]]
) -> Sheet:
    """The commission on an order, and what was left of the price for its seller.

    `later` are the refunds and tips (`refund` and `tip`) that there were besides.
    """
    price, commission = completed.taken('escrow'), completed.added('fee.commission')
    share = reader.say('share', rate=reader.rate(order['terms']['commission_bps']), amount=reader.amount(price))
    rows = (
        reader.row('commission', commission, note=share),
        reader.row('total', commission, is_total=True),
        reader.row('price', price),
        reader.row('commission', -commission),
        reader.row('you_receive', completed.added('seller.clearing'), is_total=True),
        *_later(reader, completed, later),
    )
    facts = {'seller': names[order['seller_id']], 'work': order['title'], 'order': order['id']}
    return _sheet(reader, 'fee_invoice', completed, facts, rows)


def payout_invoice(reader: Reader, payout: dict[str, Any], names: dict[str, str], paid: Moved) -> Sheet:
    """What was taken from a seller's balance, and what of it went to the bank."""
    rows = (
        reader.row('taken', paid.taken('payout')),
        reader.row('payout_fee', paid.taken('revenue.payout_fee')),
        reader.row('sent', paid.added('psp.balance'), is_total=True),
    )
    facts = {'seller': names[payout['seller_id']], 'payout': payout['id'], 'destination': payout['destination']}
    return _sheet(reader, 'payout_invoice', paid, facts, rows)


def _payment(reader: Reader, payment: Moved) -> Row:
    credit = payment.taken('buyer.reserved')
    note = reader.say('credit_used', amount=reader.amount(credit)) if credit else ''
    return reader.row('paid', payment.added(*_PAID), note=note, day=payment.day)


def _work(reader: Reader, terms: dict[str, Any], paid: Moved) -> list[Row]:
    _, name, price_minor = main_line(terms)
    parts = [(name, price_minor)]
    for extra in terms['extras']:
        name = extra['title'] if extra['kind'] == 'custom' else reader.say(extra['kind'])
        times = f' x {extra["quantity"]}' if extra['quantity'] > 1 else ''
        parts.append((name + times, extra['amount_minor']))
    assert sum(minor for _, minor in parts) == paid.added('escrow'), 'What was bought is what was paid'
    return [Row(name, reader.amount(minor)) for name, minor in parts]


def _fees(reader: Reader, terms: dict[str, Any], paid: Moved) -> list[Row]:
    price, fee, tax = (paid.added(root) for root in ('escrow', 'fee.buyer', 'fee.tax'))
    share = reader.say('share', rate=reader.rate(terms['buyer_fee_bps']), amount=reader.amount(price))
    rows = [reader.row('service_fee', fee, note=share)]
    if tax:
        name = f'{terms["tax"]["name"]} {reader.rate(terms["tax"]["rate_bps"])}'
        rows.append(Row(name, reader.amount(tax), reader.say('base', amount=reader.amount(fee))))
    return rows


def _refunds(reader: Reader, total: int, refunds: list[Moved]) -> list[Row]:
    rows = []
    for refund in refunds:
        price, fee, tax = refund.taken(*_PRICE), refund.taken('fee.buyer'), refund.taken('fee.tax')
        parts = {'price': reader.amount(price), 'fee': reader.amount(fee), 'tax': reader.amount(tax)}
        rows.append(reader.row('refund', -price - fee - tax, note=reader.say('refund_parts', **parts), day=refund.day))
        total -= price + fee + tax
    return [*rows, reader.row('after_refunds', total, is_total=True)] if rows else []


def _later(reader: Reader, completed: Moved, later: list[tuple[str, Moved]]) -> list[Row]:
    commission, earned = completed.added('fee.commission'), completed.added('seller.clearing')
    rows = []
    for kind, moved in later:
        more, net = moved.added(*_COMMISSION), moved.added(*_EARNED)
        if more or net:  # a refund before the completion took of neither
            rows.append(reader.row(f'commission_{kind}', more, day=moved.day))
            rows.append(reader.row(f'earned_{kind}', net, day=moved.day))
        commission, earned = commission + more, earned + net
    if not rows:
        return []
    return [*rows, reader.row('commission_in_all', commission), reader.row('earned_in_all', earned, is_total=True)]


def _sheet(reader: Reader, kind: str, fact: Moved, facts: dict[str, str], rows: tuple[Row, ...]) -> Sheet:
    number = _number(kind, fact, facts)
    about = {'number': number, 'date': fact.day, **facts}
    return Sheet(
        title=reader.say(kind),
        number=number,
        issued_at=fact.at,
        language=reader.language,
        facts=tuple((reader.say(name), value) for name, value in about.items()),
        rows=rows,
        note=reader.say('note'),
    )


def _number(kind: str, fact: Moved, facts: dict[str, str]) -> str:
    """Of the day, and of the end of the id: the same for ever, and nobody else's."""
    subject_id = facts['payout' if kind == 'payout_invoice' else 'order']
    return f'{_PREFIXES[kind]}-{fact.day.replace("-", "")}-{subject_id[-10:]}'
