"""Stripe: PaymentIntents that capture at once, and separate charges and transfers.

A buyer's money stays in our own balance at Stripe; a payout is a transfer to the seller's connected account, which Stripe pays
out to their bank. What is not said here is in docs/providers.md.
"""
