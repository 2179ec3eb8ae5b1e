"""Warm calls: what one more request costs a process that has served before."""

import itertools
import random
import re
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench import process
from tests.bench.cold import Trees
from tests.bench.process import Surroundings

ROUNDS = 15
CALLS = 40
# A token makes the caller known, so it comes first.
SIDES = {'app': ('token', 'get', 'list', 'place'), 'bare': ('get',), 'client': ('get', 'list', 'place')}
_WORKER = Path(__file__).with_name('worker.py')


@dataclass(frozen=True)
class Cost:
    """Of one call."""

    cpu_s: float
    instructions: float | None

    @property
    def weight(self) -> float:
        return self.cpu_s if self.instructions is None else self.instructions


Side = tuple[str, str]


class Worker:
    def __init__(self, side: str, trees: Trees, around: Surroundings, under: Iterable[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*under, *process.python(str(_WORKER), str(around.recording), side)],
            env=around.environment(trees.installed if side == 'client' else trees.shipped),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if under else None,
            text=True,
            bufsize=1,
        )

    def run(self, case: str) -> float:
        """CPU seconds of a call, on average of so many."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f'{case} {CALLS}\n')
        return float(self._process.stdout.readline()) / CALLS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


def measure(trees: Trees, around: Surroundings) -> dict[Side, Cost]:
    cpu = _time(trees, around)
    counted = _count(trees, around) if process.HAS_VALGRIND else {}
    return {call: Cost(statistics.median(times), counted.get(call)) for call, times in cpu.items()}


def _time(trees: Trees, around: Surroundings) -> dict[Side, list[float]]:
    times: dict[Side, list[float]] = defaultdict(list)
    calls = [(side, case) for side, cases in SIDES.items() for case in cases]
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(side, trees, around)) for side in SIDES}
        for side, case in calls:
            workers[side].run(case)
        for _ in range(ROUNDS):
            for side, case in random.sample(calls, len(calls)):
                times[side, case].append(workers[side].run(case))
    return times


def _count(trees: Trees, around: Surroundings) -> dict[Side, float]:
    with ThreadPoolExecutor() as pool:
        sections = pool.map(lambda side: _sections(side, trees, around), SIDES)
        return {
            (side, case): count / CALLS
            for (side, cases), counts in zip(SIDES.items(), sections, strict=True)
            for case, count in zip(cases, counts, strict=True)
        }


def _sections(side: str, trees: Trees, around: Surroundings) -> list[int]:
    """Instructions between the first and the second mark of each command; see worker.py."""
    out = around.home / f'callgrind.{side}'
    under = ('valgrind', '--tool=callgrind', '--dump-before=getppid', f'--callgrind-out-file={out}')
    with Worker(side, trees, around, under) as worker:
        for case in SIDES[side]:
            worker.run(case)
    parts = (Path(f'{out}.{number}') for number in itertools.count(1))
    written = list(itertools.takewhile(Path.exists, parts))
    return [int(re.search(r'^(?:totals|summary): (\d+)', part.read_text(), re.MULTILINE)[1]) for part in written[1::2]]
