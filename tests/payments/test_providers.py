"""Which provider is asked, and what we are known by there."""

import json
import os
import re
import subprocess
import sys

import pytest

from chalicelib import aws
from chalicelib.clock import now_ms
from chalicelib.payments import credentials, providers
from chalicelib.payments.port import LONGEST_WAIT_MS, OutcomeUnknown, ask_again_at
from infra.build import package, template
from tests.support import provider_secrets

GOOD = {
    'sandbox': {'USD': 'sandbox', 'IDR': 'sandbox'},
    'stripe': {'USD': 'stripe', 'IDR': 'stripe'},
    'USD=stripe,IDR=xendit': {'USD': 'stripe', 'IDR': 'xendit'},
    'USD=sandbox,IDR=stripe': {'USD': 'sandbox', 'IDR': 'stripe'},
}
BAD = [
    '',
    'paypal',
    'xendit',
    'USD=stripe',
    'USD=stripe,USD=sandbox',
    'USD=stripe,IDR=paypal',
    'USD=xendit,IDR=xendit',
    'USD=,IDR=',
    'USD=stripe,IDR=xendit,EUR=stripe',
]


@pytest.mark.no_aws
@pytest.mark.parametrize(('setting', 'expected'), GOOD.items())
def test_each_currency_has_its_provider(setting, expected):
    assert providers.chosen(setting) == expected
    pattern = template.assemble()['Parameters']['PaymentProviders']['AllowedPattern']
    assert re.fullmatch(pattern, setting)


@pytest.mark.no_aws
@pytest.mark.parametrize('setting', BAD)
def test_a_setting_that_leaves_something_open_stops_the_deployment(setting):
    with pytest.raises(ValueError, match=r'provider|take'):
        providers.chosen(setting)
    pattern = template.assemble()['Parameters']['PaymentProviders']['AllowedPattern']
    assert not re.fullmatch(pattern, setting)


@pytest.mark.no_aws
def test_an_app_with_a_wrong_setting_takes_no_payments():
    environment = os.environ | {'PAYMENT_PROVIDERS': 'USD=stripe'}
    command = [sys.executable, '-c', 'import app; app.app.routes["/orders/{order_id}/payments"]']
    made = subprocess.run(command, cwd=package.ROOT, env=environment, check=False, capture_output=True, text=True)
    assert 'ValueError' in made.stderr


def test_a_secret_is_fetched_once_in_five_minutes(psp, clock, monkeypatch):
    credentials.forget()
    fetched = []
    fetch = credentials._fetched
    monkeypatch.setattr(credentials, '_fetched', lambda name: fetched.append(name) or fetch(name))
    for seconds in (0, 299, 2):
        clock.shift(seconds)
        assert credentials.of('stripe').api_key == provider_secrets.KEYS['stripe']
    assert fetched == ['stripe', 'stripe']


def test_a_secret_that_is_not_there_leaves_all_as_it_is(psp, monkeypatch):
    monkeypatch.setattr(credentials.settings, 'STAGE', 'prod')
    credentials.forget()
    with pytest.raises(OutcomeUnknown, match=r'gigmarket/prod/stripe'):
        credentials.of('stripe')
    assert credentials.find('stripe') is None


def test_a_service_that_does_not_answer_is_no_missing_secret(psp, monkeypatch):
    class Broken:
        def get_secret_value(self, **_):
            raise aws.botocore.exceptions.ClientError({'Error': {'Code': 'InternalServiceError'}}, 'GetSecretValue')

    credentials.forget()
    monkeypatch.setattr(credentials.aws, 'client', lambda _: Broken())
    with pytest.raises(OutcomeUnknown):
        credentials.find('stripe')


@pytest.mark.no_aws
def test_secrets_are_read_by_the_functions_that_ask_providers_and_by_their_names():
    asking = {'api_handler', 'settle_with_provider', 'reconcile_providers'}
    for function in asking:
        policy = json.loads((package.ROOT / '.chalice' / 'policies' / f'{function}.json').read_text())
        [statement] = [one for one in policy['Statement'] if 'secretsmanager:GetSecretValue' in one['Action']]
        names = [one['Fn::Sub'].rpartition(':')[2] for one in statement['Resource']]
        assert names == ['gigmarket/${Stage}/stripe-??????', 'gigmarket/${Stage}/xendit-??????']
    others = {path.stem for path in (package.ROOT / '.chalice' / 'policies').iterdir() if 'secretsmanager' in path.read_text()}
    assert others == asking


@pytest.mark.no_aws
def test_the_older_it_is_the_less_often_it_is_asked_about(clock):
    now = now_ms()
    waits = [ask_again_at(now - age * 60_000) - now for age in (0, 8, 80, 480, 100_000)]
    assert waits == [60_000, 60_000, 600_000, LONGEST_WAIT_MS, LONGEST_WAIT_MS]
