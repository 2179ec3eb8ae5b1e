"""Cold starts: what it takes until a fresh process can serve, or has served for the first time."""

import random
import statistics
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

from tests.bench import process
from tests.bench.process import Surroundings

ROUNDS = 7
UNIT = """
import boto3
from chalice import Chalice

app = Chalice(app_name='hello')

@app.route('/')
def hello():
    return {'hello': 'world'}

boto3.client('dynamodb')
"""
API = "import app; from chalicelib import aws; aws.client('dynamodb')"
# What urllib3 does for every new connection.
_TRUST = """
from botocore.httpsession import create_urllib3_context, get_cert_path
create_urllib3_context().load_verify_locations(get_cert_path({verify}))
"""
EVENTS = ('sweep_timers', 'release_payments', 'advance_orders', 'settle_with_provider', 'inspect_files')
_WORKER = Path(__file__).with_name('worker.py')


@dataclass(frozen=True)
class Trees:
    """Where code is imported from: as it is shipped, with .pyc files as Python writes them, without any, and all of .venv."""

    shipped: Path
    cached: Path
    source: Path
    installed: Path


@dataclass(frozen=True)
class Cost:
    """Of a process; net of one that does nothing, but for the memory."""

    cpu_s: float
    memory_mb: float
    instructions: int | None

    @property
    def weight(self) -> float:
        return self.cpu_s if self.instructions is None else self.instructions


def measure(trees: Trees, around: Surroundings) -> dict[str, Cost]:
    commands = {name: (process.python(*arguments), around.environment(tree)) for name, tree, arguments in _cases(trees, around)}
    for command, environment in commands.values():
        process.cpu_and_memory(command, environment)
    cpu, memory = defaultdict(list), defaultdict(list)
    for _ in range(ROUNDS):
        for name in random.sample(list(commands), len(commands)):
            used, largest = process.cpu_and_memory(*commands[name])
            cpu[name].append(used)
            memory[name].append(largest)
    counted = _count(commands) if process.HAS_VALGRIND else {}
    return {
        name: Cost(
            min(cpu[name]) - min(cpu['nothing']),
            statistics.median(memory[name]),
            counted[name] - counted['nothing'] if counted else None,
        )
        for name in commands
    }


def _cases(trees: Trees, around: Surroundings) -> Iterable[tuple[str, Path, tuple[str, ...]]]:
    yield 'nothing', trees.installed, ('-c', 'pass')
    yield 'unit', trees.installed, ('-c', UNIT)
    yield 'unit, trust', trees.installed, ('-c', UNIT + _TRUST.format(verify=True))
    yield 'api', trees.shipped, ('-c', API)
    yield 'api, trust', trees.shipped, ('-c', API + _TRUST.format(verify="aws.session().get_config_variable('ca_bundle')"))
    yield 'api, cached', trees.cached, ('-c', API)
    yield 'api, source', trees.source, ('-B', '-c', API)
    for case in ('get', 'place_first', 'announce_first', *EVENTS):
        yield case, trees.shipped, (str(_WORKER), str(around.recording), 'first', case)


def _count(commands: dict[str, tuple[list[str], dict[str, str]]]) -> dict[str, int]:
    with ThreadPoolExecutor(cpu_count()) as pool:
        return dict(zip(commands, pool.map(lambda command: process.instructions(*command), commands.values()), strict=True))
