"""The TypeScript client that openapi-typescript makes of docs/openapi.json, as openapi-fetch uses it."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import pytest

from infra.build.openapi import PATH
from infra.build.package import OUT
from tests.support.programs import expected, reported, run

HERE = Path(__file__).parent
COMPILER_OPTIONS = {
    'strict': True,
    'noEmit': True,
    'noUncheckedIndexedAccess': True,
    'target': 'es2022',
    'lib': ['es2022', 'dom'],
    'module': 'esnext',
    'moduleResolution': 'bundler',
    'types': [],
}


@pytest.fixture
def packages() -> Path:
    """What package-lock.json names, installed once per version of that file."""
    lock = HERE / 'package-lock.json'
    folder = OUT / f'node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}'
    if not folder.exists():
        OUT.mkdir(exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=OUT))
        for file in (lock, HERE / 'package.json'):
            shutil.copy(file, half)
        run(half, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
        half.rename(folder)
    return folder / 'node_modules'


@pytest.mark.no_aws
def test_the_typescript_client_compiles_with_what_uses_it_well_and_with_nothing_that_does_not(packages, tmp_path):
    (tmp_path / 'node_modules').symlink_to(packages)
    (tmp_path / 'tsconfig.json').write_text(json.dumps({'compilerOptions': COMPILER_OPTIONS}))
    for program in ('usage.ts', 'misuse.ts'):
        shutil.copy(HERE / program, tmp_path)
    generator = packages / 'openapi-typescript' / 'bin' / 'cli.js'
    run(tmp_path, 'node', generator, PATH, '--output', 'api.ts', '--default-non-nullable', 'false')
    said = run(tmp_path, 'node', packages / 'typescript' / 'bin' / 'tsc', '--pretty', 'false', '-p', '.', status=2)
    assert reported(said, r'^(\S+)\((\d+),\d+\): error (TS\d+):') == expected(HERE / 'misuse.ts'), said
