"""The bank of a seller, as far as the sandbox stands in for it."""
