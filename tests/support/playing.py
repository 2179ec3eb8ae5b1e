"""The app as it is where Stripe takes dollars and Xendit rupiah: both are the fake provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import stripe

from chalicelib import settings
from chalicelib.payments import credentials, providers
from tests.support.fake_psp import FakePsp

CHOSEN = {'USD': 'stripe', 'IDR': 'xendit'}


@contextmanager
def playing(psp: FakePsp) -> Iterator[None]:
    at = {'STRIPE_API': psp.url, 'XENDIT_API': psp.url, 'PAYMENT_RETURN': 'https://app.test/paid'}
    no_waiting = patch.object(stripe.HTTPClient, '_sleep_time_seconds', lambda *_: 0)
    with patch.multiple(settings, **at), patch.object(providers, 'CHOSEN', CHOSEN), no_waiting:
        yield
    credentials.forget()
