"""Proposals: what sellers propose to who has posted a job. Sealed: a seller sees their own, and the buyer sees all.

An award is the buyer's word and its acceptance the seller's: with that an order is placed, as any other.
"""
