import json
from collections.abc import Iterator

import boto3
import pytest

from chalicelib import settings
from chalicelib.payments import credentials, providers
from tests.support.fake_psp import FakePsp

KEYS = {'stripe': 'sk_test_key', 'xendit': 'xnd_development_key'}
SECRETS = {'stripe': 'whsec_new', 'xendit': 'token-new'}
OLD_SECRETS = {'stripe': 'whsec_old', 'xendit': 'token-old'}


def keep_secret(provider: str, said: object) -> None:
    name, text = f'gigmarket/{settings.STAGE}/{provider}', said if isinstance(said, str) else json.dumps(said)
    client = boto3.client('secretsmanager')
    try:
        client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=name, SecretString=text)


@pytest.fixture
def psp(world: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePsp]:
    """Stripe for dollars and Xendit for rupiah, as far as we can see."""
    from stripe import HTTPClient

    for provider, api_key in KEYS.items():
        keep_secret(provider, {'api_key': api_key, 'webhook_secrets': [SECRETS[provider], OLD_SECRETS[provider]]})
    credentials.forget()
    made = FakePsp(KEYS, SECRETS)
    for name, value in (('STRIPE_API', made.url), ('XENDIT_API', made.url), ('PAYMENT_RETURN', 'https://app.test/paid')):
        monkeypatch.setattr(settings, name, value)
    monkeypatch.setattr(providers, 'CHOSEN', {'USD': 'stripe', 'IDR': 'xendit'})
    monkeypatch.setattr(HTTPClient, '_sleep_time_seconds', lambda *_: 0)
    yield made
    made.stop()
    credentials.forget()
