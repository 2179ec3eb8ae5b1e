"""What the app does not load before somebody needs it: each of these is 5 to 40 % of a bare cold start."""

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.no_aws
def test_importing_the_app_loads_nothing_that_only_some_requests_need():
    command = [sys.executable, '-c', 'import app, sys; print(*sys.modules, sep="\\n")']
    loaded = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert 'chalicelib.orders.actions' in loaded
    assert LATE.intersection(loaded) == set()
