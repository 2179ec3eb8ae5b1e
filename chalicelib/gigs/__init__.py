"""Gigs: what sellers offer, as packages with extras and requirements, or as a digital product; drafted, published, paused."""
