"""Quotes: what a purchase would cost the buyer and bring the seller, to the last line, before anyone commits."""
