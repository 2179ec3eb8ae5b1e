"""What Stripe's objects mean to us. Amounts are in minor units as ours are, those of IDR too."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chalicelib.money import Money
from chalicelib.observe import logger
from chalicelib.payments.port import ChargebackStatus, ClaimedBack, Movement, Outcome, ProviderMismatch, Status

_INTENTS: Mapping[str, Status] = MappingProxyType(
    {
        'requires_action': Status.REQUIRES_ACTION,
        'succeeded': Status.SUCCEEDED,
        'canceled': Status.FAILED,
        'requires_payment_method': Status.FAILED,
    }
)
_REFUNDS: Mapping[str, Status] = MappingProxyType(
    {'succeeded': Status.SUCCEEDED, 'failed': Status.FAILED, 'canceled': Status.FAILED}
)
_RULINGS: Mapping[str, ChargebackStatus] = MappingProxyType({'won': ChargebackStatus.WON, 'lost': ChargebackStatus.LOST})
_NOTHING_TAKEN = ('warning_needs_response', 'warning_under_review', 'warning_closed', 'prevented')
"""Inquiries: the bank asks, and has taken nothing."""
_MOVEMENTS: Mapping[str, str] = MappingProxyType(
    {
        'charge': 'payment',
        'refund': 'refund',
        'refund_failure': 'refund_returned',
        'transfer': 'payout',
        'transfer_reversal': 'payout_returned',
        'dispute': 'chargeback',
        'dispute_reversal': 'chargeback_won',
        'payout': 'withdrawal',
    }
)
"""By reporting category. Stripe's own `payout` is of our balance there to our bank account."""
_OUR_IDS = ('refund_id', 'payout_id', 'payment_id')
"""In metadata; a refund has its payment's as well."""


def payment(intent: dict[str, Any]) -> Outcome:
    status = _INTENTS.get(intent['status'], Status.PENDING)
    minor = intent.get('amount_received') if status is Status.SUCCEEDED else intent['amount']
    redirect = ((intent.get('next_action') or {}).get('redirect_to_url') or {}).get('url')
    return Outcome(
        our_id(intent, 'payment_id'),
        money(minor, intent['currency']),
        status,
        next_action_url=redirect if status is Status.REQUIRES_ACTION else None,
        failure=_why_unpaid(intent) if status is Status.FAILED else None,
        ref=intent['id'],
    )


def refund(found: dict[str, Any]) -> Outcome:
    """One that has failed after it had left our balance has come back there."""
    status = _REFUNDS.get(found['status'] or '', Status.PENDING)
    failure = str(found.get('failure_reason') or found['status']) if status is Status.FAILED else None
    if status is Status.FAILED and found.get('failure_balance_transaction'):
        status = Status.RETURNED
    return Outcome(
        our_id(found, 'refund_id'), money(found['amount'], found['currency']), status, failure=failure, ref=found['id']
    )


def payout(transfer: dict[str, Any]) -> Outcome:
    status = Status.RETURNED if transfer.get('reversed') else Status.SUCCEEDED
    if status is Status.SUCCEEDED and transfer.get('amount_reversed'):
        logger.error('a part of a payout was reversed at Stripe: somebody has to look', ref=transfer['id'])
    failure = 'reversed' if status is Status.RETURNED else None
    amount = money(transfer['amount'], transfer['currency'])
    return Outcome(our_id(transfer, 'payout_id'), amount, status, failure=failure, ref=transfer['id'])


def chargeback(dispute: dict[str, Any]) -> ClaimedBack | None:
    """None where nothing was taken, or nothing of ours. `payment_intent` is the whole of it."""
    intent = dispute.get('payment_intent')
    payment_id = our_id(intent, 'payment_id') if isinstance(intent, dict) else ''
    if dispute['status'] in _NOTHING_TAKEN or not payment_id:
        return None
    due_by = (dispute.get('evidence_details') or {}).get('due_by')
    return ClaimedBack(
        ref=dispute['id'],
        payment_id=payment_id,
        money=money(dispute['amount'], dispute['currency']),
        fee=_fee(dispute),
        status=_RULINGS.get(dispute['status'], ChargebackStatus.OPEN),
        reason=str(dispute.get('reason') or ''),
        evidence_due_at=due_by * 1000 if due_by else None,
    )


def movement(line: dict[str, Any]) -> Movement:
    """A balance transaction, its source expanded."""
    kind = _MOVEMENTS.get(line['reporting_category'], line['reporting_category'])
    source = line.get('source')
    whose = None
    if isinstance(source, dict):
        whose = source['id'] if kind.startswith('chargeback') else next(_ids(source), None)
    gross, fee = money(line['amount'], line['currency']), money(line['fee'], line['currency'])
    intent = source.get('payment_intent') if isinstance(source, dict) and kind == 'payment' else None
    return Movement(line['id'], kind, whose, gross, fee, line['created'] * 1000, intent)


def our_id(found: dict[str, Any], name: str) -> str:
    """Our id in its metadata; empty where there is none, which is no id of ours."""
    return str((found.get('metadata') or {}).get(name) or '')


def money(minor: Any, currency: str) -> Money:
    try:
        return Money(minor, currency.upper())
    except (TypeError, ValueError) as error:
        raise ProviderMismatch(f'Stripe speaks of {minor!r} {currency}') from error


def _fee(dispute: dict[str, Any]) -> Money | None:
    lines = dispute.get('balance_transactions') or ()
    if any(line['currency'] != dispute['currency'] for line in lines):
        return None
    return money(sum(line['fee'] for line in lines), dispute['currency'])


def _ids(source: dict[str, Any]) -> Any:
    return (found for name in _OUR_IDS if (found := our_id(source, name)))


def _why_unpaid(intent: dict[str, Any]) -> str:
    error = intent.get('last_payment_error') or {}
    return str(error.get('decline_code') or error.get('code') or intent.get('cancellation_reason') or intent['status'])
