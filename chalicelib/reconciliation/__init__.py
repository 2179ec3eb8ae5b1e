"""Reconciliation: every day, what a provider reports against what we have posted, line by line and in the end as a sum.

What agrees is settled. What does not is a case, which is closed by itself when a later day explains it.
"""
