"""Writes docs/openapi.json, the committed copy of what the API says of itself. Usage: python -m infra.build.openapi"""

import json

import app
from infra.build.package import ROOT

PATH = ROOT / 'docs' / 'openapi.json'


def text() -> str:
    return json.dumps(json.loads(app.openapi_json()), indent=1, ensure_ascii=False) + '\n'


if __name__ == '__main__':
    PATH.write_text(text())
