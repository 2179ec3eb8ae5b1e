"""Measures everything in one run, and writes docs/performance.md."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path

from tests.bench import cold, report, suite, warm
from tests.bench.cold import Trees
from tests.bench.process import Surroundings

STAGE = 'dev'


def main() -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='gigmarket-bench-') as name:
        scratch = Path(name)
        say('archive')
        trees, size = _unpack(_package(), scratch)
        say('recording')
        around = _record(scratch)
        say('warm calls')
        warm_costs = warm.measure(trees, around)
        say('cold starts')
        cold_costs = cold.measure(trees, around)
        say('campaigns')
        positions = _campaigns(scratch)
        say('tests')
        found = report.Found(
            cold=cold_costs,
            warm=warm_costs,
            size=size,
            positions=positions,
            spent=suite.spent(scratch),
            holds={tested.id: suite.holds(*tested.arguments) for tested in report.TESTED},
        )
    report.write(found, took_s=time.monotonic() - started)


def say(what: str) -> None:
    print(f'  {what}', flush=True)


def _package() -> Path:
    command = [sys.executable, '-m', 'infra.build.package', STAGE]
    built = subprocess.run(command, cwd=suite.ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Path(built.stdout.strip()) / 'deployment.zip'


def _unpack(archive: Path, scratch: Path) -> tuple[Trees, report.Size]:
    trees = Trees(scratch / 'shipped', scratch / 'cached', scratch / 'source', Path(sysconfig.get_path('purelib')))
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(trees.shipped)
    for tree in (trees.cached, trees.source):
        shutil.copytree(trees.shipped, tree, ignore=shutil.ignore_patterns('__pycache__'))
    unpacked = sum(path.stat().st_size for path in trees.shipped.rglob('*') if path.is_file())
    return trees, report.Size(archive.stat().st_size, unpacked)


def _record(scratch: Path) -> Surroundings:
    around = Surroundings(scratch, scratch / 'recording.json', scratch / 'keys.json')
    command = [sys.executable, '-W', 'ignore', '-m', 'tests.bench.recording', str(around.recording)]
    subprocess.run(command, cwd=suite.ROOT, check=True, stdout=subprocess.DEVNULL)
    around.keys.write_text(json.dumps(json.loads(around.recording.read_text())['keys']))
    return around


def _campaigns(scratch: Path) -> list[dict[str, float]]:
    target = scratch / 'campaigns.json'
    command = [sys.executable, '-W', 'ignore', '-m', 'tests.bench.campaigns', str(target)]
    subprocess.run(command, cwd=suite.ROOT, check=True, stdout=subprocess.DEVNULL)
    found: list[dict[str, float]] = json.loads(target.read_text())
    return found


if __name__ == '__main__':
    main()
