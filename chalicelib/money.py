"""Amounts: whole numbers of a currency's minor unit, and the one way in which they are rounded.

A currency's `exponent` is ISO 4217's (IDR has two decimals, although nobody pays in sen); its `quantum` is the smallest
amount, in minor units, that a person is ever asked to pay or told to receive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.errors import Invalid


class Currency(NamedTuple):
    code: str
    exponent: int
    quantum: int


CURRENCIES = {c.code: c for c in (Currency('USD', exponent=2, quantum=1), Currency('IDR', exponent=2, quantum=100))}


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f'Money is counted in whole minor units, not {self.minor!r}')
        if self.currency not in CURRENCIES:
            raise ValueError(f'Unknown currency {self.currency!r}')


def percentage(minor: int, bps: int, currency: str) -> int:
    """`bps` hundredths of a percent of an amount, rounded half up to the currency's quantum."""
    quantum = CURRENCIES[currency].quantum
    return (minor * bps + 5_000 * quantum) // (10_000 * quantum) * quantum


def split(minor: int, weights: Sequence[int], currency: str) -> list[int]:
    """An amount in parts as large as their weights say, in whole quanta: what is over goes to the largest remainders."""
    quantum, total = CURRENCIES[currency].quantum, sum(weights)
    if minor % quantum or total <= 0 or min(weights) < 0 or minor < 0:
        raise ValueError(f'{minor} of {currency} cannot be split by {list(weights)}')
    quanta = minor // quantum
    parts = [quanta * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: -(quanta * weights[n] % total))  # ties: the earlier first
    for n in by_remainder[: quanta - sum(parts)]:
        parts[n] += 1
    return [part * quantum for part in parts]


def nth_share(minor: int, count: int, number: int, currency: str) -> int:
    """The `number`-th (from 1) of `count` shares, none of which depends on the others, and which add up."""
    quantum = CURRENCIES[currency].quantum
    if minor % quantum or not 1 <= number <= count:
        raise ValueError(f'{minor} of {currency} has no share {number} of {count}')
    quanta = minor // quantum
    return (quanta * number // count - quanta * (number - 1) // count) * quantum


def is_whole(minor: int, currency: str) -> bool:
    """Whether a person can pay exactly this amount."""
    return minor % CURRENCIES[currency].quantum == 0


class _Style(NamedTuple):
    """How a country writes amounts: the sign of the currency, and what stands between thousands and before decimals."""

    sign: str
    thousands: str
    point: str


_STYLES = {
    ('USD', 'en'): _Style('$', ',', '.'),
    ('USD', 'id'): _Style('US$', '.', ','),
    ('IDR', 'en'): _Style('Rp', '.', ','),
    ('IDR', 'id'): _Style('Rp', '.', ','),
}


def shown(minor: int, currency: str, language: str = 'en') -> str:
    """An amount as people read it: $1,234.50, Rp1.234.567. `language` is `en` or `id`. What nobody can pay is a ValueError."""
    style = _STYLES[currency, language]
    whole, _, decimals = decimal(abs(minor), currency).partition('.')
    grouped = f'{int(whole):,}'.replace(',', style.thousands)
    return f'{"-" if minor < 0 else ""}{style.sign}{grouped}{style.point if decimals else ""}{decimals}'


def decimal(minor: int, currency: str) -> str:
    """An amount in major units, as spreadsheets read it: 1234.50 or 1234567. What nobody can pay is a ValueError."""
    if not is_whole(minor, currency):
        raise ValueError(f'Nobody is shown {minor} minor units of {currency}')
    rule = CURRENCIES[currency]
    major, rest = divmod(abs(minor), 10**rule.exponent)
    decimals = f'.{rest:0{rule.exponent}d}' if rule.quantum < 10**rule.exponent else ''
    return f'{"-" if minor < 0 else ""}{major}{decimals}'


def whole_amounts(currency: str) -> str:
    """What amounts that can be paid are, in words."""
    return f'An amount in {currency} is a multiple of {CURRENCIES[currency].quantum} minor units'


def must_be_whole(minor: int, currency: str, pointer: str) -> None:
    """Raises Invalid, at this field of the body, for an amount that nobody can pay."""
    if not is_whole(minor, currency):
        raise Invalid.at(pointer, whole_amounts(currency))
