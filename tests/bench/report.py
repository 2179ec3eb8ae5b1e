"""docs/performance.md: the goals, what was found, and how."""

import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template

from tests.bench import cold, process, suite, warm

TARGET = suite.ROOT / 'docs' / 'performance.md'
PACKAGES = ('chalice', 'boto3', 'botocore', 'pynamodb', 'pydantic', 'aws-lambda-powertools', 'joserfc', 'moto')
_MB = 1_000_000


@dataclass(frozen=True)
class Tested:
    """A goal in exact numbers, asserted by tests that run with all others."""

    id: str
    what: str
    arguments: tuple[str, ...]


TESTED = (
    Tested('C3', 'Sessions and DynamoDB clients of a process: one', ('tests/test_aws_requests.py', '-k', 'one_session')),
    Tested('C6', 'Heavy packages that are not imported before they are needed', ('tests/test_imports.py',)),
    Tested('R1', 'Requests to AWS: get 1, list 1, place order 2, signed URL 0, and so on', ('tests/test_aws_requests.py',)),
)


@dataclass(frozen=True)
class Size:
    packed: int
    unpacked: int


@dataclass(frozen=True)
class Found:
    cold: Mapping[str, cold.Cost]
    warm: Mapping[warm.Side, warm.Cost]
    size: Size
    positions: list[dict[str, float]]
    """What one position of a campaign costs, by the size of the campaign."""
    spent: suite.Spent
    holds: Mapping[str, bool]


@dataclass(frozen=True)
class Goal:
    id: str
    what: str
    limit: float
    measured: float
    unit: str = 'x'

    @property
    def is_met(self) -> bool:
        return self.measured <= self.limit


def write(found: Found, took_s: float) -> None:
    goals = list(_goals(found))
    verdicts = [*map(_goal_row, goals), *(_tested_row(tested, holds=found.holds[tested.id]) for tested in TESTED)]
    template = Template(Path(__file__).with_name('performance.md').read_text())
    TARGET.write_text(
        template.substitute(
            commit=_commit(),
            machine=_machine(),
            packages=', '.join(f'{name} {version(name)}' for name in PACKAGES),
            counted='instructions, as valgrind counts them' if process.HAS_VALGRIND else 'CPU time: valgrind was not there',
            took=f'{took_s / 60:.1f}',
            goals='\n'.join(verdicts),
            cold='\n'.join(_cold_rows(found)),
            warm='\n'.join(_warm_rows(found)),
            positions='\n'.join(_position_rows(found)),
            tests=found.spent.tests,
            median=f'{found.spent.median_s * 1000:.0f}',
            calls=warm.CALLS,
            rounds=warm.ROUNDS,
            cold_rounds=cold.ROUNDS,
        )
    )
    missed = [goal.id for goal in goals if not goal.is_met] + [name for name, holds in found.holds.items() if not holds]
    print(f'{TARGET.relative_to(suite.ROOT)}: {"missed " + ", ".join(missed) if missed else "all goals are met"}')


def _goals(found: Found) -> Iterator[Goal]:
    start = {name: cost.weight for name, cost in found.cold.items()}
    call = {side: cost.weight for side, cost in found.warm.items()}
    get, place = call['client', 'get'], call['client', 'place']
    trust = start['api, trust'] - start['api']
    without_token = call['app', 'place'] - call['app', 'token']
    observed = call['app', 'get'] - call['bare', 'get']
    yield Goal('C1', 'Cold start of the API function: import, DynamoDB client, to UNIT', 1.5, start['api'] / start['unit'])
    yield Goal('C2', 'The same from the archive, to the same code with .pyc files', 1.05, start['api'] / start['api, cached'])
    yield Goal('C4', 'Reading the trusted authorities for the first HTTPS connection, to UNIT', 0.02, trust / start['unit'])
    yield Goal('C4', 'The same for every new connection, to a default GetItem', 5, trust / get)
    yield Goal('C5', 'Memory after the cold start', 60, found.cold['api'].memory_mb, 'MB')
    yield Goal('W1', 'Show a gig, to a default GetItem', 0.65, call['app', 'get'] / get)
    yield Goal('W2', 'List 20 gigs, to a default Query', 0.35, call['app', 'list'] / call['client', 'list'])
    yield Goal('W3', 'Place an order, to a default GetItem and TransactWriteItems', 0.7, without_token / place)
    yield Goal('W3', 'The same with the check of its access token', 0.7, call['app', 'place'] / place)
    yield Goal('W4', 'Log and metrics of a request, to a default GetItem', 0.15, observed / get)
    yield Goal('K1', 'The archive', 20, found.size.packed / _MB, 'MB')
    yield Goal('K1', 'The archive, unpacked', 70, found.size.unpacked / _MB, 'MB')
    yield Goal('T1', 'CPU of a test on moto, on average', 50, found.spent.mean_s * 1000, 'ms')


def _goal_row(goal: Goal) -> str:
    verdict = 'met' if goal.is_met else '**missed**'
    return f'| {goal.id} | {goal.what} | {_said(goal.limit, goal.unit)} | {_said(goal.measured, goal.unit)} | {verdict} |'


def _tested_row(tested: Tested, *, holds: bool) -> str:
    return f'| {tested.id} | {tested.what} | | asserted by `{tested.arguments[0]}` | {"met" if holds else "**missed**"} |'


def _said(number: float, unit: str) -> str:
    return f'{number:.3g} x' if unit == 'x' else f'{number:.0f} {unit}'


_STARTS = {
    'unit': 'UNIT',
    'api': 'The API function',
    'api, cached': 'The same code, with .pyc files as Python writes them',
    'api, source': 'The same code, without .pyc files',
    'get': 'The API function, and its first request: show a gig',
    'place_first': 'The API function, and its first request: place an order',
    'announce_first': 'The API function, and its first request: announce a file',
    **{name: f'`{name}`, and its first invocation' for name in cold.EVENTS},
    'unit, trust': 'UNIT, and the trusted authorities for HTTPS',
    'api, trust': 'The API function, and the trusted authorities for HTTPS',
}


def _cold_rows(found: Found) -> Iterator[str]:
    unit = found.cold['unit']
    for name, what in _STARTS.items():
        cost = found.cold[name]
        ratio, ms = cost.weight / unit.weight, cost.cpu_s * 1000
        yield f'| {what} | {ratio:.2f} | {_millions(cost.instructions)} | {ms:.0f} | {cost.memory_mb:.0f} |'


_CALLS = (
    ('Show a gig', 'get', ('app', 'get')),
    ('Show a gig, without log and metrics', 'get', ('bare', 'get')),
    ('List 20 gigs', 'list', ('app', 'list')),
    ('Place an order', 'place', ('app', 'place')),
    ('Check an access token', 'place', ('app', 'token')),
)


def _warm_rows(found: Found) -> Iterator[str]:
    for what, base, call in _CALLS:
        ours, default = found.warm[call], found.warm['client', base]
        counts = f'{_millions(ours.instructions)} | {_millions(default.instructions)}'
        times = f'{ours.cpu_s * 1e6:.0f} | {default.cpu_s * 1e6:.0f}'
        yield f'| {what} | {ours.weight / default.weight:.2f} | {counts} | {times} | {ours.cpu_s / default.cpu_s:.2f} |'


def _position_rows(found: Found) -> Iterator[str]:
    for cost in found.positions:
        numbers = ' | '.join(f'{cost[name]:.1f}' for name in ('requests', 'read_units', 'write_units'))
        yield f'| {cost["size"]:,.0f} | {numbers} | {cost["of_the_campaign"]:.0f} |'


def _millions(instructions: float | None) -> str:
    return '' if instructions is None else f'{instructions / 1e6:.4g}'


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(['git', *arguments], cwd=suite.ROOT, check=True, capture_output=True, text=True).stdout.strip()

    is_changed = git('status', '--porcelain', '--', '.', f':!{TARGET.relative_to(suite.ROOT)}')
    return git('rev-parse', '--short=12', 'HEAD') + (', with changes' if is_changed else '')


def _machine() -> str:
    info = Path('/proc/cpuinfo')
    models = re.findall(r'model name\s*: (.+)', info.read_text()) if info.exists() else []
    cpus = f'{len(models)} x {models[0]}' if models else platform.machine()
    return f'{cpus}, {platform.system()}, Python {platform.python_version()}'
