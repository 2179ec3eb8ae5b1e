"""Which provider this stage works with."""

from functools import cache

from chalicelib import settings
from chalicelib.payments.port import Provider
from chalicelib.payments.sandbox.provider import Sandbox


@cache
def provider(name: str = settings.PAYMENT_PROVIDER) -> Provider:
    if name == Sandbox.name:
        return Sandbox()
    raise ValueError(f'There is no payment provider {name!r}')
