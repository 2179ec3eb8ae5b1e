"""Xendit, for rupiah: invoices that are paid by virtual account, e-wallet, QRIS, retail or card, refunds, and payouts to banks.

Its own SDK takes amounts as floats only, knows no timeout and fails on statuses that are documented; so this is written by
hand. What is not said here is in docs/providers.md.
"""
