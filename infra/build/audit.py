"""Looks at all books of a stage, and says what is wrong with them: one line for each finding, and exit 1 if there is any.

Before that comes the trial balance, on stderr: what each kind of account holds, in minor units.

Usage: python -m infra.build.audit STAGE [JOURNAL_TABLE BALANCES_TABLE], the tables where others are to be looked at than the
stage's own: restored ones. Seals are those of the stage.
"""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator

from chalicelib import settings
from chalicelib.ledger import accounts
from chalicelib.ledger.days import actions
from chalicelib.ledger.days.actions import Audit
from infra.build import deploy


def audit(stage: str, *tables: str) -> Audit:
    """With the credentials, region and endpoint of the environment. All sealed days are compared with their seals."""
    outputs = deploy.describe(stage)
    settings.SEALS_BUCKET = outputs['SealsBucket']
    settings.JOURNAL_TABLE, settings.BALANCES_TABLE = tables or (outputs['JournalTable'], outputs['BalancesTable'])
    return actions.run_audit()


def trial_balance(done: Audit) -> Iterator[str]:
    """A line for each kind of account, with what it holds on its own side; then both sides of each currency."""
    sides: Counter[tuple[str, int]] = Counter()
    for (currency, root), minor in done.trial_balance.items():
        side = accounts.CHART[root].side
        sides[currency, side] += minor
        debit, credit = (minor, '') if side is accounts.Side.DEBIT else ('', minor)
        yield f'{currency} {root:20} {debit:>18} {credit:>18}'
    for currency in sorted({currency for currency, _ in sides}):
        debit, credit = sides[currency, accounts.Side.DEBIT], sides[currency, accounts.Side.CREDIT]
        yield f'{currency} {"debits and credits":20} {debit:>18} {credit:>18}'


def main(stage: str, *tables: str) -> int:
    with _environment(stage):
        done = audit(stage, *tables)
    for line in trial_balance(done):
        print(line, file=sys.stderr)
    for finding in done.findings:
        print(finding)
    print(f'{len(done.findings)} findings in {done.transactions} transactions', file=sys.stderr)
    return 1 if done.findings else 0


def _environment(stage: str) -> contextlib.AbstractContextManager[None]:
    if stage != 'local':
        return contextlib.nullcontext()
    from infra.local.run import HOME  # noqa: PLC0415 - which only this stage needs
    from infra.local.stack import Stack  # noqa: PLC0415

    return Stack(HOME).environment()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
