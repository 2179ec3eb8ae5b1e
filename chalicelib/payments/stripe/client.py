"""The one client of Stripe's own SDK, and what its errors mean."""

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from chalicelib import settings
from chalicelib.payments import credentials
from chalicelib.payments.port import OutcomeUnknown, ProviderMismatch

NAME = 'stripe'
VERSION = '2026-10-28.endive'
"""The version of the API that this is written for, whatever the account's own is."""
TIMEOUT_S = 8
RETRIES = 1
"""By the SDK itself, under the same idempotency key."""


class Refused(Exception):
    """Stripe has understood what was asked, and does not do it. `code` is its short reason."""

    def __init__(self, code: str, about: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.about = about
        """Stripe's error object; of a payment that was declined, with the payment in it."""

    @property
    def is_unknown_object(self) -> bool:
        return self.code == 'resource_missing'


def stripe() -> Any:
    """The SDK's client with our key. Raises `OutcomeUnknown` where this stage has no key."""
    return _client(credentials.of(NAME).api_key, settings.STRIPE_API)


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """What Stripe answers, as the port says it: `Refused`, `OutcomeUnknown` or `ProviderMismatch`."""
    from stripe import CardError, IdempotencyError, InvalidRequestError, StripeError  # noqa: PLC0415

    try:
        yield
    except IdempotencyError as error:
        raise ProviderMismatch('Stripe was asked for something else under this id before') from error
    except (CardError, InvalidRequestError) as error:
        about = (error.json_body or {}).get('error', {})
        raise Refused(_code(about), about) from error
    except StripeError as error:
        raise OutcomeUnknown from error


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """As `understood`, of what is only looked up: there a refusal says nothing of what has become of it."""
    try:
        with understood():
            yield
    except Refused as refused:
        raise OutcomeUnknown from refused


def plain(answer: Any) -> dict[str, Any]:
    """An object of the SDK as a dictionary, all the way down."""
    made: dict[str, Any] = answer.to_dict()
    return made


def _code(about: dict[str, Any]) -> str:
    return str(about.get('decline_code') or about.get('code') or about.get('type') or 'refused')


@lru_cache(maxsize=2)
def _client(api_key: str, address: str) -> Any:
    # A seventh of a second, which only those pay who ask Stripe.
    import stripe as sdk  # noqa: PLC0415

    http_client = sdk.RequestsClient(timeout=TIMEOUT_S)
    addresses: Any = {'api': address}
    return sdk.StripeClient(
        api_key, base_addresses=addresses, http_client=http_client, max_network_retries=RETRIES, stripe_version=VERSION
    ).v1
