"""Looks at all books of a stage, and says what is wrong with them: one line for each finding, and exit 1 if there is any.

Usage: python -m infra.build.audit STAGE [JOURNAL_TABLE BALANCES_TABLE], the tables where others are to be looked at than the
stage's own: restored ones. Seals are those of the stage.
"""

import contextlib
import sys

from chalicelib import settings
from chalicelib.ledger.days import actions
from chalicelib.ledger.days.actions import Audit
from infra.build import deploy


def audit(stage: str, *tables: str) -> Audit:
    """With the credentials, region and endpoint of the environment. All sealed days are compared with their seals."""
    outputs = deploy.describe(stage)
    settings.SEALS_BUCKET = outputs['SealsBucket']
    settings.JOURNAL_TABLE, settings.BALANCES_TABLE = tables or (outputs['JournalTable'], outputs['BalancesTable'])
    return actions.run_audit()


def main(stage: str, *tables: str) -> int:
    with _environment(stage):
        done = audit(stage, *tables)
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
