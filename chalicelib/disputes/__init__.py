"""Disputes: the two sides of an order disagree, each stage has a clock and a default, and support rules in the end.

A dispute stops the order's own clock, and costs nothing to be heard. It always ends: with the buyer's part going back, and the
seller's being earned.
"""
