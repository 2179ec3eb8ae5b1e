"""How many rows are compared with many others without being held: by sums that come out at zero where nothing is wrong."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

Row = dict[str, Any]
PARTS = 4_096
_TOLD = 1_000


@dataclass
class Findings:
    """What is wrong, in sentences; so many, and no more."""

    said: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        if len(self.said) < _TOLD:
            self.said.append(finding)

    def extend(self, findings: Iterable[str]) -> None:
        for finding in findings:
            self.add(finding)


class Sums:
    """A sum for each part of the names: zero where all that was put in was taken out again."""

    def __init__(self) -> None:
        self._sums = [0] * PARTS

    def add(self, name: str, weight: int) -> None:
        self._sums[part(name)] += weight

    def absorb(self, other: Self) -> None:
        self._sums = [ours + theirs for ours, theirs in zip(self._sums, other._sums, strict=True)]

    def parts(self) -> frozenset[int]:
        return frozenset(number for number, total in enumerate(self._sums) if total)


def part(name: str) -> int:
    return zlib.crc32(name.encode()) % PARTS


def guarded(row: Row, findings: Findings, look: Callable[[Row], None]) -> None:
    """Whatever somebody has made of a row, the others are looked at."""
    try:
        look(row)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        findings.add(f'S12: {row.get("pk")} {row.get("sk")} cannot be read: {error!r}')


def weight(said: list[Any]) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps(said).encode()).digest()[:16])
