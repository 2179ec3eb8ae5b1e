"""Payments: money coming in from buyers and going back to them, through a provider behind one port.

Money moves on what the provider says when asked, never on what somebody says it said. Our own id is the provider's
idempotency key, so asking twice is asking once.
"""
