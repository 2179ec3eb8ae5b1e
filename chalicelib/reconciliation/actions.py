"""The daily run: read the report, look again at what was open, find what the report does not show, and compare the sums.

Every step is one transaction that is done once, whatever became of the run before.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock, db
from chalicelib.db import Transaction
from chalicelib.ledger import authority, settlements
from chalicelib.ledger import store as ledger
from chalicelib.ledger.days import closes
from chalicelib.ledger.days import store as days
from chalicelib.ledger.sums import Row
from chalicelib.money import CURRENCIES
from chalicelib.observe import logger, metrics
from chalicelib.payments.port import Movement
from chalicelib.payments.providers import CHOSEN, provider
from chalicelib.reconciliation import matching, store
from chalicelib.reconciliation.store import Case, Reconciliation

PLACES = ('psp.clearing', 'psp.balance')
READ_AFTER_MS = clock.HOUR
"""A line is read when we have had the time to post what it is about."""
LATE_LINES_MS = 3 * clock.DAY
"""So far back a report is read again, for lines that have come into it since."""
SHOWN_WITHIN_MS = 3 * clock.DAY
"""After which a transaction that no report shows is a case."""


def reconcile() -> int:
    """All providers that we work with or have worked with, in all currencies; returns how many cases are open."""
    failure: Exception | None = None
    names = {*CHOSEN.values()} | {row['provider'] for row in store.all_progress()}
    for name, currency in ((name, currency) for name in sorted(names) for currency in CURRENCIES):
        try:
            _reconcile(name, currency)
        except Exception as error:
            logger.exception('not reconciled', provider=name, currency=currency)
            failure = error
    if failure:
        raise failure
    metrics.add_metric('OpenCases', MetricUnit.Count, count := len(store.all_open()))
    metrics.flush_metrics()
    return count


def _reconcile(name: str, currency: str) -> None:
    until = clock.now_ms() - READ_AFTER_MS
    since = max(0, store.progress(name, currency).read_until - LATE_LINES_MS)
    for line in provider(name).movements(since, until):
        if line.gross.currency == currency:
            db.atomically(partial(_read, name=name, line=line), by=authority.provider(name))
    _advance(name, currency, read_until=until)
    for row in sorted(store.all_open(), key=_explaining_first):
        if (row['provider'], row['currency']) == (name, currency):
            db.atomically(partial(_look_again, case_id=row['id']), by=authority.provider(name))
    _find_missing(name, currency)
    _compare(name, currency)


def _explaining_first(case: Row) -> bool:
    """What was missing may be what is explained."""
    return str(case['reason']) == 'missing'


def _read(tx: Transaction, name: str, line: Movement) -> None:
    """Settles one line. It is never settled twice, not even if the report says something else of it the second time."""
    currency = line.gross.currency
    if there := store.line(name, line.ref):
        if there['digest'] != store.digest(line):
            seen = line.gross.minor - line.fee.minor
            _open(tx, name, line, 'changed', expected_minor=there['net_minor'], seen_minor=seen)
        return
    ours = matching.find(name, line.kind, line.our_id, line.ref)
    is_shown = bool(ours and store.matched(ours.txid))
    objection = matching.objection(line, ours, is_shown=is_shown)
    store.add_line(tx, name, line)
    if ours and objection in (None, 'other_amount'):
        store.match(tx, ours.txid, name, line.ref)
        _settle(tx, name, line, ours)
    else:
        for posting in settlements.unexplained(name, line.ref, currency, line.gross.minor, line.fee.minor):
            ledger.post(tx, posting)
    if objection:
        _open(tx, name, line, objection, expected_minor=ours.money.minor if ours else None, seen_minor=line.gross.minor)
    if line.fee.minor > abs(line.gross.minor) > 0:
        _open(tx, name, line, 'fee_exceeds_amount', expected_minor=line.gross.minor, seen_minor=line.fee.minor)
    net = line.gross.minor - line.fee.minor
    store.advance(tx, name, currency, added={'report_minor': net}, now={'read_until': line.at})


def _settle(tx: Transaction, name: str, line: Movement, ours: matching.Ours) -> None:
    fee = 0 if matching.has_fee(line.kind, line.gross.minor, line.fee.minor, ours) else line.fee.minor
    posting = settlements.settled(
        name,
        line.ref,
        line.gross.currency,
        ours_minor=ours.money.minor,
        gross_minor=line.gross.minor - line.fee.minor + fee,
        fee_minor=fee,
        was_clearing=line.kind == 'payment',
    )
    if posting:
        ledger.post(tx, posting)


def _open(tx: Transaction, name: str, line: Movement, reason: str, *, expected_minor: int | None, seen_minor: int) -> None:
    about = {'our_id': line.our_id, 'expected_minor': expected_minor, 'seen_minor': seen_minor}
    currency = line.gross.currency
    store.open_case(tx, name, currency, reason, f'{name}:{line.ref}', **about, seen_currency=currency)


def _look_again(tx: Transaction, case_id: str) -> None:
    found = store.case(case_id)
    if found is None or found.state != 'open':
        return
    if found.reason == 'missing' and store.matched(found.subject):
        store.show_missing(tx, found)
    if found.reason == 'unexplained' and not found.given_minor:
        _explain(tx, found)


def _explain(tx: Transaction, found: Case) -> None:
    """Takes money out of suspense that has been posted since as what it is."""
    line = store.line(found.provider, found.subject.removeprefix(f'{found.provider}:'))
    ours = line and matching.find(found.provider, line['kind'], line.get('our_id'), line['ref'])
    if not line or not ours or ours.money.currency != found.currency or store.matched(ours.txid):
        return
    if ours.money.minor == line['gross_minor']:
        is_payment = line['kind'] == 'payment'
        posting = settlements.explained(
            found.provider, line['ref'], found.currency, line['gross_minor'], was_clearing=is_payment
        )
        ledger.post(tx, posting)
        store.match(tx, ours.txid, found.provider, line['ref'])
        store.close_case(tx, found)


def _find_missing(name: str, currency: str) -> None:
    """Opens a case for each transaction of ours that a report should have shown by now; a day at a time, and each once."""
    last = min(ledger.day_of(clock.now_ms() - SHOWN_WITHIN_MS - clock.DAY), days.last_sealed_day() or '')
    for day in _unchecked(name, currency, last):
        for root in PLACES:
            for entries in _in_parts(days.entries_of(f'{root}:{name}', currency, day)):
                for entry in _unreported(entries):
                    db.atomically(partial(_miss, name=name, currency=currency, entry=entry))
        _advance(name, currency, checked_until=day)


def _miss(tx: Transaction, name: str, currency: str, entry: Row) -> None:
    our_id = entry['txid'].partition(':')[2]
    about = {'our_id': our_id, 'expected_minor': -entry['minor'], 'seen_minor': None}
    if not store.matched(entry['txid']) and store.open_case(tx, name, currency, 'missing', entry['txid'], **about):
        store.advance(tx, name, currency, added={'missing_minor': -entry['minor']}, now={})


def _compare(name: str, currency: str) -> None:
    """What we have at the provider by our books, but for what it has not shown yet, is the sum of its report."""
    found = store.progress(name, currency)
    later = list(_unchecked(name, currency, ledger.day_of(clock.now_ms())))
    (clearing, one), (balance, other) = (_tally(f'{root}:{name}', currency, found, later) for root in PLACES)
    found.clearing_minor, found.balance_minor, found.unreported_minor = clearing, balance, one + other
    found.difference_minor = clearing + balance - one - other - found.missing_minor - found.report_minor
    db.atomically(lambda tx: _conclude(tx, found))


def _conclude(tx: Transaction, found: Reconciliation) -> None:
    name, currency = found.provider, found.currency
    figures = {key: getattr(found, key) for key in ('clearing_minor', 'balance_minor', 'unreported_minor', 'difference_minor')}
    store.advance(tx, name, currency, added={}, now=figures | {'last_run_at': clock.now_ms()})
    subject = f'{name}:{currency}'
    there = store.case(f'out_of_balance:{subject}')
    if found.difference_minor:
        seen = found.report_minor
        expected = seen + found.difference_minor
        store.open_case(tx, name, currency, 'out_of_balance', subject, expected_minor=expected, seen_minor=seen)
    elif there and there.state == 'open':
        store.close_case(tx, there)


def _unchecked(name: str, currency: str, last: str) -> Iterator[str]:
    """The days of which something may still be unreported. Raises NotClosed before any day is."""
    checked, first = store.progress(name, currency).checked_until, days.first_sealed_day()
    if first is None:
        raise closes.NotClosed('Close the first day, and reconcile then')
    yield from days.days(days.next_day(checked) if checked else first, last)


def _tally(account: str, currency: str, found: Reconciliation, later: list[str]) -> tuple[int, int]:
    """What an account comes to, and how much of that no report has shown yet: both of one reading, because it moves."""
    total = closes.total_until(account, currency, found.checked_until) if found.checked_until else 0
    unreported = 0
    for day in later:
        for entries in _in_parts(days.entries_of(account, currency, day)):
            total += sum(entry['minor'] for entry in entries)
            unreported += sum(entry['minor'] for entry in _unreported(entries))
    return -total, -unreported


def _unreported(entries: list[Row]) -> list[Row]:
    """Those that a report should show, and has not."""
    expected = [entry for entry in entries if matching.is_reported(entry['txid'])]
    shown = store.which_are_matched(entry['txid'] for entry in expected)
    return [entry for entry in expected if entry['txid'] not in shown]


def _in_parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """As many at once as one request asks about."""
    while some := list(islice(rows, 100)):
        yield some


def _advance(name: str, currency: str, **now: int | str) -> None:
    db.atomically(lambda tx: store.advance(tx, name, currency, added={}, now=now))
