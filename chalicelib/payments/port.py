"""What a payment provider does for us, whoever it is."""

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


class ProviderMismatch(Exception):
    """The provider's idea of what we asked for is not ours. Nothing is posted; somebody has to look."""


def agreed(outcome: Outcome, our_id: str, money: Money) -> Outcome:
    """The outcome, provided that it is about the very thing that we asked for."""
    if (outcome.our_id, outcome.money) != (our_id, money):
        raise ProviderMismatch(f'Asked for {money} as {our_id}; the provider speaks of {outcome.money} as {outcome.our_id}')
    return outcome
