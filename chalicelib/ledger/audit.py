"""Whether the books are right: what every row of the journal and of the balances must fulfil, and all of them together.

Rows come in any order, each once, from as many readers as there are: what they have added up apart is added up in the end.
What is held meanwhile does not grow with the tables: one sum for each of 4,096 parts of the transactions and of the accounts, a
total for each derived account and a count for each, by day, and the names of the accounts that were moved just now. A sum that
does not come out at zero says which part to look into: in a second reading the rows of those parts are held, up to 100,000.

Numbers are those of the invariants in docs/money.md. Raises nothing: a row that cannot be read is a finding.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

from chalicelib import clock
from chalicelib.ledger import accounts, authority, store
from chalicelib.ledger.postings import fingerprint
from chalicelib.ledger.sums import Findings, Row, Sums, guarded, part, weight
from chalicelib.money import is_whole

EVER = 2**63
_HELD = 100_000
AGES: Mapping[str, int] = MappingProxyType(
    {
        'refund': 3 * clock.DAY,
        'payout': 7 * clock.DAY,
        'buyer.reserved': clock.DAY,
        'hold.dispute': 120 * clock.DAY,
        'receivable.dispute': 120 * clock.DAY,
    }
)
"""How long money may rest on an account that it only passes through."""


class Transactions:
    """S1, S2, S5, S12, S14, and that entries are those of the journal (S3), but for what was written at `until` or later."""

    def __init__(self, until: int = EVER) -> None:
        self.findings, self.days = Findings(), Counter[str]()
        """Of each day, how many transactions there are."""
        self._until, self._lines, self._totals = until, Sums(), Counter[tuple[str, str]]()

    def add(self, row: Row) -> None:
        guarded(row, self.findings, self._add)

    def _add(self, row: Row) -> None:
        if row['row'] == 'journal' and row['at'] < self._until:
            self.findings.extend(_of_transaction(row))
            self.days[store.day_of(row['at'])] += 1
            for account, minor in json.loads(row['lines']):
                self._lines.add(row['txid'], _line(row, account, minor))
        if row['row'] == 'entry' and row['at'] < self._until:
            self.findings.extend(_of_entry(row))
            self._totals[row['currency'], accounts.root(row['account'])] += row['minor']
            self._lines.add(row['txid'], -_line(row, row['account'], row['minor']))

    def absorb(self, other: Self) -> None:
        self.findings.extend(other.findings.said)
        self.days += other.days
        self._lines.absorb(other._lines)
        self._totals.update(other._totals)

    def doubtful(self) -> frozenset[int]:
        """The parts in which journal and entries differ."""
        return self._lines.parts()

    def totals(self) -> Iterator[str]:
        for currency in sorted({currency for currency, _ in self._totals}):
            if total := sum(minor for (other, _), minor in self._totals.items() if other == currency):
                yield f'S2: {currency} is off by {total}'

    def trial_balance(self) -> dict[tuple[str, str], int]:
        """By currency and root, what such accounts hold in their normal sign: debits and credits come out alike (S13)."""
        known = ((key, minor) for key, minor in sorted(self._totals.items()) if key[1] in accounts.CHART)
        return {(currency, root): minor * accounts.CHART[root].side for (currency, root), minor in known}

    def differences(self, rows: Iterable[Row], parts: frozenset[int]) -> Iterator[str]:
        """What the doubtful parts are about, in a second reading."""
        lines = _Lines(parts, self._until)
        for row in rows:
            guarded(row, Findings(), lines.add)
        yield from lines.differences()


class Accounts:
    """S3, S4, S9, and what rests for too long (L6). All balances are read first, and then the entries.

    A balance that was moved at `until` or later is left out with all its entries, and named in `moved`: it may not be the one
    that the entries read later make.
    """

    def __init__(self, until: int = EVER, *, now: int = 0, moved: set[str] | None = None) -> None:
        self.findings, self.moved = Findings(), set() if moved is None else moved
        self.derived: Counter[tuple[str, str, str]] = Counter()
        """Of each derived account, currency and day, what its entries add up to."""
        self._until, self._now, self._sums = until, now, Sums()

    def add_balance(self, row: Row) -> None:
        guarded(row, self.findings, self._add_balance)

    def _add_balance(self, row: Row) -> None:
        account = row['pk'].split('#')[1]
        if row['minor'] < 0:
            self.findings.add(f'S4: {row["pk"]} is overdrawn by {-row["minor"]}')
        rests_since, age = row.get('moved_at', 0), AGES.get(accounts.root(account))
        if row['minor'] and age and rests_since < self._now - age:
            self.findings.add(f'L6: {row["pk"]} has held {row["minor"]} since {clock.utc(rests_since):%Y-%m-%d}')
        if rests_since >= self._until:
            self.moved.add(row['pk'])
        else:
            self._sums.add(row['pk'], _balance(row['pk'], row['minor'], row['entries']))

    def add(self, row: Row) -> None:
        if row.get('row') == 'entry' and row['at'] < self._until:
            guarded(row, self.findings, self._add_entry)

    def _add_entry(self, row: Row) -> None:
        rule, account = accounts.rule(row['account']), store.account_key(row['account'], row['currency'])
        if not rule.is_guarded:
            self.derived[row['account'], row['currency'], store.day_of(row['at'])] += row['minor']
        elif not is_whole(row['minor'], row['currency']):
            self.findings.add(f'S9: {row["txid"]} moves a part of what can be paid')
        if rule.is_guarded and account not in self.moved:
            self._sums.add(account, -_balance(account, row['minor'] * rule.side, 1))

    def absorb(self, other: Self) -> None:
        self.findings.extend(other.findings.said)
        self.moved |= other.moved
        self.derived.update(other.derived)
        self._sums.absorb(other._sums)

    def doubtful(self) -> frozenset[int]:
        return self._sums.parts()

    def differences(self, balances: Iterable[Row], entries: Iterable[Row], parts: frozenset[int]) -> Iterator[tuple[str, str]]:
        """Accounts of the doubtful parts, each with what is wrong, in a second reading. What has moved by then is left out."""
        folded = _Folded(parts, self._until, self.moved)
        for row in balances:
            guarded(row, Findings(), folded.add_balance)
        for row in entries:
            guarded(row, Findings(), folded.add)
        yield from folded.differences()


class _Lines:
    """Journal and entries of some parts, line by line."""

    def __init__(self, parts: frozenset[int], until: int) -> None:
        self._parts, self._until, self._room = parts, until, _HELD
        self._said: defaultdict[str, list[str]] = defaultdict(list)
        self._found: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, row: Row) -> None:
        if part(str(row.get('txid'))) not in self._parts or row['at'] >= self._until:
            return
        self._room -= 1
        if self._room >= 0 and row['row'] == 'journal':
            self._said[row['txid']] += [str(_told(row, account, minor)) for account, minor in json.loads(row['lines'])]
        elif self._room >= 0:
            self._found[row['txid']].append(str(_told(row, row['account'], row['minor'])))

    def differences(self) -> Iterator[str]:
        if self._room < 0:
            yield f'S3: {-self._room} more rows are in doubt than can be told apart'
        for txid in sorted(self._said.keys() | self._found.keys()):
            if txid not in self._said:
                yield f'S3: entries of {txid}, which is not in the journal'
            elif sorted(self._said[txid]) != sorted(self._found[txid]):
                yield f'S3: {txid} and its entries differ'


class _Folded:
    """Balances of some parts, and what their entries make."""

    def __init__(self, parts: frozenset[int], until: int, moved: set[str]) -> None:
        self._parts, self._until, self._moved = parts, until, moved
        self._stored: dict[str, tuple[int, int]] = {}
        self._amounts, self._counts = Counter[str](), Counter[str]()

    def add_balance(self, row: Row) -> None:
        if row.get('moved_at', 0) >= self._until:
            self._moved.add(row['pk'])
        elif self._is_doubtful(row['pk']):
            self._stored[row['pk']] = (row['minor'], row['entries'])

    def add(self, row: Row) -> None:
        rule, account = accounts.rule(row['account']), store.account_key(row['account'], row['currency'])
        if rule.is_guarded and row['at'] < self._until and self._is_doubtful(account):
            self._amounts[account] += row['minor'] * rule.side
            self._counts[account] += 1

    def _is_doubtful(self, account: str) -> bool:
        return part(account) in self._parts and account not in self._moved and len(self._counts) < _HELD

    def differences(self) -> Iterator[tuple[str, str]]:
        for account in sorted(self._stored.keys() | self._counts.keys()):
            folded = (self._amounts[account], self._counts[account])
            yield from ((account, finding) for finding in _difference(account, self._stored.get(account), folded))


def _difference(account: str, stored: tuple[int, int] | None, folded: tuple[int, int]) -> Iterator[str]:
    """Amount and number of entries as the balance has them, and as they are."""
    if stored is None and folded[1]:
        yield f'S3: {account} has entries and no balance'
    elif stored and stored != folded:
        yield f'S3: {account} has {stored[0]} of {stored[1]} entries; its entries say {folded[0]} of {folded[1]}'


def transactions(rows: Iterable[Row]) -> list[str]:
    """All that is wrong with a journal that is at rest: its rows and their entries."""
    rows, fold = list(rows), Transactions()
    for row in rows:
        fold.add(row)
    return [*fold.findings.said, *fold.totals(), *fold.differences(rows, fold.doubtful())]


def balances(stored: Iterable[Row], entries: Iterable[Row]) -> list[str]:
    """All that is wrong with balances that are at rest, given all entries."""
    stored, entries, fold = list(stored), list(entries), Accounts()
    for row in stored:
        fold.add_balance(row)
    for row in entries:
        fold.add(row)
    return [*fold.findings.said, *(finding for _, finding in fold.differences(stored, entries, fold.doubtful()))]


def _of_transaction(row: Row) -> Iterator[str]:
    lines, txid = json.loads(row['lines']), row['txid']
    if sum(minor for _, minor in lines):
        yield f'S1: {txid} is off balance'
    if fingerprint(txid, row['currency'], lines) != row['fingerprint']:
        yield f'S12: {txid} is not what was posted'
    if (row['pk'], row['sk']) != store.key(txid):
        yield f'S5: {txid} stands under the name of another, {row["pk"]} {row["sk"]}'
    yield from authority.objections(txid, row.get('actor'), (account for account, _ in lines))
    if row.get('day') != store.day_key(store.day_of(row['at']), store.shard_of(txid)):
        yield f'S12: {txid} is not listed under its day'


def _of_entry(row: Row) -> Iterator[str]:
    account, currency, txid = row['account'], row['currency'], row['txid']
    if accounts.rule(account).is_guarded:
        expected = store.account_key(account, currency)
    else:
        expected = store.derived_key(account, currency, store.day_of(row['at']), store.shard_of(txid))
    if row['pk'] != expected:
        yield f'S3: an entry of {txid} on {account} stands under {row["pk"]}'


def _told(row: Row, account: str, minor: int) -> list[Any]:
    """All that an entry and its transaction both say."""
    return [row['txid'], account, row['currency'], minor, row['event'], row.get('order_id'), row['at']]


def _line(row: Row, account: str, minor: int) -> int:
    return weight(_told(row, account, minor))


def _balance(account: str, minor: int, entries: int) -> int:
    return weight([account, 'minor']) * minor + weight([account, 'entries']) * entries
