"""Builds what is deployed: the template and the one archive of all functions, in out/STAGE.

Chalice makes the template and packs the app; it is given the tree without requirements.txt, because it would install the
dependencies anew after every change of a line, with no .pyc files and with all of botocore. They are installed here once per
version of that file, trimmed to what is used and compiled. The same input makes the same bytes, so that deploying it again
is no change. Usage: python -m infra.build.package STAGE
"""

import compileall
import gzip
import hashlib
import json
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from infra.build import template

ROOT = Path(__file__).parent.parent.parent
OUT = ROOT / 'out'
REQUIREMENTS = ROOT / 'requirements.txt'
OPERATIONS = {
    'dynamodb': {'BatchGetItem', 'GetItem', 'Query', 'Scan', 'TransactWriteItems', 'UpdateItem'},
    # The SDK signs upload forms as if they made a bucket.
    's3': {'CopyObject', 'CreateBucket', 'DeleteObject', 'GetObject', 'ListObjectVersions', 'PutObject'},
    'secretsmanager': {'GetSecretValue'},
    'sqs': {'GetQueueAttributes', 'SendMessage', 'SendMessageBatch'},
}
"""All that is ever asked of AWS: the SDK's data of what else there is would take longer to read than all of our code."""
ENDPOINT_PREFIXES = OPERATIONS.keys() | {'sts'}
DATA = {'endpoints.json', 'partitions.json', '_retry.json', 'sdk-default-configuration.json'}
# All five that https://www.amazontrust.com/repository recommends to those who do not trust everybody.
AUTHORITIES = {f'Amazon Root CA {n}' for n in (1, 2, 3, 4)} | {'Starfield Services Root Certificate Authority - G2'}
FONT_VARIES = {'GDEF', 'GPOS', 'GSUB', 'HVAR', 'MVAR', 'STAT', 'avar', 'fvar', 'gvar'}
_TOOLS = (
    *('auth_alpha', 'circuit_breaker', 'data_masking', 'feature_flags', 'idempotency', 'kafka', 'metadata', 'parameters'),
    *('streaming', 'validation'),
)
_STRIPE_PRODUCTS = (
    *('apps', 'billing', 'billing_portal', 'checkout', 'climate', 'entitlements', 'events', 'financial_connections'),
    *('forwarding', 'identity', 'issuing', 'product_catalog', 'radar', 'reporting', 'reserve', 'sigma', 'tax', 'terminal'),
    'treasury',
)
DROPPED = (
    '*.data',
    'bin',
    '*/tests',
    '**/__pycache__',
    '**/*.pyi',
    '**/py.typed',
    'botocore/data/*/*/examples-*',
    'botocore/data/*/*/waiters-*',
    'share',
    '*.dist-info/RECORD',
    # What C extensions are made with; they are made.
    'cffi',
    'pycparser*',
    # What makes and converts fonts: invoices only embed one.
    'fontTools/**/*.so',
    'fontTools/**/*.c',
    *(f'fontTools/{name}' for name in ('cu2qu', 'diff', 'merge', 'mtiLib', 'qu2cu', 't1Lib', 'ufoLib', 'voltLib')),
    *(f'fontTools/{name}.py' for name in ('feaLib/builder', 'feaLib/parser', 'fontBuilder', 'ttLib/woff2', 'ttx')),
    'fontTools/varLib/interpolat*',
    'fontpkg_noto_sans/files/*Italic*',
    # What of these is not asked for: a router, stores, formats, more time zones, version 1, products that are not sold.
    'aws_lambda_powertools/event_handler',
    *(f'aws_lambda_powertools/utilities/{name}' for name in _TOOLS),
    'dateutil/zoneinfo',
    'pydantic/mypy.py',
    'pydantic/v1',
    'stripe/params',
    'stripe/test_helpers',
    *(f'stripe/v2/{name}' for name in ('billing', 'commerce', 'money_management', 'test_helpers')),
    *(f'stripe/{name}' for name in _STRIPE_PRODUCTS),
)


def package(stage: str) -> Path:
    """Builds the stage, and returns the folder with its template.json and deployment.zip."""
    out = OUT / stage
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / 'app'
        _stage_tree(tree)
        _chalice(tree, stage, out)
    _complete(out / 'deployment.zip')
    made = json.loads((out / 'sam.json').read_text())
    made['Parameters']['Stage']['Default'] = stage
    (out / 'template.json').write_text(json.dumps(made, indent=1))
    return out


def _stage_tree(tree: Path) -> None:
    tree.mkdir()
    shutil.copy(ROOT / 'app.py', tree)
    shutil.copytree(ROOT / 'chalicelib', tree / 'chalicelib', ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copytree(ROOT / '.chalice', tree / '.chalice', ignore=shutil.ignore_patterns('deployments'))
    (tree / 'merge.json').write_text(json.dumps(template.assemble()))


def _chalice(tree: Path, stage: str, out: Path) -> None:
    command = [str(Path(sys.executable).with_name('chalice')), '--project-dir', str(tree), 'package']
    options = ['--stage', stage, '--merge-template', str(tree / 'merge.json'), '--template-format', 'json', str(out)]
    environment = {'PATH': '/usr/bin:/bin', 'AWS_DEFAULT_REGION': 'us-east-1', 'HOME': str(tree)}
    subprocess.run(command + options, check=True, env=environment, stdout=subprocess.DEVNULL)


def _complete(archive: Path) -> None:
    """Replaces what Chalice packed by the dependencies, and the same app with its .pyc files."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        with zipfile.ZipFile(archive) as made_by_chalice:
            made_by_chalice.extractall(root)
        _compile(root)
        shutil.copy(_dependencies(), archive)
        _add(root, archive)


def _dependencies() -> Path:
    version = hashlib.sha256(REQUIREMENTS.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    archive = OUT / f'dependencies-{version}-{platform.python_version()}.zip'
    if not archive.exists():
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch) / 'site'
            wheels = ['--platform', 'manylinux2014_x86_64', '--implementation', 'cp', '--only-binary', ':all:']
            target = ['--no-deps', '--no-compile', '--target', str(root), '--python-version', platform.python_version()]
            pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install']
            subprocess.run([*pip, *wheels, *target, '-r', str(REQUIREMENTS)], check=True, stderr=subprocess.PIPE)
            _trim(root)
            _compile(root)
            half = archive.with_suffix('.half')
            half.unlink(missing_ok=True)
            _add(root, half)
            half.rename(archive)
    return archive


def _trim(root: Path) -> None:
    for pattern in DROPPED:
        for path in list(root.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    data = root / 'botocore' / 'data'
    for path in data.iterdir():
        if path.is_dir() and path.name not in OPERATIONS:
            shutil.rmtree(path)
        elif path.is_file() and path.name not in DATA:
            path.unlink()
    for path in data.glob('*/*/service-2.json.gz'):
        _trim_service(path, OPERATIONS[path.parts[-3]])
    endpoints = json.loads((data / 'endpoints.json').read_text())
    endpoints['partitions'] = [p for p in endpoints['partitions'] if p['partition'] == 'aws']
    for partition in endpoints['partitions']:
        partition['services'] = {k: v for k, v in partition['services'].items() if k in ENDPOINT_PREFIXES}
    (data / 'endpoints.json').write_text(json.dumps(endpoints, separators=(',', ':')))
    _trim_trust(root / 'botocore' / 'cacert.pem')
    for path in root.glob('fontpkg_noto_sans/files/*.ttf'):
        _trim_font(path)


def _trim_service(path: Path, operations: set[str]) -> None:
    """Leaves some operations with the shapes they are made of, and no documentation."""
    service = json.loads(gzip.decompress(path.read_bytes()), object_hook=_undocumented)
    kept = {name: service['operations'][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    found = list(_shapes(kept))
    while found:
        name = found.pop()
        if name not in shapes:
            shapes[name] = service['shapes'][name]
            found += _shapes(shapes[name])
    trimmed = service | {'operations': kept, 'shapes': shapes}
    path.write_bytes(gzip.compress(json.dumps(trimmed, separators=(',', ':')).encode(), mtime=0))


def _trim_trust(bundle: Path) -> None:
    """Leaves the authorities that sign for AWS: the SDK reads all there are again for every new connection, in 40 ms."""
    found = re.findall(r'# Label: "(.+?)".+?(-----BEGIN .+?-----END CERTIFICATE-----\n)', bundle.read_text(), re.DOTALL)
    kept = {label: certificate for label, certificate in found if label in AUTHORITIES}
    if kept.keys() != AUTHORITIES:
        raise ValueError(f'{bundle.name} has no {", ".join(AUTHORITIES - kept.keys())}')
    bundle.write_text(''.join(kept.values()))


def _trim_font(path: Path) -> None:
    """Leaves the regular cut, drawn letter by letter: neither other weights nor ligatures."""
    font = TTFont(path, recalcTimestamp=False)
    for table in FONT_VARIES & set(font.keys()):
        del font[table]
    font.save(path)


def _undocumented(part: dict[str, Any]) -> dict[str, Any]:
    return {name: '' if name == 'documentation' and isinstance(value, str) else value for name, value in part.items()}


def _shapes(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get('shape'), str):
            yield part['shape']
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _shapes(inner)


def _compile(root: Path) -> None:
    """Unchecked, because the archive gives every file the date 1980; with this interpreter's minor version, the runtime's."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(root, quiet=1, stripdir=str(root), prependdir='/var/task', invalidation_mode=unchecked)


def _add(root: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, 'a') as packed:
        for path in sorted(p for p in root.rglob('*') if p.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(root)), (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes(), compresslevel=9)


if __name__ == '__main__':
    print(package(sys.argv[1]))
