"""Every money use case that faults are tried on, by its name."""

from tests.faults import campaigns, cases, hiring, provided, unhappy

PROVIDED = {case.name: case for case in provided.CASES}
"""Those that talk to Stripe and Xendit."""
BY_NAME = {case.name: case for case in (*cases.CASES, *unhappy.CASES, *hiring.CASES, *campaigns.CASES)} | PROVIDED
