"""Orders: a purchase from the moment it is placed until its money is released or returned.

`lifecycle` says what may happen; `actions` is the main line; `requirements`, `deliveries`, `extensions` and `refunds` are the
nouns beside it. Each verb is one decision and one transaction with the ledger and the order's own log.
"""
