"""What the tests of the project themselves cost, and whether those hold that state a goal. Also a plugin of pytest."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEASURED = ('tests', '-m', 'not proof and not no_aws', '--ignore', 'tests/e2e', '--ignore', 'tests/clients')
_spent_s: list[float] = []


@dataclass(frozen=True)
class Spent:
    tests: int
    median_s: float
    mean_s: float


def holds(*paths: str) -> bool:
    return _pytest(*paths).returncode == 0


def spent(scratch: Path) -> Spent:
    """CPU of one test on moto, fixtures included."""
    out = scratch / 'spent.json'
    ran = _pytest(*MEASURED, '-p', 'tests.bench.suite', BENCH_SPENT=str(out))
    assert ran.returncode == 0, ran.stdout
    times = json.loads(out.read_text())[1:]  # the first makes the world
    return Spent(len(times), statistics.median(times), statistics.mean(times))


def _pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False, capture_output=True, text=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    started = time.process_time()
    result: Any = yield
    _spent_s.append(time.process_time() - started)
    return result


def pytest_sessionfinish() -> None:
    Path(os.environ['BENCH_SPENT']).write_text(json.dumps(_spent_s))
