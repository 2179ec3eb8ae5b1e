from collections.abc import Iterator

import pytest

from tests.support import patience


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with patience.no_waiting():
        yield


@pytest.fixture(params=[1, 3], ids=['one attempt', 'three attempts'])
def sdk(request: pytest.FixtureRequest) -> Iterator[int]:
    """How often the SDK tries."""
    with patience.sdk_attempts(request.param):
        yield request.param
