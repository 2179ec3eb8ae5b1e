"""Balances and statements as people see them."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from chalicelib.ledger import accounts
from chalicelib.money import CURRENCIES
from chalicelib.schemas import CurrencyCode, Minor, PageView, Query, View

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
    explained_by: Annotated[
        str,
        Field(
            description='The path of the transactions that it is made of.',
            examples=['/orders/ord_01JDF6T0B3E6H9K2N5R8T1W4YA/transactions'],
        ),
    ]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        return cls(
            amount_minor=row['held_minor'],
            reason=row['held_as'],
            rule=row['held_by'],
            release_at=row.get('release_at'),
            subject_id=row['id'],
            explained_by=_trail(row),
        )


def _trail(row: dict[str, Any]) -> str:
    match row['held_as']:
        case 'reserved':
            return f'/transactions/reserve:{row["id"]}'
        case 'payout':
            return f'/transactions/payout:{row["id"]}'
        case _:
            return f'/orders/{row["pk"].partition("#")[2]}/transactions'  # refunds stand beside their orders


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
        pending = [PendingAmount.of(row) for row in held]
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


class StatementExport(Query):
    first: Annotated[date | None, Field(alias='from', description='The first day of it, in UTC.')] = None
    last: Annotated[date | None, Field(alias='to', description='The last day of it, in UTC.')] = None
    limit: Annotated[int, Field(ge=1, le=5_000, description='How many lines at most.')] = 5_000
    cursor: Annotated[
        str | None, Field(min_length=1, max_length=1024, description='As the `Link` of the part before says.')
    ] = None

    @property
    def start_ms(self) -> int:
        return _midnight(self.first or date(1970, 1, 1))

    @property
    def end_ms(self) -> int:
        """The first moment that is not in it any more."""
        return _midnight((self.last or date(9999, 12, 30)) + timedelta(days=1))

    @model_validator(mode='after')
    def _in_order(self) -> Self:
        if self.first and self.last and self.first > self.last:
            raise ValueError('`from` is not after `to`')
        return self


Holder = Annotated[Literal['yours', 'other_side', 'platform', 'provider'], Field(title='Holder')]


class TransactionLine(View):
    account: Annotated[str, Field(examples=['seller.available'], description='What kind of account it is on.')]
    amount_minor: Annotated[int, Field(description='Added to (+) or taken from (-) that account; all lines add up to 0.')]
    whose: Annotated[
        Holder, Field(description='`other_side`: of the person whom you deal with. `provider`: at the payment provider.')
    ]


class TransactionView(View):
    id: Annotated[str, Field(examples=['release:ord_01JDF6T0B3E6H9K2N5R8T1W4YA'])]
    event: Annotated[str, Field(examples=['payment_released'])]
    at: datetime
    currency: CurrencyCode
    order_id: str | None = None
    lines: list[TransactionLine]


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000
