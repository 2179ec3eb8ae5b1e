"""What a payment provider does for us, whoever it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib import clock
from chalicelib.errors import Unavailable
from chalicelib.money import Money

ASK_AGAIN_MS = clock.MINUTE
"""After an answer that is not the last one. Longer than any function of ours lives."""


class Status(StrEnum):
    PENDING = 'pending'
    """Taken on; ask again later. Also for whatever a provider says that we do not know."""
    REQUIRES_ACTION = 'requires_action'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    RETURNED = 'returned'
    """Only of a payout: it was paid, and the bank has sent it back."""


@dataclass(frozen=True)
class Outcome:
    """What has become of a payment, refund or payout that was asked for under one of our ids."""

    our_id: str
    money: Money
    status: Status
    next_action_url: str | None = None
    """Where the buyer confirms the payment, when the status is REQUIRES_ACTION."""
    failure: str | None = None
    """A short code of why it failed."""


class ChargebackStatus(StrEnum):
    OPEN = 'open'
    WON = 'won'
    LOST = 'lost'


@dataclass(frozen=True)
class ClaimedBack:
    """A chargeback as its provider tells it: a buyer's bank has taken a payment back, at least for now."""

    ref: str
    """The provider's own id of it."""
    payment_id: str
    """Ours."""
    money: Money
    fee: Money
    """What the provider charges for it, whoever wins."""
    status: ChargebackStatus
    reason: str
    evidence_due_at: int | None


@dataclass(frozen=True)
class Movement:
    """One line of a provider's report: money that has come into our balance there, or gone out of it."""

    ref: str
    """The provider's own id of the line."""
    kind: str
    """`payment`, `refund`, `payout`, `payout_returned`, `chargeback`, `chargeback_won`, or whatever else the provider says."""
    our_id: str | None
    """The payment, refund or payout of ours that it belongs to, where the provider knows it; of a chargeback, its `ref`."""
    gross: Money
    """Signed: what came in is positive. Net is gross less fee."""
    fee: Money
    at: int
    """When it took effect in our balance there, in milliseconds since 1970."""


class OutcomeUnknown(Unavailable):
    """The provider did not answer, or not intelligibly: it may or may not have happened. Ask again, with the same id."""

    def __init__(self, detail: str = 'The payment provider does not answer; it is asked again in a minute') -> None:
        super().__init__(detail)


class Provider(Protocol):
    """Every request carries our id as the idempotency key: repeated, it returns the first outcome and does nothing more.

    `find_*` returns None where the provider has never heard of the id. It is asked first: a provider may forget its
    idempotency keys within a day, but not what was done under them.
    """

    name: str

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome: ...

    def find_payment(self, payment_id: str) -> Outcome | None: ...

    def refund(self, refund_id: str, payment_id: str, money: Money) -> Outcome: ...

    def find_refund(self, refund_id: str) -> Outcome | None: ...

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome: ...

    def find_payout(self, payout_id: str) -> Outcome | None: ...

    def find_chargeback(self, ref: str) -> ClaimedBack | None: ...

    def contest_chargeback(self, ref: str, evidence: str) -> None:
        """Sends our side of it, as text, to the buyer's bank. Sent again, it changes nothing."""

    def movements(self, since: int, until: int) -> Iterable[Movement]:
        """All that moved our balance there in `since <= at < until`, in the order of time."""


class ProviderMismatch(Exception):
    """The provider's idea of what we asked for is not ours. Nothing is posted; somebody has to look."""


def agreed(outcome: Outcome, our_id: str, money: Money) -> Outcome:
    """The outcome, provided that it is about the very thing that we asked for."""
    if (outcome.our_id, outcome.money) != (our_id, money):
        raise ProviderMismatch(f'Asked for {money} as {our_id}; the provider speaks of {outcome.money} as {outcome.our_id}')
    return outcome
