from collections.abc import Iterator

import pytest

from tests.support import provider_secrets
from tests.support.fake_psp import FakePsp
from tests.support.playing import playing


@pytest.fixture
def psp(world: None) -> Iterator[FakePsp]:
    """Stripe for dollars and Xendit for rupiah, as far as we can see."""
    provider_secrets.keep_all()
    made = FakePsp(provider_secrets.KEYS, provider_secrets.SECRETS)
    with playing(made):
        yield made
    made.stop()
