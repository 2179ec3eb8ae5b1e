"""The long form of the proof. Usage: python -m tests.prove [KIND [ARGUMENT ...]]

Without arguments everything is run, in two processes, and docs/money.md told of it. With a kind, all of that kind; with
arguments, that one job, as a failure prints it.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.prove import worker

DOCUMENT = Path(__file__).parents[2] / 'docs' / 'money.md'
START, END = '<!-- proof: written by `make prove` -->', '<!-- end of proof -->'
NAMES = {
    'single_faults': 'one fault, at every call of every case',
    'fault_pairs': 'two faults in one run, all pairs of the core cases',
    'races': 'schedules of races',
    'ledger_lives': 'random lives of the ledger',
    'mutants': 'broken variants, each to be found',
}


def run(jobs: Iterable[tuple[str, tuple[Any, ...]]]) -> tuple[str, list[str]]:
    """The table of what was run, and all that was wrong."""
    counts: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    failures: list[str] = []
    spawned = get_context('spawn')  # anew after some jobs, because moto's memory only grows
    with ProcessPoolExecutor(2, spawned, worker.begin, max_tasks_per_child=12) as pool:
        for done in as_completed([pool.submit(worker.do, *job) for job in jobs]):
            kind, count, wrong, seconds = done.result()
            counts[kind] = [before + more for before, more in zip(counts[kind], (count, len(wrong), seconds), strict=True)]
            failures += wrong
            print(f'{kind:14} {count:6} {len(wrong):3} wrong', *wrong[:3], file=sys.stderr, sep='\n  ', flush=True)
    lines = ['| kind of proof | runs | failures | seconds of a process |', '| --- | --- | --- | --- |']
    lines += [f'| {NAMES[kind]} | {n:,} | {bad} | {took:,.0f} |' for kind, (n, bad, took) in sorted(counts.items())]
    return '\n'.join(lines), failures


def _write(table: str) -> None:
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True, check=True).stdout.strip()
    before, _, rest = DOCUMENT.read_text().partition(START)
    DOCUMENT.write_text(f'{before}{START}\n\nMade on commit `{commit}`.\n\n{table}\n\n{END}{rest.partition(END)[2]}')


def main(kind: str = '', *about: str) -> int:
    from tests.prove.jobs import every

    one = (kind, tuple(int(word) if word.isdecimal() else word for word in about))
    table, failures = run([one] if about else [job for job in every() if kind in ('', job[0])])
    print(table, *failures, sep='\n')
    if not kind:
        _write(table)
    return bool(failures)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
