"""Stripe behind the port.

Its idempotency keys are good for a day, and its search is behind by a minute and more. So what was made is found again by
Stripe's own id, or by a list that is always up to date: charges and transfers by `transfer_group`, which is our id, and refunds
by their payment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import clock, settings
from chalicelib.money import Money
from chalicelib.payments import credentials
from chalicelib.payments.port import ClaimedBack, Movement, Notice, Outcome, OutcomeUnknown, Status
from chalicelib.payments.stripe import reading, webhook
from chalicelib.payments.stripe.client import NAME, Refused, answered, plain, stripe, understood

_PAGE = 100
_SHORT_OF_MONEY = ('balance_insufficient', 'insufficient_funds')
"""Our balance there does not suffice: nothing was done, and later it may."""
_LONGEST_TEXT = 20_000


class Stripe:
    name = NAME

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome:  # noqa: ARG002
        """An intent does not expire at Stripe: it is cancelled when nobody waits for it any more."""
        asked: dict[str, Any] = {
            **_amount(money),
            'payment_method': method,
            'confirm': True,
            'automatic_payment_methods': {'enabled': True, 'allow_redirects': 'always' if settings.PAYMENT_RETURN else 'never'},
            'transfer_group': payment_id,
            'metadata': {'payment_id': payment_id},
        }
        if settings.PAYMENT_RETURN:
            asked['return_url'] = settings.PAYMENT_RETURN
        try:
            with understood():
                return reading.payment(plain(stripe().payment_intents.create(asked, _under(payment_id))))
        except Refused as refused:
            intent = refused.about.get('payment_intent') or {}
            return Outcome(payment_id, money, Status.FAILED, failure=refused.code, ref=intent.get('id'))

    def find_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:
        ref = ref or _charged(payment_id)
        found = _found(stripe().payment_intents, ref) if ref else None
        return reading.payment(found) if found else None

    def cancel_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:
        found = self.find_payment(payment_id, ref)
        if found is None or found.ref is None or not found.is_open:
            return found
        try:
            with understood():
                return reading.payment(plain(stripe().payment_intents.cancel(found.ref, {'cancellation_reason': 'abandoned'})))
        except Refused:  # it was paid in between, or is about to be
            return self.find_payment(payment_id, found.ref)

    def refund(self, refund_id: str, payment_id: str, money: Money, payment_ref: str | None = None) -> Outcome:
        intent = payment_ref or _charged(payment_id)
        if intent is None:
            raise OutcomeUnknown(f'Stripe knows nothing of payment {payment_id}')
        asked = {
            'payment_intent': intent,
            'amount': money.minor,
            'metadata': {'refund_id': refund_id, 'payment_id': payment_id},
        }
        try:
            with understood():
                return reading.refund(plain(stripe().refunds.create(asked, _under(refund_id))))
        except Refused as refused:
            return _not_sent(refund_id, money, refused)

    def find_refund(self, refund_id: str, ref: str | None = None, payment_ref: str | None = None) -> Outcome | None:
        found = _found(stripe().refunds, ref) if ref else _first(_refunds_of(payment_ref), 'refund_id', refund_id)
        return reading.refund(found) if found else None

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome:
        """To a connected account, `acct_...`."""
        asked = {
            **_amount(money),
            'destination': destination,
            'transfer_group': payout_id,
            'metadata': {'payout_id': payout_id},
        }
        try:
            with understood():
                return reading.payout(plain(stripe().transfers.create(asked, _under(payout_id))))
        except Refused as refused:
            return _not_sent(payout_id, money, refused)

    def find_payout(self, payout_id: str, ref: str | None = None) -> Outcome | None:
        if ref:
            found = _found(stripe().transfers, ref)
        else:
            found = _first(_listed(stripe().transfers, {'transfer_group': payout_id}), 'payout_id', payout_id)
        return reading.payout(found) if found else None

    def find_chargeback(self, ref: str) -> ClaimedBack | None:
        found = _found(stripe().disputes, ref, {'expand': ['payment_intent']})
        return reading.chargeback(found) if found else None

    def contest_chargeback(self, ref: str, evidence: str) -> None:
        found = _found(stripe().disputes, ref)
        if found and found['status'] == 'needs_response':
            asked = {'evidence': {'uncategorized_text': evidence[:_LONGEST_TEXT]}, 'submit': True}
            with understood():
                stripe().disputes.update(ref, asked, _under(f'{ref}:evidence'))

    def movements(self, since: int, until: int) -> Iterator[Movement]:
        """By the second in which Stripe has booked them, whether the money can be used yet or not."""
        created = {'gte': -(-since // clock.SECOND), 'lt': -(-until // clock.SECOND)}
        lines = list(_listed(stripe().balance_transactions, {'created': created, 'expand': ['data.source']}))
        for line in reversed(lines):
            yield reading.movement(_with_transfer(line))

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return webhook.read(headers, body, credentials.of(NAME).webhook_secrets)


def _amount(money: Money) -> dict[str, Any]:
    return {'amount': money.minor, 'currency': money.currency.lower()}


def _under(key: str) -> dict[str, str]:
    return {'idempotency_key': key}


def _not_sent(our_id: str, money: Money, refused: Refused) -> Outcome:
    if refused.code in _SHORT_OF_MONEY:
        return Outcome(our_id, money, Status.PENDING)
    return Outcome(our_id, money, Status.FAILED, failure=refused.code)


def _charged(payment_id: str) -> str | None:
    """The intent under which something was charged for this payment, if anything was."""
    charge = next(_listed(stripe().charges, {'transfer_group': payment_id}), None)
    return str(charge['payment_intent']) if charge and charge.get('payment_intent') else None


def _refunds_of(intent: str | None) -> Iterator[dict[str, Any]]:
    return _listed(stripe().refunds, {'payment_intent': intent}) if intent else iter(())


def _first(found: Iterator[dict[str, Any]], name: str, our_id: str) -> dict[str, Any] | None:
    return next((one for one in found if reading.our_id(one, name) == our_id), None)


def _found(service: Any, ref: str, asked: dict[str, Any] | None = None) -> dict[str, Any] | None:
    try:
        with understood():
            return plain(service.retrieve(ref, asked or {}))
    except Refused as refused:
        if refused.is_unknown_object:
            return None
        raise OutcomeUnknown from refused


def _listed(service: Any, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All there are, newest first, page by page."""
    after: dict[str, Any] = {}
    while True:
        with answered():
            page = plain(service.list({**asked, **after, 'limit': _PAGE}))
        yield from page['data']
        if not page['has_more']:
            return
        after = {'starting_after': page['data'][-1]['id']}


def _with_transfer(line: dict[str, Any]) -> dict[str, Any]:
    """A reversal says nothing of ours; the transfer that it reverses does."""
    source = line.get('source')
    if isinstance(source, dict) and source.get('object') == 'transfer_reversal':
        return line | {'source': _found(stripe().transfers, source['transfer'])}
    return line
