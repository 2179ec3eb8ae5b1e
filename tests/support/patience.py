"""How patient the SDK and the app are with AWS, in tests that make it fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import botocore.config
import botocore.retries.quota
import botocore.retries.standard

from chalicelib import aws, db
from chalicelib.payments.stripe import client as stripe


@contextmanager
def no_waiting() -> Iterator[None]:
    """Nobody sleeps between attempts, or tries less often because there were many of them."""
    delay = patch.object(botocore.retries.standard.ExponentialBackoff, 'delay_amount', lambda *_: 0)
    quota = patch.object(botocore.retries.quota.RetryQuota, 'acquire', lambda *_: True)
    with delay, quota, patch.object(db, '_FIRST_PAUSE_S', 0):
        yield


@contextmanager
def sdk_attempts(count: int) -> Iterator[None]:
    """The SDK gives up after so many attempts; in the app, after three. Stripe's makes no more than in the app."""
    retries = botocore.config.Config(retries={'total_max_attempts': count, 'mode': 'standard'})
    tries_again = min(count - 1, stripe.RETRIES)
    with patch.object(aws, '_CONFIG', aws._CONFIG.merge(retries)), patch.object(stripe, 'RETRIES', tries_again):
        aws.client.cache_clear()
        stripe._client.cache_clear()
        yield
    aws.client.cache_clear()
    stripe._client.cache_clear()
