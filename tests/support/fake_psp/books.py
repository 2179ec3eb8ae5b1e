"""What the fake provider knows, whatever dialect it is asked in: objects, money, keys, and what it tells about them."""

import itertools
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Thing:
    """A payment, refund, payout or chargeback. `status` is in the words of the dialect that it was made in."""

    kind: str
    ref: str
    our_id: str
    minor: int
    currency: str
    status: str
    dialect: str
    about: dict[str, Any] = field(default_factory=dict)
    failure: str | None = None
    at: float = 0.0


@dataclass(frozen=True)
class Line:
    """One movement of our balance at the provider, signed."""

    ref: str
    kind: str
    thing: Thing
    minor: int
    fee_minor: int
    at: float


class Books:
    """Refuses what does not add up; whoever asks twice under one key is answered as the first time, if it is the same."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.lines: list[Line] = []
        self.told: list[tuple[Thing, str]] = []
        self.keys: dict[str, tuple[Any, Any]] = {}
        self._numbers = itertools.count(1)

    def add(self, kind: str, prefix: str, our_id: str, money: tuple[int, str], status: str, **about: Any) -> Thing:
        """`about` names the dialect, and whatever the dialect wants to remember."""
        made = Thing(kind, f'{prefix}{next(self._numbers):06d}', our_id, *money, status, about.pop('dialect'), about)
        made.at = time.time()
        self.things[made.ref] = made
        return made

    def of(self, kind: str, dialect: str) -> list[Thing]:
        """Newest first."""
        return [one for one in reversed(self.things.values()) if (one.kind, one.dialect) == (kind, dialect)]

    def by_our_id(self, our_id: str) -> Thing:
        return next(one for one in reversed(self.things.values()) if one.our_id == our_id)

    def book(self, thing: Thing, kind: str, minor: int, fee_minor: int = 0) -> None:
        self.lines.append(Line(f'line_{next(self._numbers):06d}', kind, thing, minor, fee_minor, time.time()))

    def tell(self, thing: Thing, event: str) -> None:
        self.told.append((thing, event))

    def refundable(self, payment: Thing) -> int:
        gone = sum(r.minor for r in self.of('refund', payment.dialect) if r.about['payment'] == payment.ref and not r.failure)
        return payment.minor - gone

    def balance(self, *, gross: bool = True) -> dict[str, int]:
        """By currency: what came in less what went out, and less the fees too if it is not gross."""
        found: dict[str, int] = defaultdict(int)
        for line in self.lines:
            found[line.thing.currency] += line.minor - (0 if gross else line.fee_minor)
        return dict(found)
