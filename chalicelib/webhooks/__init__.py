"""Webhooks of payment providers: kept as they came, answered at once, and followed up by the function behind the queue.

A webhook names something; what has become of it is then asked of the provider, in the same way as a timer asks.
"""
