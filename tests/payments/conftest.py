from collections.abc import Iterator

import pytest

from chalicelib import settings
from chalicelib.payments import credentials, providers
from tests.support import provider_secrets
from tests.support.fake_psp import FakePsp


@pytest.fixture
def psp(world: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePsp]:
    """Stripe for dollars and Xendit for rupiah, as far as we can see."""
    from stripe import HTTPClient

    provider_secrets.keep_all()
    made = FakePsp(provider_secrets.KEYS, provider_secrets.SECRETS)
    for name, value in (('STRIPE_API', made.url), ('XENDIT_API', made.url), ('PAYMENT_RETURN', 'https://app.test/paid')):
        monkeypatch.setattr(settings, name, value)
    monkeypatch.setattr(providers, 'CHOSEN', {'USD': 'stripe', 'IDR': 'xendit'})
    monkeypatch.setattr(HTTPClient, '_sleep_time_seconds', lambda *_: 0)
    yield made
    made.stop()
    credentials.forget()
