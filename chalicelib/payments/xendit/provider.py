"""Xendit behind the port.

An invoice has no idempotency key, so it is looked for before it is made; and where there should be two after all, the one that
was paid counts. Refunds and payouts have keys that do not expire.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from chalicelib import clock, settings
from chalicelib.money import Money
from chalicelib.payments import credentials
from chalicelib.payments.port import ClaimedBack, Movement, Notice, Outcome, OutcomeUnknown, Status
from chalicelib.payments.xendit import client, reading, webhook
from chalicelib.payments.xendit.client import NAME, Refused

METHODS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(('BCA', 'BNI', 'BRI', 'BSI', 'CIMB', 'MANDIRI', 'PERMATA'), 'virtual account'),
        **dict.fromkeys(('ASTRAPAY', 'DANA', 'JENIUSPAY', 'LINKAJA', 'OVO', 'SHOPEEPAY'), 'e-wallet'),
        **dict.fromkeys(('ALFAMART', 'INDOMARET'), 'retail'),
        'QRIS': 'QR code',
        'CREDIT_CARD': 'card',
    }
)
_PAGE = 50
_SHORT_OF_MONEY = 'INSUFFICIENT_BALANCE'


class Xendit:
    name = NAME
    currency = reading.CURRENCY

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome:
        if method not in METHODS:
            return Outcome(payment_id, money, Status.FAILED, failure='unknown_method')
        if found := self.find_payment(payment_id):
            return found
        asked: dict[str, Any] = {
            'external_id': payment_id,
            'amount': reading.rupiah(money),
            'currency': money.currency,
            'description': payment_id,
            'invoice_duration': max(1, (expires_at - clock.now_ms()) // clock.SECOND),
            'payment_methods': [method],
        }
        if settings.PAYMENT_RETURN:
            asked |= {'success_redirect_url': settings.PAYMENT_RETURN, 'failure_redirect_url': settings.PAYMENT_RETURN}
        try:
            return reading.payment(client.post('/v2/invoices', asked))
        except Refused as refused:
            return Outcome(payment_id, money, Status.FAILED, failure=refused.code.lower())

    def find_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:  # noqa: ARG002 - another may be paid
        found = [reading.payment(invoice) for invoice in _looked_up('/v2/invoices', external_id=payment_id)]
        ranks = (Status.SUCCEEDED, Status.REQUIRES_ACTION, Status.PENDING, Status.FAILED)
        return min(found, key=lambda outcome: ranks.index(outcome.status), default=None)

    def cancel_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:
        found = self.find_payment(payment_id, ref)
        if found is None or found.ref is None or not found.is_open:
            return found
        try:
            return reading.payment(client.post(f'/invoices/{client.part(found.ref)}/expire!', {}))
        except Refused:  # it was paid in between
            return self.find_payment(payment_id, ref)

    def refund(self, refund_id: str, payment_id: str, money: Money, payment_ref: str | None = None) -> Outcome:
        if payment_ref is None:
            raise OutcomeUnknown(f'It is not known what Xendit calls payment {payment_id}')
        asked = {
            'invoice_id': payment_ref,
            'reference_id': refund_id,
            'amount': reading.rupiah(money),
            'currency': money.currency,
            'reason': 'CANCELLATION',
            'metadata': {'payment_id': payment_id},
        }
        try:
            return reading.refund(client.post('/refunds', asked, refund_id))
        except Refused as refused:
            return _not_sent(refund_id, money, refused, self.find_refund(refund_id, None, payment_ref))

    def find_refund(self, refund_id: str, ref: str | None = None, payment_ref: str | None = None) -> Outcome | None:
        if ref:
            found = _looked_up(f'/refunds/{client.part(ref)}')
        else:
            found = _looked_up('/refunds', invoice_id=payment_ref, limit=100) if payment_ref else []
        return next((reading.refund(one) for one in found if one['reference_id'] == refund_id), None)

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome:
        """To `CHANNEL:ACCOUNT NUMBER:NAME`, such as `ID_BCA:0001234567:Budi Santoso`."""
        channel, account, name = [*destination.split(':', 2), '', ''][:3]
        if not (channel.startswith('ID_') and account and name):
            return Outcome(payout_id, money, Status.FAILED, failure='unknown_destination')
        asked = {
            'reference_id': payout_id,
            'channel_code': channel,
            'channel_properties': {'account_number': account, 'account_holder_name': name},
            'amount': reading.rupiah(money),
            'currency': money.currency,
            'description': payout_id,
        }
        try:
            return reading.payout(client.post('/v2/payouts', asked, payout_id))
        except Refused as refused:
            return _not_sent(payout_id, money, refused, self.find_payout(payout_id))

    def find_payout(self, payout_id: str, ref: str | None = None) -> Outcome | None:
        found = _looked_up(f'/v2/payouts/{client.part(ref)}') if ref else _looked_up('/v2/payouts', reference_id=payout_id)
        return reading.payout(found[0]) if found else None

    def find_chargeback(self, ref: str) -> ClaimedBack | None:  # noqa: ARG002
        """Virtual accounts, e-wallets and QRIS know none, and those of cards are not told through the API."""
        return None

    def contest_chargeback(self, ref: str, evidence: str) -> None:
        raise NotImplementedError('A chargeback at Xendit is contested in its dashboard')

    def movements(self, since: int, until: int) -> Iterator[Movement]:
        """By when they were settled, sent or reversed. What was reversed later is told of the time when it was begun."""
        made = [movement for line in _transactions(since) for movement in reading.movements(line)]
        yield from sorted((one for one in made if since <= one.at < until), key=lambda one: one.at)

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return webhook.read(headers, body, credentials.of(NAME).webhook_secrets)


def _not_sent(our_id: str, money: Money, refused: Refused, found: Outcome | None) -> Outcome:
    """What was refused because it was asked before is what it was; what was done neither then nor now may be asked again."""
    if found:
        return found
    if refused.is_repeated:
        raise OutcomeUnknown
    if refused.code == _SHORT_OF_MONEY:
        return Outcome(our_id, money, Status.PENDING)
    return Outcome(our_id, money, Status.FAILED, failure=refused.code.lower())


def _looked_up(path: str, **query: Any) -> list[dict[str, Any]]:
    """What there is: one object, a list, or a page with a list in `data`, depending on the endpoint."""
    try:
        said = client.get(path, **query)
    except Refused as refused:
        if refused.is_unknown_object:
            return []
        raise OutcomeUnknown from refused
    found = said['data'] if isinstance(said, dict) and isinstance(said.get('data'), list) else said
    return list(found) if isinstance(found, list) else [found]


def _transactions(since: int) -> Iterator[dict[str, Any]]:
    asked: dict[str, Any] = {'updated[gte]': _stamp(since), 'limit': _PAGE}
    while True:
        try:
            page = client.get('/transactions', **asked)
        except Refused as refused:
            raise OutcomeUnknown from refused
        yield from page['data']
        if not page['has_more']:
            return
        asked['after_id'] = page['data'][-1]['id']


def _stamp(ms: int) -> str:
    return clock.utc(ms).isoformat(timespec='milliseconds').replace('+00:00', 'Z')
