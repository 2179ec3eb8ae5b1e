"""Builds the pages that lie beside the API: the start page, and the API's documentation with Swagger UI served from here."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.build.package import OUT, ROOT

PAGES = ROOT / 'infra' / 'site'
# Swagger UI as a Python package keeps up with its releases. Only its files are wanted, not what they are packed for.
SWAGGER_UI = 'drf-spectacular-sidecar==2026.10.1'
ASSETS = ('swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png')
CONTENT_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.json': 'application/json',
    '.png': 'image/png',
}


def build() -> dict[str, Path]:
    """The files of the site by their keys. A page's key is its path: `docs` and `docs/`, not `docs.html`."""
    pages = {path.name: path for path in PAGES.iterdir()}
    pages['docs'] = pages['docs/'] = pages.pop('docs.html')
    return pages | {f'assets/{path.name}': path for path in _swagger_ui().iterdir()}


def content_type(path: Path) -> str:
    return CONTENT_TYPES[path.suffix]


def _swagger_ui() -> Path:
    folder = OUT / SWAGGER_UI.replace('==', '-')
    if not folder.exists():
        with tempfile.TemporaryDirectory() as scratch:
            pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install', '--no-deps']
            subprocess.run([*pip, '--target', scratch, SWAGGER_UI], check=True, stderr=subprocess.PIPE)
            dist = next(Path(scratch).rglob('swagger-ui-bundle.js')).parent
            half = folder.with_suffix('.half')
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            for name in ASSETS:
                shutil.copy(dist / name, half)
            half.rename(folder)
    return folder
