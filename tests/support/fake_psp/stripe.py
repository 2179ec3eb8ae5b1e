"""The fake provider as Stripe: forms in, objects out. Payment methods and accounts do what their name says."""

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FEE_BPS = 290
DECLINES = {'pm_declined': 'card_declined', 'pm_broke': 'insufficient_funds'}
ACCOUNTS = ('acct_good', 'acct_slow')
KEY_REUSED = (400, {'error': {'type': 'idempotency_error', 'message': 'Keys ... the same parameters'}})


def key_of(headers: dict[str, str]) -> str:
    said = headers.get('authorization', '')
    return base64.b64decode(said[6:]).decode().rstrip(':') if said.startswith('Basic') else said.removeprefix('Bearer ')


def problem(code: str, message: str, kind: str = 'invalid_request_error', **more: Any) -> dict[str, Any]:
    return {'error': {'type': kind, 'code': code, 'message': message, **more}}


def read(body: bytes) -> dict[str, Any]:
    """a[b][c]=d as {'a': {'b': {'c': 'd'}}}."""
    made: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        *path, last = re.findall(r'[^\[\]]+', name)
        place = made
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return made


def sign(body: bytes, secret: str, at: int) -> dict[str, str]:
    signature = hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()
    return {'Stripe-Signature': f't={at},v1={signature},v0=old'}


def answer(psp: Any, method: str, target: str, asked: dict[str, Any]) -> tuple[int, Any]:
    url = urlsplit(target)
    noun, *rest = url.path.removeprefix('/v1/').split('/')
    query = read(url.query.encode())
    if method == 'GET':
        return _list(psp, noun, query) if not rest else _one(psp, noun, rest[0])
    if rest[1:] == ['cancel']:
        return _cancel(psp, psp.books.things[rest[0]])
    if noun == 'disputes':
        dispute = psp.books.things[rest[0]]
        dispute.about['evidence'], dispute.status = asked['evidence']['uncategorized_text'], 'under_review'
        return 200, show(psp, dispute)
    return {'payment_intents': _pay, 'refunds': _refund, 'transfers': _transfer}[noun](psp, asked)


def _pay(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    method = asked['payment_method']
    if not method.startswith('pm_'):
        return 400, problem('resource_missing', 'No such PaymentMethod', param='payment_method')
    made = psp.books.add(
        'payment',
        'pi_',
        asked['metadata']['payment_id'],
        (int(asked['amount']), asked['currency'].upper()),
        'processing',
        dialect='stripe',
        group=asked['transfer_group'],
        return_url=asked.get('return_url'),
    )
    if method in DECLINES:
        fail_payment(psp, made, DECLINES[method])
        return 402, problem('card_declined', 'No', 'card_error', decline_code=DECLINES[method], payment_intent=show(psp, made))
    if method == 'pm_confirm':
        made.status = 'requires_action'
    elif method != 'pm_slow':
        settle_payment(psp, made)
    return 200, show(psp, made)


def _refund(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    payment = psp.books.things[asked['payment_intent']]
    minor = int(asked['amount'])
    if minor > psp.books.refundable(payment):
        return 400, problem('charge_already_refunded', 'More than was paid')
    made = psp.books.add(
        'refund',
        're_',
        asked['metadata']['refund_id'],
        (minor, payment.currency),
        'pending',
        dialect='stripe',
        payment=payment.ref,
        payment_id=asked['metadata']['payment_id'],
    )
    if not payment.about.get('refunds_are_slow'):
        settle(psp, made, 'succeeded', None)
    return 200, show(psp, made)


def _transfer(psp: Any, asked: dict[str, Any]) -> tuple[int, Any]:
    if asked['destination'] == 'acct_short':
        return 400, problem('balance_insufficient', 'Not enough')
    if asked['destination'] not in ACCOUNTS:
        return 400, problem('account_invalid', 'No such destination')
    minor, payout_id = int(asked['amount']), asked['metadata']['payout_id']
    made = psp.books.add('payout', 'tr_', payout_id, (minor, asked['currency'].upper()), 'paid', dialect='stripe')
    made.about['group'] = asked['transfer_group']
    psp.books.book(made, 'transfer', -minor)
    psp.books.tell(made, 'transfer.created')
    return 200, show(psp, made)


def settle_payment(psp: Any, payment: Any) -> None:
    payment.status = 'succeeded'
    psp.books.book(payment, 'charge', payment.minor, payment.minor * FEE_BPS // 10_000)
    psp.books.tell(payment, 'payment_intent.succeeded')


def fail_payment(psp: Any, payment: Any, code: str = 'payment_intent_authentication_failure') -> None:
    payment.status, payment.failure = 'requires_payment_method', code
    psp.books.tell(payment, 'payment_intent.payment_failed')


def settle(psp: Any, thing: Any, status: str, failure: str | None) -> None:
    was, thing.status, thing.failure = thing.status, status, failure
    if (thing.kind, status) == ('refund', 'succeeded'):
        psp.books.book(thing, 'refund', -thing.minor)
    if (thing.kind, was, status) == ('refund', 'succeeded', 'failed'):
        psp.books.book(thing, 'refund_failure', thing.minor)
        thing.about['is_back'] = True
    if (thing.kind, status) == ('payout', 'reversed'):
        psp.books.book(thing, 'transfer_reversal', thing.minor)
    psp.books.tell(thing, {'refund': 'refund.updated', 'payout': 'transfer.reversed'}[thing.kind])


def _cancel(psp: Any, payment: Any) -> tuple[int, Any]:
    if payment.status != 'requires_action':
        return 400, problem('payment_intent_unexpected_state', f'It is {payment.status}')
    payment.status = 'canceled'
    psp.books.tell(payment, 'payment_intent.canceled')
    return 200, show(psp, payment)


def _one(psp: Any, noun: str, ref: str) -> tuple[int, Any]:
    kind = {'payment_intents': 'payment', 'refunds': 'refund', 'transfers': 'payout', 'disputes': 'dispute'}[noun]
    found = psp.books.things.get(ref)
    if found is None or (found.kind, found.dialect) != (kind, 'stripe'):
        return 404, problem('resource_missing', f'No such {kind}: {ref}')
    return 200, show(psp, found)


def _list(psp: Any, noun: str, query: dict[str, Any]) -> tuple[int, Any]:
    if noun == 'balance_transactions':
        low, high = int(query['created']['gte']), int(query['created']['lt'])
        found = [_line(psp, line) for line in reversed(psp.books.lines) if low <= int(line.at) < high]
        found = [line for line in found if line['source']]
    elif noun == 'charges':
        paid = [one for one in psp.books.of('payment', 'stripe') if one.about['group'] == query['transfer_group']]
        found = [{'id': f'ch_{one.ref}', 'payment_intent': one.ref} for one in paid if one.status != 'requires_action']
    elif noun == 'transfers':
        found = [show(psp, o) for o in psp.books.of('payout', 'stripe') if o.about['group'] == query['transfer_group']]
    else:
        found = [show(psp, o) for o in psp.books.of('refund', 'stripe') if o.about['payment'] == query['payment_intent']]
    start = next((n for n, one in enumerate(found, 1) if one['id'] == query.get('starting_after')), 0)
    page = found[start : start + min(int(query['limit']), 2)]  # short pages, so that there are several
    return 200, {'object': 'list', 'data': page, 'has_more': start + len(page) < len(found)}


def show(psp: Any, thing: Any) -> dict[str, Any]:
    return {'payment': _intent, 'refund': _refund_object, 'payout': _transfer_object, 'dispute': _dispute}[thing.kind](
        psp, psp.shown(thing)
    )


def _intent(psp: Any, payment: Any) -> dict[str, Any]:
    waits = payment.status == 'requires_action'
    redirect = {'type': 'redirect_to_url', 'redirect_to_url': {'url': f'https://hooks.stripe.test/{payment.ref}'}}
    return {
        'id': payment.ref,
        'object': 'payment_intent',
        'amount': payment.minor,
        'amount_received': payment.minor if payment.status == 'succeeded' else 0,
        'currency': payment.currency.lower(),
        'status': payment.status,
        'metadata': {'payment_id': payment.our_id},
        'next_action': redirect if waits and payment.about['return_url'] else None,
        'last_payment_error': {'code': payment.failure} if payment.failure else None,
    }


def _refund_object(psp: Any, refund: Any) -> dict[str, Any]:
    return {
        'id': refund.ref,
        'object': 'refund',
        'amount': refund.minor,
        'currency': refund.currency.lower(),
        'status': refund.status,
        'failure_reason': refund.failure,
        'failure_balance_transaction': 'txn_back' if refund.about.get('is_back') else None,
        'metadata': {'refund_id': refund.our_id, 'payment_id': refund.about['payment_id']},
    }


def _transfer_object(psp: Any, transfer: Any) -> dict[str, Any]:
    is_reversed = transfer.status == 'reversed'
    return {
        'id': transfer.ref,
        'object': 'transfer',
        'amount': transfer.minor,
        'amount_reversed': transfer.minor if is_reversed else 0,
        'currency': transfer.currency.lower(),
        'reversed': is_reversed,
        'metadata': {'payout_id': transfer.our_id},
    }


def _dispute(psp: Any, dispute: Any) -> dict[str, Any]:
    lines = [line for line in psp.books.lines if line.thing.ref == dispute.ref]
    return {
        'id': dispute.ref,
        'object': 'dispute',
        'amount': dispute.minor,
        'currency': dispute.currency.lower(),
        'status': dispute.status,
        'reason': 'fraudulent',
        'payment_intent': show(psp, psp.books.things[dispute.about['payment']]),
        'balance_transactions': [{'fee': line.fee_minor, 'currency': _fee_currency(dispute)} for line in lines],
        'evidence_details': {'due_by': int(dispute.at) + 7 * 86_400},
    }


def _fee_currency(dispute: Any) -> str:
    return str(dispute.about.get('fee_currency', dispute.currency)).lower()


def _line(psp: Any, line: Any) -> dict[str, Any]:
    is_ours = line.thing.dialect == 'stripe'
    source = show(psp, line.thing) if is_ours else None
    if is_ours and line.kind == 'charge':
        source |= {'id': f'ch_{line.thing.ref}', 'object': 'charge', 'payment_intent': line.thing.ref}
    if line.kind == 'transfer_reversal':
        source = {'id': f'trr_{line.thing.ref}', 'object': 'transfer_reversal', 'transfer': line.thing.ref}
    return {
        'id': line.ref,
        'object': 'balance_transaction',
        'amount': line.minor,
        'fee': line.fee_minor,
        'currency': line.thing.currency.lower(),
        'reporting_category': line.kind,
        'created': int(line.at),
        'source': source,
    }


def event(psp: Any, thing: Any, name: str) -> dict[str, Any]:
    about = show(psp, thing)
    if isinstance(about.get('payment_intent'), dict):
        about['payment_intent'] = about['payment_intent']['id']
    digest = hashlib.sha256(f'{thing.ref}{name}{thing.status}'.encode()).hexdigest()[:16]
    return {'id': f'evt_{digest}', 'object': 'event', 'type': name, 'data': {'object': about}}
