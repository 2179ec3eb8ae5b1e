"""A buyer and a seller, and the shortest way to an order in any state."""

import copy
import hashlib
import json
from typing import Any

from ulid import ULID

from chalicelib import aws, db, settings
from chalicelib.files import actions as files
from chalicelib.files.rules import EXTENSIONS
from chalicelib.ledger import store as ledger
from chalicelib.ledger.credit_postings import promo_granted
from chalicelib.ledger.days import actions as days
from chalicelib.ledger.postings import Line, Posting
from chalicelib.money import Money
from chalicelib.orders import actions as orders
from chalicelib.orders.lifecycle import Actor, OrderRole
from chalicelib.payments.port import ChargebackStatus, Notice
from chalicelib.payments.sandbox import provider
from chalicelib.payments.sandbox import store as sandbox
from chalicelib.quotes import agreements
from chalicelib.quotes.agreements import Agreed, Source
from chalicelib.webhooks import store as webhooks
from tests.support.api import Answer, Person, deliver, sweep, tick
from tests.support.resources import drain, rows

DAY = 24 * 3600
PNG = b'\x89PNG\r\n\x1a\n' + b'\0' * 64
PDF = b'%PDF-1.7\n' + b'\0' * 64
ZIP = b'PK\x03\x04' + b'\0' * 64
SAMPLES = {'image/png': PNG, 'application/pdf': PDF, 'application/zip': ZIP}

GIG: dict[str, Any] = {
    'title': 'I will design a logo',
    'category': 'logo-design',
    'language': 'en',
    'currency': 'USD',
    'description': 'A logo that works on a stamp, on a parcel and on a screen, made for your shop and for nobody else, with '
    'all the files that a printer asks for.',
    'tags': ['logo'],
    'packages': [
        {
            'tier': 'basic',
            'name': 'Logo',
            'description': 'One logo',
            'price_minor': 10_000,
            'delivery_days': 3,
            'revisions': 1,
        }
    ],
    'extras': [
        {'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 1_500, 'delivery_days': 1},
        {'kind': 'extra_revisions', 'id': 'again', 'price_minor': 500, 'revisions': 2},
        {'kind': 'custom', 'id': 'card', 'title': 'Business card', 'price_minor': 2_000, 'additional_days': 1},
    ],
    'requirements': [{'kind': 'free_text', 'id': 'brief', 'question': 'What do you sell?'}],
}
AGREED: dict[str, Any] = {
    'source': Source('offer', 'off_01JDF5B8N3C6G9J2M5Q8S1V4XA'),
    'title': 'A logo and a sign',
    'description': 'The logo, and a sign for the door, 60 by 40 cm',
    'category': 'logo-design',
    'currency': 'USD',
    'price_minor': 10_000,
    'delivery_days': 3,
    'revisions': 1,
    'requirements': [GIG['requirements'][0] | {'mandatory': True}],
}
OFFER = {name: part for name, part in AGREED.items() if name != 'source'}
ANSWERS = {'answers': [{'kind': 'free_text', 'requirement_id': 'brief', 'text': 'Coffee'}]}
CLAIM = {'reason': 'not_as_described', 'refund_minor': 5_000, 'text': 'Two of three formats are missing'}
CONTEST = {'accepts': False, 'text': 'They are in the archive'}
PRICE, FEE, COMMISSION = 10_000, 550, 2_000
TOTAL, NET = PRICE + FEE, PRICE - COMMISSION


class Market:
    def __init__(self, buyer: Person, seller: Person) -> None:
        self.buyer, self.seller = buyer, seller

    def gig(self, **changes: Any) -> dict[str, Any]:
        """An active gig of the seller."""
        draft = ok(self.seller.post('/gigs', copy.deepcopy(GIG) | changes), 201)
        return dict(ok(self.seller.post(f'/gigs/{draft["id"]}/publish')))

    def product(self, refund_rule: str = 'until_accepted') -> dict[str, Any]:
        """An active digital product with two files."""
        file_ids = [self.file(self.seller, 'product'), self.file(self.seller, 'product')]
        package = GIG['packages'][0] | {'delivery_days': 0, 'revisions': 0}
        return self.gig(
            kind='digital_product',
            category='templates',
            packages=[package],
            extras=[],
            requirements=[],
            product={'file_ids': file_ids, 'licence': 'Use it.', 'refund_rule': refund_rule},
        )

    def file(self, owner: Person, purpose: str, content_type: str = 'application/zip', content: bytes | None = None) -> str:
        """A ready file, uploaded and inspected."""
        content = content or SAMPLES[content_type]
        promise = {
            'purpose': purpose,
            'filename': f'file.{EXTENSIONS[content_type][0]}',
            'content_type': content_type,
            'size_bytes': len(content),
            'sha256': hashlib.sha256(content).hexdigest(),
        }
        file_id: str = ok(owner.post('/files', promise), 201)['id']
        arrive(file_id, content)
        files.inspect(f'incoming/{file_id}')
        return file_id

    def quote(self, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        gig = gig or self.gig()
        return dict(ok(self.buyer.post('/quotes', {'gig_id': gig['id'], **wanted}), 201))

    def agreed(self, **changes: Any) -> dict[str, Any]:
        """An order on terms that the two have agreed on, without a gig, as it waits for its payment."""
        terms = Agreed(**{**AGREED, 'buyer_id': self.buyer.id, 'seller_id': self.seller.id, **changes})
        rates = agreements.rates(terms.buyer_id, terms.seller_id)
        buyer = Actor(OrderRole.BUYER, terms.buyer_id)
        order = db.atomically(lambda tx: orders.place_agreed(tx, buyer, terms, rates))
        return self.order(order.id)

    def offered(self, **changes: Any) -> dict[str, Any]:
        """An open offer of the seller to the buyer."""
        return dict(ok(self.seller.post('/offers', {**OFFER, 'buyer_id': self.buyer.id, **changes}), 201))

    def placed(self, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        return dict(ok(self.buyer.post('/orders', {'quote_id': self.quote(gig, **wanted)['id']}), 201))

    def paid(self, gig: dict[str, Any] | None = None, method: str = 'sandbox_card_ok', **wanted: Any) -> dict[str, Any]:
        order = self.placed(gig, **wanted)
        ok(self.buyer.post(f'/orders/{order["id"]}/payments', {'method': method}), 201)
        return self.order(order['id'])

    def started(self, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        order = self.paid(gig, **wanted)
        return dict(ok(self.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS)))

    def delivered(self, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        order = self.started(gig, **wanted)
        return dict(ok(self.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201))

    def revised(self, gig: dict[str, Any] | None = None) -> dict[str, Any]:
        order = self.delivered(gig)
        return dict(ok(self.buyer.post(f'/orders/{order["id"]}/revisions', {'reason': 'Bigger'}), 201))

    def completed(self, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        order = self.delivered(gig, **wanted)
        return dict(ok(self.buyer.post(f'/orders/{order["id"]}/accept')))

    def released(self, clock: Any, gig: dict[str, Any] | None = None, **wanted: Any) -> dict[str, Any]:
        order = self.completed(gig, **wanted)
        clock.shift(14 * DAY + 1)
        run_timers()
        return self.order(order['id'])

    def disputed(self, order: dict[str, Any], **claim: Any) -> tuple[dict[str, Any], str]:
        """A dispute that the buyer has opened, and its path."""
        path = f'/orders/{order["id"]}/disputes'
        dispute = ok(self.buyer.post(path, CLAIM | claim), 201)
        return dispute, f'{path}/{dispute["id"]}'

    def contested(self, order: dict[str, Any], **claim: Any) -> tuple[dict[str, Any], str]:
        """A dispute in which both sides have had their say."""
        _, path = self.disputed(order, **claim)
        return ok(self.seller.post(f'{path}/response', CONTEST)), path

    def charged(self, order: dict[str, Any], payment_id: str | None = None) -> tuple[dict[str, Any], str]:
        """An order whose payment the buyer's bank has taken back, and the reference of that."""
        path = f'/sandbox/payments/{payment_id or order["payment_id"]}/chargeback'
        ok(self.buyer.post(path, {'reason': 'product_not_received'}))
        assert run_provider() == ['learn_chargeback']
        return self.order(order['id']), (payment_id or order['payment_id']).replace('pay_', 'scb_')

    def decide(self, ref: str, *, won: bool) -> None:
        """The bank decides."""
        ok(Person('support', 'support').post(f'/sandbox/chargebacks/{ref}/decision', {'won': won}))
        assert run_provider() == ['learn_chargeback']

    def cancelled(self) -> dict[str, Any]:
        order = self.paid()
        return dict(ok(self.buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'})))

    def expired(self, clock: Any) -> dict[str, Any]:
        order = self.placed()
        clock.shift(31 * 60)
        run_timers()
        return self.order(order['id'])

    def paid_out(self, minor: int = 500, currency: str = 'USD', destination: str = 'sandbox_bank_ok') -> dict[str, Any]:
        """A payout of money that the seller just happens to have, after the provider has answered."""
        account = f'seller.available:{self.seller.id}'
        lines = (Line('psp.clearing:sandbox', -minor), Line(account, minor, self.seller.id))
        found = Posting(f'found:{ULID()}', 'found', currency, lines)
        db.atomically(lambda tx: ledger.post(tx, found), by='provider:sandbox')
        wanted = {'amount_minor': minor, 'currency': currency, 'destination': destination}
        payout = ok(self.seller.post('/payouts', wanted), 201)
        run_timers()
        return dict(payout)

    def order(self, order_id: str) -> dict[str, Any]:
        return dict(ok(self.buyer.get(f'/orders/{order_id}')))


def ok(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer
    return answer.body


def arrive(file_id: str, content: bytes) -> None:
    """An upload, without the form: moto does not check forms."""
    aws.client('s3').put_object(Bucket=settings.FILES_BUCKET, Key=f'incoming/{file_id}', Body=content)


def run_timers() -> list[str]:
    """Sweeps, and delivers what was swept to the functions behind the queues. Returns the actions that were due."""
    sweep()
    done = []
    for queue, function in (
        ('release', 'release_payments'),
        ('orders', 'advance_orders'),
        ('provider', 'settle_with_provider'),
    ):
        bodies = drain(queue)
        assert not bodies or deliver(function, *bodies) == []
        done += [json.loads(body)['action'] for body in bodies]
    return done


def run_provider() -> list[str]:
    """Delivers what a provider has told. Returns the actions."""
    bodies = drain('provider')
    assert not bodies or deliver('settle_with_provider', *bodies) == []
    return [json.loads(body)['action'] for body in bodies]


def send_back(refund: dict[str, Any], payment_id: str) -> None:
    """The buyer's bank sends back a refund that the sandbox has sent, and the sandbox tells of it."""
    sent = sandbox.get(refund['id'])
    line = sandbox.line_of('refund_returned', sent.id, sent.currency, sent.minor)
    sandbox.settle(sent.id, 'returned', when='succeeded', failure='account_closed', line=line)
    notice = Notice(f'evt_{sent.id}', 'refund', sent.id, payment_id=payment_id)
    assert webhooks.add(webhooks.of('sandbox', notice, b'{}'))


def claim_part(payment: dict[str, Any], minor: int, *, prefix: str = 'scb_') -> str:
    """A bank takes so much of a payment back, whole or not, and the sandbox knows it. Returns its reference."""
    ref, money = payment['id'].replace('pay_', prefix), Money(minor, payment['currency'])
    claimed = provider._object(ref, money, ChargebackStatus.OPEN, None, note='duplicate', payment_id=payment['id'])
    sandbox.create(claimed, provider._moved('chargeback', claimed, -minor, provider.CHARGEBACK_FEE_MINOR[money.currency]))
    return ref


def pay_twice(payment_id: str) -> None:
    """The sandbox takes a payment a second time, which nobody has asked it for."""
    paid = sandbox.get(payment_id)
    line = sandbox.line_of('payment', paid.id, paid.currency, paid.minor)
    line.sk = line.sk.replace('#payment', '#once-more#payment')
    line.save()


def night(clock: Any) -> Any:
    """The next one: days are closed, and the report is read."""
    clock.shift(DAY)
    days.close_days()
    return tick('reconcile_providers')


def owe(person: Person, minor: int, currency: str = 'USD') -> None:
    """Somebody owes us, as after a chargeback."""
    lines = (Line(f'receivable.seller:{person.id}', -minor, person.id), Line('expense.bad_debt', minor))
    lent = Posting(f'lent:{ULID()}', 'lent', currency, lines)
    db.atomically(lambda tx: ledger.post(tx, lent), by='provider:sandbox')


def give_promo(person: Person, minor: int, currency: str = 'USD') -> None:
    """Credit that is given to somebody."""
    granted = promo_granted(str(ULID()), person.id, currency, minor)
    db.atomically(lambda tx: ledger.post(tx, granted), by=person.id)


def balances() -> dict[str, int]:
    """Every guarded balance that is not zero."""
    return {
        row['pk'].removeprefix('ACC#').rpartition('#')[0]: row['minor'] for row in rows(settings.BALANCES_TABLE) if row['minor']
    }
