"""What Xendit's objects mean to us. It counts in rupiah; a rupiah is 100 of our minor units."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from chalicelib.money import Money
from chalicelib.payments.port import Movement, Outcome, ProviderMismatch, Status

CURRENCY = 'IDR'
_MINOR_PER_RUPIAH = 100
_INVOICES: Mapping[str, Status] = MappingProxyType(
    {
        'PENDING': Status.REQUIRES_ACTION,
        'PAID': Status.SUCCEEDED,
        'SETTLED': Status.SUCCEEDED,
        'EXPIRED': Status.FAILED,
    }
)
_REFUNDS: Mapping[str, Status] = MappingProxyType(
    {'SUCCEEDED': Status.SUCCEEDED, 'FAILED': Status.FAILED, 'CANCELLED': Status.FAILED}
)
_PAYOUTS: Mapping[str, Status] = MappingProxyType(
    {
        'ACCEPTED': Status.PENDING,
        'REQUESTED': Status.PENDING,
        'PENDING_COMPLIANCE_ASSESSMENT': Status.PENDING,
        'READY': Status.PENDING,
        'LOCKED': Status.PENDING,
        'SUCCEEDED': Status.SUCCEEDED,
        'FAILED': Status.FAILED,
        'CANCELLED': Status.FAILED,
        'EXPIRED': Status.FAILED,
        'COMPLIANCE_REJECTED': Status.FAILED,
        'REVERSED': Status.RETURNED,
    }
)
"""As documented. Whatever else it says is not the last word."""
_MOVEMENTS: Mapping[str, str] = MappingProxyType(
    {'PAYMENT': 'payment', 'REFUND': 'refund', 'DISBURSEMENT': 'payout', 'CHARGEBACK': 'chargeback'}
)
_FEES = ('xendit_fee', 'value_added_tax', 'xendit_withholding_tax', 'third_party_withholding_tax')
_RETURNABLE = ('CARDS', 'EWALLET', 'QR_CODE', 'DIRECT_DEBIT', 'PAYLATER')
"""What came through these can be sent back there; virtual accounts and shops take nothing."""
_IN_OUR_BALANCE = ('SETTLED', 'EARLY_SETTLED')


def payment(invoice: dict[str, Any]) -> Outcome:
    status = _INVOICES.get(invoice['status'], Status.PENDING)
    paid = invoice.get('paid_amount') if status is Status.SUCCEEDED else None
    return Outcome(
        str(invoice['external_id']),
        money(invoice['amount'] if paid is None else paid, invoice.get('currency', CURRENCY)),
        status,
        next_action_url=invoice.get('invoice_url') if status is Status.REQUIRES_ACTION else None,
        failure='expired' if status is Status.FAILED else None,
        ref=invoice['id'],
    )


def refund(found: dict[str, Any]) -> Outcome:
    return _outcome(found, _REFUNDS)


def payout(found: dict[str, Any]) -> Outcome:
    return _outcome(found, _PAYOUTS)


def movements(line: dict[str, Any]) -> Iterator[Movement]:
    """What a transaction has moved in our balance: nothing while it is not settled, and back what was reversed."""
    is_in = line['cashflow'] == 'MONEY_IN'
    if line['status'] not in ('SUCCESS', 'REVERSED') or (is_in and line.get('settlement_status') not in _IN_OUR_BALANCE):
        return
    amount, sign, is_reversed = money(line['amount'], line['currency']), 1 if is_in else -1, line['status'] == 'REVERSED'
    kind, our_id, updated = _MOVEMENTS.get(line['type'], line['type'].lower()), line.get('reference_id'), _ms(line['updated'])
    gross = Money(sign * amount.minor, amount.currency)
    is_returnable = kind == 'payment' and not is_reversed and line.get('channel_category') in _RETURNABLE
    at, invoice = (_ms(line['created']) if is_reversed else updated), line.get('product_id')
    yield Movement(line['id'], kind, our_id, gross, _fee(line), at, invoice if is_returnable else None)
    if is_reversed:
        back = Money(-gross.minor, gross.currency)
        yield Movement(f'{line["id"]}:reversed', f'{kind}_returned', our_id, back, Money(0, gross.currency), updated)


def rupiah(amount: Money) -> int:
    whole, sen = divmod(amount.minor, _MINOR_PER_RUPIAH)
    if amount.currency != CURRENCY or sen:
        raise ProviderMismatch(f'{amount} is no whole number of rupiah')
    return whole


def money(amount: Any, currency: str) -> Money:
    """Raises `ProviderMismatch` where it is not exactly a number of our minor units."""
    if type(amount) not in (int, Decimal) or amount * _MINOR_PER_RUPIAH != int(amount * _MINOR_PER_RUPIAH):
        raise ProviderMismatch(f'Xendit speaks of {amount!r} {currency}')
    try:
        return Money(int(amount * _MINOR_PER_RUPIAH), currency)
    except ValueError as error:
        raise ProviderMismatch(f'Xendit speaks of {amount} {currency!r}') from error


def _outcome(found: dict[str, Any], statuses: Mapping[str, Status]) -> Outcome:
    status = statuses.get(found['status'], Status.PENDING)
    failure = str(found.get('failure_code') or found['status']).lower() if status in (Status.FAILED, Status.RETURNED) else None
    amount = money(found['amount'], found['currency'])
    return Outcome(str(found['reference_id']), amount, status, failure=failure, ref=found['id'])


def _fee(line: dict[str, Any]) -> Money:
    fees = line.get('fee') or {}
    return money(sum((fees.get(name) or 0 for name in _FEES), Decimal(0)), line['currency'])


def _ms(stamp: str) -> int:
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)
