"""Which providers this stage works with, and which of them takes and pays a currency.

New payments and payouts go to the one that is chosen for their currency; what was begun stays with the one it was begun with.
"""

from functools import cache

from chalicelib import settings
from chalicelib.money import CURRENCIES
from chalicelib.payments.port import NAMES, Provider
from chalicelib.payments.sandbox.provider import Sandbox
from chalicelib.payments.stripe.provider import Stripe
from chalicelib.payments.xendit.provider import Xendit

TELLING = (Stripe.name, Xendit.name)
"""Those who send webhooks."""


def chosen(setting: str) -> dict[str, str]:
    """The provider of each currency: `sandbox` for all, or `USD=stripe,IDR=xendit`. Every currency has to have one."""
    if '=' not in setting:
        setting = ','.join(f'{currency}={setting}' for currency in CURRENCIES)
    pairs = [pair.strip().partition('=') for pair in setting.split(',')]
    found = {currency: name for currency, _, name in pairs}
    if found.keys() != CURRENCIES.keys() or len(found) != len(pairs):
        raise ValueError(f'{setting!r} does not name one payment provider for each of {", ".join(CURRENCIES)}')
    for currency, name in found.items():
        if name not in NAMES:
            raise ValueError(f'There is no payment provider {name!r}')
        if name == Xendit.name and currency != Xendit.currency:
            raise ValueError(f'{name} does not take {currency}')
    return found


CHOSEN = chosen(settings.PAYMENT_PROVIDERS)


@cache
def provider(name: str) -> Provider:
    if name == Sandbox.name:
        return Sandbox()
    if name == Stripe.name:
        return Stripe()
    if name == Xendit.name:
        return Xendit()
    raise ValueError(f'There is no payment provider {name!r}')


def provider_for(currency: str) -> Provider:
    return provider(CHOSEN[currency])
