"""A payment provider for tests: Stripe and Xendit over loopback HTTP, with books of its own and bad days on command."""

from tests.support.fake_psp.psp import FakePsp, Webhook

__all__ = ['FakePsp', 'Webhook']
