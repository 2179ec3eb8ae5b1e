"""Offers: what a seller proposes to one buyer, at a price of its own, until the buyer answers or its time is over."""
