"""Chargebacks: a buyer's bank takes a payment back, at least for now, and decides in the end.

Here the order stands still and the money is frozen, in the order in which it is nearest to the order; the seller sees why, and
until when there is something to say. The evidence is the order's own log.
"""
