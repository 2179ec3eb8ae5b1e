import botocore.retries.standard
import pytest

from chalicelib import aws, db


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Nobody sleeps between attempts."""
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, 'delay_amount', lambda *_: 0)
    monkeypatch.setattr(db, '_FIRST_PAUSE_S', 0)


@pytest.fixture(params=[1, 3], ids=['one attempt', 'three attempts'])
def sdk(request, monkeypatch):
    """The SDK gives up at once, or tries three times, as it does in the app."""
    retries = aws._CONFIG.merge(aws.botocore.config.Config(retries={'total_max_attempts': request.param, 'mode': 'standard'}))
    monkeypatch.setattr(aws, '_CONFIG', retries)
    aws.client.cache_clear()
    yield
    monkeypatch.undo()
    aws.client.cache_clear()
