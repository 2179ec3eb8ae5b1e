"""Invoices: what was paid, earned and sent, as PDF. Made of the rows when somebody asks, and never kept.

The same rows make the same bytes. Every figure is one of the ledger's own postings.
"""
