from collections.abc import Iterator

import pytest

from tests.support import patience


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    with patience.no_waiting():
        yield
