"""Campaigns: a buyer prepays many small tasks of one kind, workers claim positions, and every task that is approved is paid.

Positions are claimed on a handful of rows that have nothing else in them, so that a thousand workers at once meet nowhere.
"""
