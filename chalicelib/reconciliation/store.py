"""Rows of the reconciliation: how far it is, the lines that were read, what they were about, and what does not agree."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, reads, settings
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import Moved
from chalicelib.payments.port import Movement
from chalicelib.reads import Page, Paging

_HOME = 'RECONCILIATION'
_QUEUE = 'reconciliation'


class Reconciliation(MarketRow, discriminator='reconciliation'):
    """Of one provider and one currency. Amounts are money that we have there: what came in is positive."""

    provider = UnicodeAttribute()
    currency = UnicodeAttribute()
    read_until = IntegerAttribute(default=0)
    checked_until = UnicodeAttribute(null=True)
    """The last day of which we know everything that the report should have shown and has not."""
    report_minor = IntegerAttribute(default=0)
    """The net amounts of all lines that were read."""
    missing_minor = IntegerAttribute(default=0)
    """What the report should have shown, and the open cases say it has not."""
    clearing_minor = IntegerAttribute(default=0)
    balance_minor = IntegerAttribute(default=0)
    unreported_minor = IntegerAttribute(default=0)
    """Ours, and not in the report yet."""
    difference_minor = IntegerAttribute(default=0)
    last_run_at = IntegerAttribute(null=True)


class ReportLine(MarketRow, discriminator='report_line'):
    provider = UnicodeAttribute()
    ref = UnicodeAttribute()
    kind = UnicodeAttribute()
    our_id = UnicodeAttribute(null=True)
    currency = UnicodeAttribute()
    gross_minor = IntegerAttribute()
    fee_minor = IntegerAttribute()
    net_minor = IntegerAttribute()
    at = IntegerAttribute()
    payment_ref = UnicodeAttribute(null=True)
    """What the provider refunds it by, if it is a payment that can be sent back."""
    digest = UnicodeAttribute()
    read_at = IntegerAttribute()


class Match(MarketRow, discriminator='match'):
    """A transaction of ours, and the line that shows it."""

    provider = UnicodeAttribute()
    ref = UnicodeAttribute()
    matched_at = IntegerAttribute()


class Case(MarketRow, discriminator='reconciliation_case'):
    id = UnicodeAttribute()
    provider = UnicodeAttribute()
    currency = UnicodeAttribute()
    reason = UnicodeAttribute()
    subject = UnicodeAttribute()
    """The line, the transaction, or the provider that it is about."""
    our_id = UnicodeAttribute(null=True)
    expected_minor = IntegerAttribute(null=True)
    seen_minor = IntegerAttribute(null=True)
    seen_currency = UnicodeAttribute(null=True)
    given_minor = IntegerAttribute(default=0)
    """What was taken out of suspense by hand."""
    state = UnicodeAttribute(default='open')
    opened_at = IntegerAttribute()
    closed_at = IntegerAttribute(null=True)
    case_queue = UnicodeAttribute(null=True)
    """Key of the sparse index `open_cases`."""
    listed_at = UnicodeAttribute()
    version = IntegerAttribute(default=1)

    @property
    def suspense_minor(self) -> int:
        """What of it is in suspense: less than nothing where the report shows less than we have posted."""
        seen = self.seen_minor or 0
        if self.reason in ('unexplained', 'duplicate', 'other_currency'):
            return seen - self.given_minor
        return seen - (self.expected_minor or 0) - self.given_minor if self.reason == 'other_amount' else 0


def progress(provider: str, currency: str) -> Reconciliation:
    """How far it is; at the beginning where it has never run."""
    try:
        return Reconciliation.get(_HOME, f'{provider}#{currency}', consistent_read=True)
    except Reconciliation.DoesNotExist:
        return Reconciliation(_HOME, f'{provider}#{currency}', provider=provider, currency=currency)


def all_progress() -> list[dict[str, Any]]:
    return list(reads.partition(settings.MARKET_TABLE, _HOME))


def advance(tx: Transaction, provider: str, currency: str, *, added: dict[str, int], now: dict[str, int | str]) -> None:
    """Adds to some attributes and sets others, whatever else is being done to the row."""
    row = Reconciliation(_HOME, f'{provider}#{currency}')
    known: dict[str, Any] = Reconciliation.get_attributes()
    named = now | {'row': 'reconciliation', 'provider': provider, 'currency': currency}
    tx.upsert(
        row,
        [
            *(known[name].add(minor) for name, minor in added.items()),
            *(known[name].set(Reconciliation if name == 'row' else value) for name, value in named.items()),
        ],
    )


def line(provider: str, ref: str) -> dict[str, Any] | None:
    return reads.find(settings.MARKET_TABLE, f'REPORT#{provider}#{ref}', 'REPORT')


def digest(said: Movement) -> str:
    """Of what a line says about money."""
    about_money = said.ref, said.kind, said.our_id, said.gross, said.fee, said.at
    return hashlib.sha256(json.dumps(about_money, default=astuple).encode()).hexdigest()


def add_line(tx: Transaction, provider: str, said: Movement) -> None:
    row = ReportLine(
        f'REPORT#{provider}#{said.ref}',
        'REPORT',
        provider=provider,
        ref=said.ref,
        kind=said.kind,
        our_id=said.our_id,
        currency=said.gross.currency,
        gross_minor=said.gross.minor,
        fee_minor=said.fee.minor,
        net_minor=said.gross.minor - said.fee.minor,
        at=said.at,
        payment_ref=said.payment_ref,
        digest=digest(said),
        read_at=clock.now_ms(),
    )
    tx.put(row, otherwise=Moved(f'Line {said.ref} was read meanwhile'))


def matched(txid: str) -> dict[str, Any] | None:
    return reads.find(settings.MARKET_TABLE, f'MATCH#{txid}', 'MATCH')


def which_are_matched(txids: Iterable[str]) -> set[str]:
    keys = [(f'MATCH#{txid}', 'MATCH') for txid in sorted(set(txids))]
    some = (keys[start : start + 100] for start in range(0, len(keys), 100))
    return {row['pk'].removeprefix('MATCH#') for one in some for row in reads.find_many(settings.MARKET_TABLE, one)}


def match(tx: Transaction, txid: str, provider: str, ref: str) -> None:
    row = Match(f'MATCH#{txid}', 'MATCH', provider=provider, ref=ref, matched_at=clock.now_ms())
    tx.put(row, otherwise=Moved(f'{txid} was matched meanwhile'))


def case(case_id: str) -> Case | None:
    try:
        return Case.get(f'CASE#{case_id}', 'CASE', consistent_read=True)
    except Case.DoesNotExist:
        return None


def open_case(tx: Transaction, provider: str, currency: str, reason: str, subject: str, **about: Any) -> bool:
    """Whether it was opened now. One that is open already stays as it is; one that was closed is opened again."""
    now, case_id = clock.now_ms(), f'{reason}:{subject}'
    there = case(case_id)
    if there and there.state == 'open':
        return False
    found = Case(f'CASE#{case_id}', 'CASE', id=case_id, provider=provider, currency=currency, reason=reason, subject=subject)
    for name, value in about.items():
        setattr(found, name, value)
    found.opened_at, found.listed_at, found.case_queue = now, f'{now:015d}#{case_id}', _QUEUE
    meanwhile = Moved(f'Case {case_id} changed meanwhile')
    if there:
        found.version = there.version + 1
        tx.replace(found, when=Case.version == there.version, otherwise=meanwhile)
    else:
        tx.put(found, otherwise=meanwhile)
    return True


def close_case(tx: Transaction, found: Case) -> None:
    found.state, found.closed_at, found.case_queue = 'closed', clock.now_ms(), None
    _save_case(tx, found)


def show_missing(tx: Transaction, found: Case) -> None:
    """Closes the case of a transaction that a line has shown, or that nobody waits for any more."""
    close_case(tx, found)
    advance(tx, found.provider, found.currency, added={'missing_minor': -(found.expected_minor or 0)}, now={})


def give(tx: Transaction, found: Case, minor: int) -> None:
    """So much was taken out of suspense: the last of it closes the case."""
    found.given_minor += minor
    if found.suspense_minor:
        _save_case(tx, found)
    else:
        close_case(tx, found)


def give_back(tx: Transaction, case_id: str, minor: int) -> None:
    """So much is in suspense again, and waits for staff."""
    found = case(case_id)
    if found:
        found.given_minor -= minor
        found.state, found.closed_at, found.case_queue = 'open', None, _QUEUE
        _save_case(tx, found)


def _save_case(tx: Transaction, found: Case) -> None:
    seen = found.version
    found.version = seen + 1
    tx.replace(found, when=Case.version == seen, otherwise=Moved(f'Case {found.id} changed meanwhile'))


def all_open() -> list[dict[str, Any]]:
    return reads.index_all(settings.MARKET_TABLE, 'open_cases', 'case_queue', _QUEUE)


def page_of_open(paging: Paging) -> Page:
    return reads.page(settings.MARKET_TABLE, ('case_queue', _QUEUE), 'listed_at', paging, index='open_cases')
