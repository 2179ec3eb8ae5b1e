"""Balances and statements as people see them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from chalicelib.ledger import accounts
from chalicelib.money import CURRENCIES
from chalicelib.schemas import CurrencyCode, Minor, PageView, View

Reason = Annotated[
    Literal['in_escrow', 'clearing', 'dispute', 'chargeback', 'refund', 'payout', 'reserved'], Field(title='PendingReason')
]
_EARNED = ('in_escrow', 'clearing', 'dispute', 'chargeback')


class PendingAmount(View):
    amount_minor: Minor
    reason: Annotated[
        Reason,
        Field(
            description='`in_escrow`: held until the order is completed. `clearing`: earned, available at `release_at`. '
            '`dispute` and `chargeback`: of an order that is frozen until it is over. `refund` and `payout`: asked of the '
            'payment provider, not confirmed yet. `reserved`: credit that a payment in the making will use.'
        ),
    ]
    rule: Annotated[
        str, Field(description='The rule that set it, by its name in the policy.', examples=['standard', 'top_rated_seller'])
    ]
    release_at: Annotated[datetime | None, Field(description='When it becomes available; null where that is not a date.')]
    subject_id: Annotated[str, Field(description='The order, payment, refund or payout that holds it.')]


class CurrencyBalance(View):
    currency: CurrencyCode
    exponent: Annotated[int, Field(description='Decimals of the minor unit (ISO 4217).')]
    available_minor: Annotated[Minor, Field(description='What may be paid out now.')]
    pending_minor: Annotated[Minor, Field(description='The sum of what is pending for work sold.')]
    in_payout_minor: Minor
    wallet_minor: Annotated[Minor, Field(description='Refunds that went no further, and what you paid in: to pay with.')]
    promo_minor: Annotated[Minor, Field(description='Credit that was given to you: it is used first.')]
    owed_minor: Annotated[
        Minor,
        Field(
            description='What you owe us, after money was taken back that had been paid out. What you earn next pays it first.'
        ),
    ]
    pending: list[PendingAmount]


class BalanceView(View):
    balances: list[CurrencyBalance]

    @classmethod
    def of(cls, totals: dict[str, dict[str, int]], held: list[dict[str, Any]]) -> Self:
        return cls(
            balances=[cls._in(code, total, [row for row in held if row['currency'] == code]) for code, total in totals.items()]
        )

    @staticmethod
    def _in(code: str, total: dict[str, int], held: list[dict[str, Any]]) -> CurrencyBalance:
        pending = [
            PendingAmount(
                amount_minor=row['held_minor'],
                reason=row['held_as'],
                rule=row['held_by'],
                release_at=row.get('release_at'),
                subject_id=row['id'],
            )
            for row in held
        ]
        return CurrencyBalance.model_validate(
            {
                **total,
                'currency': code,
                'exponent': CURRENCIES[code].exponent,
                'pending_minor': sum(p.amount_minor for p in pending if p.reason in _EARNED),
                'in_payout_minor': sum(p.amount_minor for p in pending if p.reason == 'payout'),
                'pending': pending,
            }
        )


class StatementLine(View):
    id: str
    at: datetime
    event: Annotated[str, Field(examples=['payment_released'])]
    account: Annotated[
        Literal[
            'escrow',
            'fee.buyer',
            'fee.tax',
            'seller.clearing',
            'seller.available',
            'receivable.seller',
            'buyer.wallet',
            'buyer.promo',
            'buyer.reserved',
            'refund',
            'payout',
        ],
        Field(title='StatementAccount', description='Which of your accounts it moved.'),
    ]
    amount_minor: Annotated[int, Field(description='Added to (+) or taken from (-) that account.')]
    currency: CurrencyCode
    order_id: str | None = None
    transaction: Annotated[str, Field(description='The ledger transaction of which this is one line.')]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate(
            {
                **row,
                'id': row['sk'],
                'account': accounts.root(row['account']),
                'amount_minor': row['minor'],
                'transaction': row['txid'],
            }
        )


class StatementPage(PageView):
    items: list[StatementLine]
