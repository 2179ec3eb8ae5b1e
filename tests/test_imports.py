"""What the app does not load before somebody needs it: each of these is 5 to 40 % of a bare cold start."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).parents[1]
LATE = {
    'anyascii',
    'aws_lambda_powertools.utilities.batch',
    'aws_lambda_powertools.utilities.parser',
    'aws_xray_sdk',
    'boto3',
    'cryptography',
    'fastapi',
    'fontTools',
    'fpdf',
    'joserfc',
    'puremagic',
    'requests',
    'stripe',
}


def modules_after(code: str) -> set[str]:
    command = [sys.executable, '-c', f'import app, sys\n{code}\nprint(*sys.modules, sep="\\n")']
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())


def slices(modules: set[str], kind: str) -> set[str]:
    return {match[1] for name in modules if (match := re.fullmatch(rf'chalicelib\.(.+)\.{kind}', name))}


@pytest.mark.no_aws
def test_importing_the_app_loads_nothing_that_only_some_requests_need():
    loaded = modules_after('')
    assert LATE.intersection(loaded) == set()
    assert [slices(loaded, kind) for kind in ('routes', 'events', 'schemas')] == [set(), set(), set()]


@pytest.mark.no_aws
@pytest.mark.parametrize(
    ('path', 'serving'),
    [
        ('/me', 'users'),
        ('/me/statement.csv', 'ledger'),
        ('/orders/{order_id}', 'orders'),
        ('/orders/{order_id}/disputes/{dispute_id}/ruling', 'disputes'),
        ('/sandbox/payouts/{payout_id}/return', 'payouts.sandbox'),
    ],
)
def test_a_request_loads_the_routes_of_its_own_slice(path, serving):
    assert slices(modules_after(f'app.app.routes[{path!r}]'), 'routes') == {serving}


@pytest.mark.no_aws
def test_every_path_is_found_where_it_is_served():
    where = {path: routes._import_name for routes in app.ROUTES.all() for path in (one.path for one in routes.operations)}
    assert {path: app.ROUTES.module_of(path) for path in where} == where
