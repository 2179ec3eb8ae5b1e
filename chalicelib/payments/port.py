"""What a payment provider does for us, whoever it is."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib import clock
from chalicelib.errors import Unavailable
from chalicelib.money import Money

NAMES = ('sandbox', 'stripe', 'xendit')
"""Those that there are."""
ASK_AGAIN_MS = clock.MINUTE
"""After an answer that is not the last one, at the earliest. Longer than any request to a provider is on its way."""
LONGEST_WAIT_MS = clock.HOUR


def ask_again_at(since: int) -> int:
    """When to ask again about what was begun at `since` and is not settled: an eighth of its age later, a minute to an hour."""
    now = clock.now_ms()
    return now + min(max(ASK_AGAIN_MS, (now - since) // 8), LONGEST_WAIT_MS)


class Status(StrEnum):
    PENDING = 'pending'
    """Taken on; ask again later. Also for whatever a provider says that we do not know."""
    REQUIRES_ACTION = 'requires_action'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    RETURNED = 'returned'
    """Only of a payout or a refund: it was sent, and the bank has sent it back."""


class Outcome(NamedTuple):
    """What has become of a payment, refund or payout that was asked for under one of our ids."""

    our_id: str
    money: Money
    status: Status
    next_action_url: str | None = None
    """Where the buyer confirms the payment, when the status is REQUIRES_ACTION."""
    failure: str | None = None
    """A short code of why it failed."""
    ref: str | None = None
    """The provider's own id of it, kept on our row: with it a provider finds again what it cannot find by our id."""

    @property
    def is_open(self) -> bool:
        """Whether something more will become of it, if somebody does something or time passes."""
        return self.status in (Status.PENDING, Status.REQUIRES_ACTION)


class ChargebackStatus(StrEnum):
    OPEN = 'open'
    WON = 'won'
    LOST = 'lost'


class ClaimedBack(NamedTuple):
    """A chargeback as its provider tells it: a buyer's bank has taken a payment back, at least for now."""

    ref: str
    """The provider's own id of it."""
    payment_id: str
    """Ours."""
    money: Money
    fee: Money | None
    """What the provider charges for it, whoever wins. None where that is in a currency of its own."""
    status: ChargebackStatus
    reason: str
    evidence_due_at: int | None


class Movement(NamedTuple):
    """One line of a provider's report: money that has come into our balance there, or gone out of it."""

    ref: str
    """The provider's own id of the line."""
    kind: str
    """`payment`, `refund`, `refund_returned`, `payout`, `payout_returned`, `chargeback`, `chargeback_won`, or whatever else
    the provider says."""
    our_id: str | None
    """The payment, refund or payout of ours that it belongs to, where the provider knows it; of a chargeback, its `ref`."""
    gross: Money
    """Signed: what came in is positive. Net is gross less fee."""
    fee: Money
    at: int
    """When it took effect in our balance there, in milliseconds since 1970."""
    payment_ref: str | None = None
    """Of a payment that can be sent back: what it is refunded by, the provider's own id."""


class Notice(NamedTuple):
    """What a webhook of a provider names: where to look, and nothing that is believed."""

    event_id: str
    """The same for every delivery of the same notice. At most 255 characters."""
    kind: str
    """`payment`, `refund`, `payout`, `chargeback`; whatever else it is about is of no concern to us."""
    our_id: str | None = None
    ref: str | None = None
    """The provider's own id of what it is about."""
    payment_id: str | None = None
    """Of a refund: the payment of ours that it returns."""


class OutcomeUnknown(Unavailable):
    """The provider did not answer, or not intelligibly: it may or may not have happened. Ask again, with the same id."""

    def __init__(self, detail: str = 'The payment provider does not answer; it is asked again in a minute') -> None:
        super().__init__(detail)


class Provider(Protocol):
    """Every request carries our id as the idempotency key: repeated, it returns the first outcome and does nothing more.

    `find_*` returns None where the provider has never heard of the id. It is asked first: a provider may forget its
    idempotency keys within a day, but not what was done under them. `ref` and `payment_ref` are what the provider called it in
    an earlier outcome, where there was one.
    """

    name: str

    def create_payment(self, payment_id: str, money: Money, method: str, *, expires_at: int) -> Outcome: ...

    def find_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None: ...

    def cancel_payment(self, payment_id: str, ref: str | None = None) -> Outcome | None:
        """Ends a payment that nobody waits for any more, if that can still be done, and says what has become of it."""

    def refund(self, refund_id: str, payment_id: str, money: Money, payment_ref: str | None = None) -> Outcome: ...

    def find_refund(self, refund_id: str, ref: str | None = None, payment_ref: str | None = None) -> Outcome | None: ...

    def create_payout(self, payout_id: str, money: Money, destination: str) -> Outcome: ...

    def find_payout(self, payout_id: str, ref: str | None = None) -> Outcome | None: ...

    def find_chargeback(self, ref: str) -> ClaimedBack | None: ...

    def contest_chargeback(self, ref: str, evidence: str) -> None:
        """Sends our side of it, as text, to the buyer's bank. Sent again, it changes nothing."""

    def movements(self, since: int, until: int) -> Iterable[Movement]:
        """All that moved our balance there in `since <= at < until`, in the order of time."""

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """What a webhook names. Raises `Unauthorized` where it is not the provider who sent it, and asks nobody."""


class ProviderMismatch(Exception):
    """The provider's idea of what we asked for is not ours. Nothing is posted; somebody has to look."""


def agreed(outcome: Outcome, our_id: str, money: Money) -> Outcome:
    """The outcome, provided that it is about the very thing that we asked for."""
    if (outcome.our_id, outcome.money) != (our_id, money):
        raise ProviderMismatch(f'Asked for {money} as {our_id}; the provider speaks of {outcome.money} as {outcome.our_id}')
    return outcome
