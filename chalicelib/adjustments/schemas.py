"""Adjustments as the administration proposes and sees them."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib import ids
from chalicelib.adjustments.store import Adjustment
from chalicelib.schemas import Amount, Command, CurrencyCode, Minor, PageView, UserId, View, examples

Reason = Annotated[str, StringConstraints(min_length=10, max_length=1_000)]
Account = Annotated[
    str,
    StringConstraints(min_length=3, max_length=120),
    Field(description='As in the chart of accounts: `seller.available:usr_...`.', examples=['psp.balance:sandbox']),
]


class _Money(Command):
    currency: CurrencyCode
    amount_minor: Amount


class WriteOff(_Money):
    """A seller's debt is given up."""

    kind: Literal['write_off']
    user_id: UserId


class PromoCredit(_Money):
    """Credit is given to a buyer, to pay with."""

    kind: Literal['promo_credit']
    user_id: UserId


CaseId = Annotated[
    str, StringConstraints(min_length=1, max_length=300), Field(description='A case of the reconciliation that is open.')
]


class UnmatchedMoney(_Money):
    """Money in suspense, of a line of a provider's report, is found to be a buyer's. The last of it closes the case."""

    kind: Literal['unmatched_money']
    user_id: UserId
    case_id: CaseId


class UnmatchedRefund(_Money):
    """Money in suspense goes back the way it came, through its provider; what cannot be sent is in suspense again."""

    kind: Literal['unmatched_refund']
    case_id: CaseId


class CloseCase(Command):
    """A case that does not close itself was looked into, and needs nothing more."""

    kind: Literal['close_case']
    case_id: CaseId


class AbsorbDifference(Command):
    """What a case has left in suspense, or what it misses, is our own gain or loss. That closes it."""

    kind: Literal['absorb_difference']
    case_id: CaseId


class Transfer(_Money):
    """Whatever else: from one account to another, but for suspense. The debit is what is taken from, the credit what is added
    to.
    """

    kind: Literal['transfer']
    debit_account: Account
    credit_account: Account


class Reversal(Command):
    """The opposite of an earlier adjustment, promo credit, reward or reversal that was posted by mistake."""

    kind: Literal['reversal']
    reverse_of: Annotated[str, StringConstraints(pattern=ids.TRANSACTION.pattern)]


Wanted = Annotated[
    WriteOff | PromoCredit | UnmatchedMoney | UnmatchedRefund | AbsorbDifference | Transfer | Reversal | CloseCase,
    Field(discriminator='kind'),
]


class ProposeAdjustment(Command):
    model_config = examples(
        {
            'wanted': {
                'kind': 'write_off',
                'user_id': 'usr_01JDF3N6K1V4X7Z0B3D6F9H2KM',
                'currency': 'USD',
                'amount_minor': 8_000,
            },
            'reason': 'The seller has left, and cannot be reached.',
        }
    )

    wanted: Wanted
    reason: Reason


class AdjustmentView(View):
    id: str
    kind: Annotated[
        Literal[
            'write_off',
            'promo_credit',
            'unmatched_money',
            'unmatched_refund',
            'absorb_difference',
            'transfer',
            'reversal',
            'close_case',
        ],
        Field(title='AdjustmentKind'),
    ]
    currency: CurrencyCode | None = None
    amount_minor: Annotated[
        Minor | None, Field(description='Null of a reversal, which has the amounts of what it reverses.')
    ] = None
    user_id: str | None = None
    case_id: str | None = None
    debit_account: str | None = None
    credit_account: str | None = None
    reverse_of: str | None = None
    reason: str
    state: Annotated[
        Literal['proposed', 'posted', 'rejected'],
        Field(title='AdjustmentState', description='`proposed`: it waits for the approval of a second person.'),
    ]
    txid: Annotated[str | None, Field(description='The transaction of the ledger, once it is posted.')] = None
    refund_state: Annotated[
        Annotated[Literal['requested', 'succeeded', 'failed', 'returned'], Field(title='UnmatchedRefundState')] | None,
        Field(
            description='Of an `unmatched_refund` that is posted. `failed`, or `returned` by the bank after it was sent: the '
            'money is in suspense again, and its case open.',
        ),
    ] = None
    failure: str | None = None
    proposed_by: str
    decided_by: str | None = None
    proposed_at: datetime
    decided_at: datetime | None = None

    @classmethod
    def of(cls, adjustment: Adjustment) -> Self:
        return cls.model_validate({**adjustment.wanted, **adjustment.attribute_values})

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        return cls.model_validate({**json.loads(row['wanted']), **row})


class AdjustmentPage(PageView):
    items: list[AdjustmentView]
