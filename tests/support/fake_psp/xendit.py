"""The fake provider as Xendit: JSON in and out, in rupiah. Account numbers do what their end says."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FEE = 4_000
KEY_REUSED = (409, {'error_code': 'DUPLICATE_ERROR', 'message': 'This key was used with another body'})


def key_of(headers: dict[str, str]) -> str:
    return base64.b64decode(headers.get('authorization', '')[6:]).decode().rstrip(':')


def problem(code: str, message: str) -> dict[str, Any]:
    return {'error_code': code, 'message': message}


def read(body: bytes) -> dict[str, Any]:
    return dict(json.loads(body)) if body else {}


def sign(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {'X-Callback-Token': secret, 'webhook-id': hashlib.sha256(body).hexdigest()[:24]}


def answer(psp: Any, method: str, target: str, asked: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911 - one for each operation
    url = urlsplit(target)
    path, query = url.path.strip('/').split('/'), dict(parse_qsl(url.query))
    match method, path:
        case 'POST', ['v2', 'invoices']:
            return _invoice(psp, asked)
        case 'GET', ['v2', 'invoices']:
            return 200, [show(psp, o) for o in psp.books.of('payment', 'xendit') if o.our_id == query['external_id']]
        case 'POST', ['invoices', ref, 'expire!']:
            return _expire(psp, psp.books.things[ref])
        case 'POST', ['refunds']:
            return _refund(psp, asked)
        case 'GET', ['refunds']:
            found = [show(psp, o) for o in psp.books.of('refund', 'xendit') if o.about['payment'] == query['invoice_id']]
            return 200, {'data': found, 'has_more': False}
        case 'POST', ['v2', 'payouts']:
            return _payout(psp, asked)
        case 'GET', ['v2', 'payouts']:
            return 200, [show(psp, o) for o in psp.books.of('payout', 'xendit') if o.our_id == query['reference_id']]
        case 'GET', ['transactions']:
            return _transactions(psp, query)
        case 'GET', [*_, ref] if ref in psp.books.things:
            return 200, show(psp, psp.books.things[ref])
    return 404, problem('DATA_NOT_FOUND', target)


def _invoice(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    money = (asked['amount'] * 100, asked['currency'])
    methods = asked['payment_methods']
    made = psp.books.add(
        'payment',
        'inv',
        asked['external_id'],
        money,
        'PENDING',
        dialect='xendit',
        amount=asked['amount'],
        payment_methods=methods,
    )
    return 200, show(psp, made)


def _expire(psp: Any, payment: Any) -> tuple[int, Any]:
    if payment.status != 'PENDING':
        return 404, problem('INVOICE_NOT_FOUND_ERROR', f'It is {payment.status}')
    payment.status = 'EXPIRED'
    psp.books.tell(payment, 'EXPIRED')
    return 200, show(psp, payment)


def _refund(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    payment = psp.books.things[asked['invoice_id']]
    if payment.about['payment_methods'][0] in ('BCA', 'BNI'):
        return 400, problem('REFUND_NOT_SUPPORTED', 'A virtual account takes nothing back')
    minor = asked['amount'] * 100
    if minor > psp.books.refundable(payment):
        return 400, problem('MAXIMUM_REFUND_AMOUNT_REACHED', 'More than was paid')
    made = psp.books.add(
        'refund',
        'rfd-',
        asked['reference_id'],
        (minor, 'IDR'),
        'PENDING',
        dialect='xendit',
        payment=payment.ref,
        payment_id=asked['metadata']['payment_id'],
    )
    if not payment.about.get('refunds_are_slow'):
        settle(psp, made, 'SUCCEEDED', None)
    return 200, show(psp, made)


def _payout(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    account = asked['channel_properties']['account_number']
    if account.endswith('404'):
        return 400, problem('RECIPIENT_ACCOUNT_NUMBER_ERROR', 'No such account')
    if account.endswith('402'):
        return 400, problem('INSUFFICIENT_BALANCE', 'Not enough')
    made = psp.books.add('payout', 'disb-', asked['reference_id'], (asked['amount'] * 100, 'IDR'), 'ACCEPTED', dialect='xendit')
    if account.endswith('200'):
        settle(psp, made, 'SUCCEEDED', None)
    return 200, show(psp, made)


def settle_payment(psp: Any, payment: Any) -> None:
    payment.status = 'PAID'
    psp.books.book(payment, 'PAYMENT', payment.minor, FEE * 100)
    psp.books.tell(payment, 'PAID')


def fail_payment(psp: Any, payment: Any) -> None:
    payment.status = 'EXPIRED'
    psp.books.tell(payment, 'EXPIRED')


def settle(psp: Any, thing: Any, status: str, failure: str | None) -> None:
    was, thing.status, thing.failure = thing.status, status, failure
    if status == 'SUCCEEDED':
        psp.books.book(thing, {'refund': 'REFUND', 'payout': 'DISBURSEMENT'}[thing.kind], -thing.minor)
    if status == 'REVERSED' or (was, status) == ('SUCCEEDED', 'FAILED'):
        psp.books.book(thing, 'REVERSED', thing.minor)
    psp.books.tell(thing, f'{thing.kind}.{status.lower()}')


def _transactions(psp: Any, query: dict[str, str]) -> tuple[int, Any]:
    low = datetime.fromisoformat(query['updated[gte]']).timestamp()
    ours = [line for line in psp.books.lines if line.thing.dialect == 'xendit']
    reversed_at = {line.thing.ref: line.at for line in ours if line.kind == 'REVERSED'}
    lines = [_line(line, reversed_at.get(line.thing.ref)) for line in ours if line.kind != 'REVERSED']
    lines = [line for line in lines if datetime.fromisoformat(line['updated']).timestamp() >= low]
    start = next((n for n, line in enumerate(lines, 1) if line['id'] == query.get('after_id')), 0)
    return 200, {'data': lines[start : start + 2], 'has_more': start + 2 < len(lines)}


def _line(line: Any, reversed_at: float | None) -> dict[str, Any]:
    """What is reversed remains one transaction, with another status."""
    is_in = line.kind == 'PAYMENT'
    return {
        'id': line.ref,
        'type': line.kind,
        'status': 'REVERSED' if reversed_at else 'SUCCESS',
        'reference_id': line.thing.our_id,
        'product_id': line.thing.ref,
        'channel_category': _category(line.thing) if is_in else 'BANK',
        'currency': 'IDR',
        'amount': abs(line.minor) // 100,
        'cashflow': 'MONEY_IN' if is_in else 'MONEY_OUT',
        'settlement_status': 'SETTLED' if is_in else None,
        'fee': {'xendit_fee': line.fee_minor // 100, 'value_added_tax': 0, 'status': 'COMPLETED'},
        'created': _stamp(line.at),
        'updated': _stamp(reversed_at or line.at),
    }


def _category(payment: Any) -> str:
    method = payment.about['payment_methods'][0]
    return {'QRIS': 'QR_CODE', 'CREDIT_CARD': 'CARDS', 'BCA': 'VIRTUAL_ACCOUNT', 'BNI': 'VIRTUAL_ACCOUNT'}.get(
        method, 'EWALLET'
    )


def show(psp: Any, thing: Any) -> dict[str, Any]:
    thing = psp.shown(thing)
    amount = thing.minor / 100 if thing.minor % 100 else thing.minor // 100
    if thing.kind == 'payment':
        return {
            'id': thing.ref,
            'external_id': thing.our_id,
            'status': thing.status,
            'amount': amount,
            'currency': thing.currency,
            'invoice_url': f'https://checkout.xendit.test/web/{thing.ref}',
            **({'paid_amount': amount} if thing.status in ('PAID', 'SETTLED') else {}),
        }
    return {
        'id': thing.ref,
        'reference_id': thing.our_id,
        'status': thing.status,
        'amount': amount,
        'currency': thing.currency,
        'failure_code': thing.failure,
        **({'metadata': {'payment_id': thing.about['payment_id']}} if thing.kind == 'refund' else {}),
    }


def event(psp: Any, thing: Any, name: str) -> dict[str, Any]:
    if thing.kind == 'payment':
        return show(psp, thing)
    return {'event': name, 'business_id': 'b', 'created': _stamp(thing.at), 'data': show(psp, thing)}


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')
