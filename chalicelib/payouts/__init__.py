"""Payouts: a seller's available money on its way to their bank."""
