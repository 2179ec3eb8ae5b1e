"""What the providers know us by, in the Secrets Manager of the tests."""

import json

import boto3

from chalicelib import settings
from chalicelib.payments import credentials

KEYS = {'stripe': 'sk_test_key', 'xendit': 'xnd_development_key'}
SECRETS = {'stripe': 'whsec_new', 'xendit': 'token-new'}
OLD_SECRETS = {'stripe': 'whsec_old', 'xendit': 'token-old'}


def keep(provider: str, said: object) -> None:
    """A string as it is, whatever else as JSON."""
    name, text = f'gigmarket/{settings.STAGE}/{provider}', said if isinstance(said, str) else json.dumps(said)
    client = boto3.client('secretsmanager')
    try:
        client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=name, SecretString=text)


def keep_all() -> None:
    """Forgets what was fetched before."""
    for provider, api_key in KEYS.items():
        keep(provider, {'api_key': api_key, 'webhook_secrets': [SECRETS[provider], OLD_SECRETS[provider]]})
    credentials.forget()
