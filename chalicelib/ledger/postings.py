"""What one transaction of the ledger is: a balanced set of lines. Pure; amounts are whole minor units.

Signs: + is a credit, - a debit. Names (`txid`) are made from the business fact and from nothing else, so that posting it a
second time is recognised. The money events themselves are in the modules beside this one, by what they are about.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.ledger import accounts
from chalicelib.money import CURRENCIES, is_whole


class Line(NamedTuple):
    account: str
    minor: int
    owner_id: str | None = None
    """Whose statement shows this line."""
    is_reread: bool = False
    """The amount was chosen by what the balance was: where there is less by now, it is to be chosen again."""


@dataclass(frozen=True)
class Posting:
    """One transaction of the ledger, in one currency."""

    txid: str
    event: str
    currency: str
    lines: tuple[Line, ...]
    order_id: str | None = None

    def __post_init__(self) -> None:
        names = [line.account for line in self.lines]
        if self.currency not in CURRENCIES:
            raise ValueError(f'{self.txid}: unknown currency {self.currency!r}')
        if any(type(line.minor) is not int or line.minor == 0 for line in self.lines):
            raise ValueError(f'{self.txid}: every line moves a whole, non-zero amount')
        if len(self.lines) < 2 or len(set(names)) != len(names):
            raise ValueError(f'{self.txid}: two lines or more, one per account')
        if total := sum(line.minor for line in self.lines):
            raise ValueError(f'{self.txid}: off balance by {total}')
        for line in self.lines:
            if accounts.rule(line.account).is_guarded and not is_whole(line.minor, self.currency):
                raise ValueError(f'{self.txid}: nobody can pay {line.minor} minor units of {self.currency}')

    @property
    def fingerprint(self) -> str:
        """Tells whether a posting of the same name is the same posting."""
        return fingerprint(self.txid, self.currency, [[line.account, line.minor] for line in self.lines])


def fingerprint(txid: str, currency: str, lines: Sequence[Sequence[str | int]]) -> str:
    """Of lines as pairs of an account and an amount, in their order; whether they make a posting or not."""
    return hashlib.sha256(json.dumps([txid, currency, lines], separators=(',', ':')).encode()).hexdigest()


def posting(txid: str, event: str, currency: str, *lines: Line, order_id: str | None = None) -> Posting:
    """Lines of nothing (a fee that a policy waives, a part that is empty) are left out."""
    return Posting(txid, event, currency, tuple(line for line in lines if line.minor), order_id)
