"""Rows of the journal and of the balances; the one function that posts, and what people see of it.

`journal` is put-only: one row per transaction, one per line. `balances` has one row per guarded account and currency.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from ulid import ULID

from chalicelib import clock, reads, settings
from chalicelib.db import BalanceRow, IntegerAttribute, JournalRow, Transaction
from chalicelib.errors import Curious, InsufficientFunds, Moved
from chalicelib.ledger import accounts, authority
from chalicelib.ledger.postings import Line, Posting
from chalicelib.ledger.purse import Standing
from chalicelib.money import CURRENCIES
from chalicelib.reads import Page, Paging
from chalicelib.timers import TimedRow

SCHEMA_VERSION = 1
_LATEST_MS = 2**48 - 1
"""The last time that a ULID can tell."""
SHARDS = 16
"""Partitions over which each day's rows are spread, those of a derived account and those of the index `by_day`."""


class AlreadyPosted(Curious, Moved):
    """Whoever posted this also moved the row that the decision rests on: it is to be made again."""

    def __init__(self, posting: Posting) -> None:
        super().__init__(f'{posting.txid} was posted already')
        self._posting = posting

    def seen(self, row: dict[str, Any]) -> Exception:
        if row['fingerprint'] == self._posting.fingerprint:
            return self
        return AssertionError(f'{self._posting.txid} was posted already, with other lines: {row["lines"]}')


class JournalEntry(JournalRow, discriminator='journal'):
    txid = UnicodeAttribute()
    event = UnicodeAttribute()
    currency = UnicodeAttribute()
    lines = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    actor = UnicodeAttribute()
    """Who is behind it, as `authority` knows them."""
    group_id = UnicodeAttribute(null=True)
    """The first of those that were posted together, if several were."""
    at = IntegerAttribute()
    day = UnicodeAttribute()
    """Key of the index `by_day`: the day and one of its shards."""
    schema_version = IntegerAttribute(default=SCHEMA_VERSION)


class Entry(JournalRow, discriminator='entry'):
    account = UnicodeAttribute()
    currency = UnicodeAttribute()
    minor = IntegerAttribute()
    txid = UnicodeAttribute()
    event = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    owner_id = UnicodeAttribute(null=True)
    """Key of the index `by_owner`, of which people's statements are read."""
    at = IntegerAttribute()


class Balance(BalanceRow):
    minor = IntegerAttribute()
    """In the account's normal sign, so that it is never negative."""
    entries = IntegerAttribute()
    moved_at = IntegerAttribute()


class HeldRow(TimedRow):
    """A row that says whose money is on its way, why, and until when: what a balance is explained with."""

    held_for = UnicodeAttribute(null=True)
    """Key of the sparse index of the same name."""
    held_as = UnicodeAttribute(null=True)
    held_minor = IntegerAttribute(null=True)
    held_by = UnicodeAttribute(null=True)
    """The rule of the policy that set it."""
    release_at = IntegerAttribute(null=True)

    def hold(self, owner_id: str, reason: str, minor: int, *, rule: str, release_at: int | None = None) -> None:
        self.held_for, self.held_as, self.held_minor = owner_id, reason, minor
        self.held_by, self.release_at = rule, release_at

    def let_go(self) -> None:
        self.held_for = self.held_as = self.held_minor = self.held_by = self.release_at = None


def key(txid: str) -> tuple[str, str]:
    return f'TX#{txid}', 'TX'


def account_key(account: str, currency: str) -> str:
    return f'ACC#{account}#{currency}'


def derived_key(account: str, currency: str, day: str, shard: int) -> str:
    return f'{account_key(account, currency)}#{day_key(day, shard)}'


def day_key(day: str, shard: int) -> str:
    return f'{day}#{shard}'


def day_of(ms: int) -> str:
    """The day in UTC, as 20261124."""
    return f'{clock.utc(ms):%Y%m%d}'


def shard_of(txid: str) -> int:
    return zlib.crc32(txid.encode()) % SHARDS


def post(tx: Transaction, *postings: Posting) -> None:
    """Puts postings into the open transaction: they hold only with the rest of it, and only once.

    Several move a balance that they share by their sum, provided that none of them would have overdrawn it.
    """
    now, moved = clock.now_ms(), Moves()
    group_id = postings[0].txid if len(postings) > 1 else None
    for posting in postings:
        moment = str(ULID())
        tx.put(_journal_entry(posting, _authorised(tx.by, posting), group_id, now), otherwise=AlreadyPosted(posting))
        for number, line in enumerate(posting.lines):
            _add_entry(tx, posting, line, f'E#{moment}#{number}', now)
            if accounts.rule(line.account).is_guarded:
                moved.add(line, posting.currency)
    moved.put_into(tx, now)


def _authorised(actor: str | None, posting: Posting) -> str:
    for objection in authority.objections(posting.txid, actor, (line.account for line in posting.lines)):
        raise AssertionError(objection)
    assert actor
    return actor


def _journal_entry(posting: Posting, actor: str, group_id: str | None, now: int) -> JournalEntry:
    return JournalEntry(
        *key(posting.txid),
        txid=posting.txid,
        event=posting.event,
        currency=posting.currency,
        lines=json.dumps([[line.account, line.minor] for line in posting.lines], separators=(',', ':')),
        fingerprint=posting.fingerprint,
        order_id=posting.order_id,
        actor=actor,
        group_id=group_id,
        at=now,
        day=day_key(day_of(now), shard_of(posting.txid)),
    )


def _add_entry(tx: Transaction, posting: Posting, line: Line, sk: str, now: int) -> None:
    rule = accounts.rule(line.account)
    pk = account_key(line.account, posting.currency)
    entry = Entry(
        pk if rule.is_guarded else derived_key(line.account, posting.currency, day_of(now), shard_of(posting.txid)),
        sk,
        account=line.account,
        currency=posting.currency,
        minor=line.minor,
        txid=posting.txid,
        event=posting.event,
        order_id=posting.order_id,
        owner_id=line.owner_id,
        at=now,
    )
    tx.put(entry, otherwise=AssertionError(f'Entry {pk} {sk} exists already'))


@dataclass
class Move:
    """What becomes of one balance, in its normal sign."""

    line: Line
    delta: int = 0
    lowest: int = 0
    """The least it is moved by on the way: so much has to be there."""
    entries: int = 0


class Moves:
    """Balances that a transaction moves, each once: DynamoDB takes no two actions on one item."""

    def __init__(self) -> None:
        self._by_balance: dict[tuple[str, str], Move] = {}

    def add(self, line: Line, currency: str) -> None:
        move = self._by_balance.setdefault((line.account, currency), Move(line))
        move.delta += line.minor * accounts.rule(line.account).side
        move.lowest = min(move.lowest, move.delta)
        move.entries += 1

    def put_into(self, tx: Transaction, now: int) -> None:
        for (account, currency), move in self._by_balance.items():
            row = Balance(account_key(account, currency), 'BAL')
            actions = [Balance.minor.add(move.delta), Balance.entries.add(move.entries), Balance.moved_at.set(now)]
            if move.lowest < 0:
                enough = Balance.minor >= -move.lowest
                tx.update(row, actions, when=enough, otherwise=_short(move.line, currency, -move.lowest))
            else:
                tx.upsert(row, actions)


def _short(line: Line, currency: str, needed: int) -> Exception:
    if line.is_reread:
        return Moved(f'{line.account} has changed meanwhile')
    return InsufficientFunds(f'There is less than {needed} minor units of {currency} to take this from')


def posted(txid: str) -> dict[str, Any] | None:
    """A transaction by its name."""
    return reads.find(settings.JOURNAL_TABLE, *key(txid))


def balances(currency: str, *names: str) -> list[int]:
    """What guarded accounts hold now, in their normal sign, in the order of the names. One request."""
    keys = [(f'ACC#{name}#{currency}', 'BAL') for name in names]
    found = {row['pk']: row['minor'] for row in reads.find_many(settings.BALANCES_TABLE, keys)}
    return [found.get(pk, 0) for pk, _ in keys]


def standing(seller_id: str, currency: str) -> Standing:
    return Standing(*balances(currency, f'seller.available:{seller_id}', f'receivable.seller:{seller_id}'))


def owed(user_id: str, currency: str) -> int:
    """What a user owes us now."""
    (minor,) = balances(currency, f'receivable.seller:{user_id}')
    return minor


def totals(user_id: str) -> dict[str, dict[str, int]]:
    """By currency, what a user may withdraw, owes us, and can pay with. One request."""
    names = {
        'available_minor': f'seller.available:{user_id}',
        'owed_minor': f'receivable.seller:{user_id}',
        'wallet_minor': f'buyer.wallet:{user_id}',
        'promo_minor': f'buyer.promo:{user_id}',
    }
    keys = [(f'ACC#{name}#{currency}', 'BAL') for currency in CURRENCIES for name in names.values()]
    found = {row['pk']: row['minor'] for row in reads.find_many(settings.BALANCES_TABLE, keys)}
    return {
        currency: {field: found.get(f'ACC#{name}#{currency}', 0) for field, name in names.items()} for currency in CURRENCIES
    }


def statement(user_id: str, paging: Paging, *, start_ms: int = 0, end_ms: int = _LATEST_MS) -> Page:
    """A page of the entries on a user's accounts, newest first: all of them, or those from one moment until before another."""
    within = _entries_within(start_ms, end_ms)
    return reads.page(settings.JOURNAL_TABLE, ('owner_id', user_id), 'sk', paging, index='by_owner', within=within)


def transactions(txids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Rows of the journal by name, with their lines as pairs of account and minor units; unknown names are left out."""
    keys = [(f'TX#{txid}', 'TX') for txid in txids]
    batches = (keys[n : n + reads.MANY] for n in range(0, len(keys), reads.MANY))
    rows = [row for batch in batches for row in reads.find_many(settings.JOURNAL_TABLE, batch)]
    return {row['txid']: {**row, 'lines': json.loads(row['lines'])} for row in rows}


def owned_accounts(transaction: dict[str, Any], user_id: str) -> set[str]:
    """On which accounts a transaction has lines that are this user's. One request: their entries of that minute are read."""
    within = _entries_within(transaction['at'], transaction['at'] + clock.MINUTE)
    rows = reads.index_between(settings.JOURNAL_TABLE, 'by_owner', ('owner_id', user_id), 'sk', within)
    return {row['account'] for row in rows if row['txid'] == transaction['txid']}


def _entries_within(start_ms: int, end_ms: int) -> tuple[str, str]:
    """Keys of entries begin with a ULID, and so with a time."""
    return f'E#{_earliest(start_ms)}', f'E#{_earliest(end_ms)}'


def _earliest(ms: int) -> str:
    return str(ULID.from_bytes(ms.to_bytes(6, 'big') + bytes(10)))


def held_for(user_id: str) -> list[dict[str, Any]]:
    """Every order, refund and payout in which money of this user is on its way. One request, unless there are thousands."""
    return reads.index_all(settings.MARKET_TABLE, 'held_for', 'held_for', user_id)
