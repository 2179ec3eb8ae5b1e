"""Closing days, and looking at all books every night."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import aws, clock, reads, settings
from chalicelib.ledger import audit
from chalicelib.ledger import store as ledger
from chalicelib.ledger.audit import Accounts, Transactions
from chalicelib.ledger.days import closes, seals, store
from chalicelib.ledger.days.closes import Day
from chalicelib.ledger.days.store import Seal
from chalicelib.ledger.sums import Row
from chalicelib.observe import logger, metrics

SURELY_OVER_MS = 15 * clock.MINUTE
"""After midnight. Clocks of functions differ by less than a second, and none of them works on one thing for so long."""
SEALS_LOOKED_INTO = 35
_SETTLED_MS = 15 * clock.MINUTE
_READERS = 4


def close_days() -> int:
    """Closes and seals every day that is over and is not sealed, one after the other; returns how many that were.

    The first time that is the day before, even if nothing had happened yet, so that there is something to go on from.
    """
    last = ledger.day_of(clock.now_ms() - SURELY_OVER_MS - clock.DAY)
    sealed = store.last_sealed_day()
    first = store.next_day(sealed) if sealed else min(store.first_day() or last, last)
    due = list(store.days(first, last))
    for day in due:
        _close(day, sealed)
        sealed = day
    return len(due)


def _close(day: str, sealed: str | None) -> None:
    """The seal comes last: a day that has one is closed. What died on the way is done again from the start."""
    before = store.seal_of(sealed) if sealed else None
    previous = before['fingerprint'] if before else ''
    moved, leaves = Day(day), []
    for row in store.rows_of(day):
        moved.add(row)
        leaves.append(seals.leaf(row))
    moved.close()
    made = seals.keep(seals.seal(day, leaves, previous))
    if store.seal_of(day) is None:
        store.add_seal(Seal(**made, at=clock.now_ms()))
    logger.info('sealed', day=day, transactions=made['transactions'], root=made['root'])


class Audit(NamedTuple):
    findings: list[str]
    transactions: int
    trial_balance: dict[tuple[str, str], int]
    """By currency and root of the account, in its normal sign."""


def audit_ledger() -> Audit:
    """The books as the nightly function looks at them, and an alarm if they are not right."""
    done = run_audit(newest=SEALS_LOOKED_INTO)
    for finding in done.findings:
        logger.error('audit', finding=finding)
    metrics.add_metric('AuditFindings', MetricUnit.Count, len(done.findings))
    metrics.flush_metrics()
    return done


def run_audit(*, newest: int | None = None) -> Audit:
    """Looks at every row while the stage is in use: what was written within the last quarter of an hour is left out.

    The transactions of the `newest` sealed days are compared with their seals, or those of all of them.
    """
    now = clock.now_ms()
    until = now - _SETTLED_MS
    accounts = _read_balances(until, now)
    transactions, entries = _read_journal(until, accounts.moved)
    accounts.absorb(entries)
    findings = [
        *transactions.findings.said,
        *transactions.totals(),
        *accounts.findings.said,
        *_second_reading(transactions, accounts),
        *(finding for account in sorted(accounts.moved) for finding in _by_itself(account)),
        *closes.violations(accounts.derived),
        *seals.violations(transactions.days, ledger.day_of(until - SURELY_OVER_MS), newest=newest),
    ]
    return Audit(findings, transactions.days.total(), transactions.trial_balance())


def _read_balances(until: int, now: int) -> Accounts:
    fold = Accounts(until, now=now)
    for row in reads.scan(settings.BALANCES_TABLE):
        fold.add_balance(row)
    return fold


def _read_journal(until: int, moved: set[str]) -> tuple[Transactions, Accounts]:
    aws.client('dynamodb')  # made before there are threads that would each make one
    total, entries = Transactions(until), Accounts(until, moved=moved)
    with ThreadPoolExecutor(_READERS) as readers:
        for part in readers.map(lambda segment: _read_segment(segment, until, moved), range(_READERS)):
            total.absorb(part[0])
            entries.absorb(part[1])
    return total, entries


def _read_segment(segment: int, until: int, moved: set[str]) -> tuple[Transactions, Accounts]:
    transactions, accounts = Transactions(until), Accounts(until, moved=moved)
    for row in reads.scan(settings.JOURNAL_TABLE, segment, _READERS):
        transactions.add(row)
        accounts.add(row)
    return transactions, accounts


def _second_reading(transactions: Transactions, accounts: Accounts) -> list[str]:
    """Only of what did not come out in the first."""
    found: list[str] = []
    if parts := transactions.doubtful():
        found += transactions.differences(reads.scan(settings.JOURNAL_TABLE), parts)
    if parts := accounts.doubtful():
        stored, entries = reads.scan(settings.BALANCES_TABLE), reads.scan(settings.JOURNAL_TABLE)
        # By themselves once more: two clocks that differ by a millisecond may have told one a quarter of an hour in two ways.
        found += [said for account, _ in accounts.differences(stored, entries, parts) for said in _by_itself(account)]
    return found


def _by_itself(account: str) -> list[str]:
    """One account, read until it stands still for as long as that takes; in the end it is busy, not wrong."""
    for _ in range(3):
        before = reads.find(settings.BALANCES_TABLE, account, 'BAL')
        rows: list[Row] = list(reads.partition(settings.JOURNAL_TABLE, account, prefix='E#'))
        if before == reads.find(settings.BALANCES_TABLE, account, 'BAL'):
            break
    else:
        return []
    return audit.balances([before] if before else [], rows)
