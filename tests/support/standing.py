"""The world of the tests for what is not run by pytest."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto import mock_aws

from tests import conftest
from tests.support import fast_moto, patience, resources


@contextmanager
def aws() -> Iterator[None]:
    """moto with the template's tables and queues in it, where nobody sleeps between attempts."""
    assert conftest, 'It has set the environment that the app reads'
    fast_moto.install()
    with mock_aws(), patience.no_waiting():
        resources.create()
        yield
