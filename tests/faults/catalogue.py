"""Every money use case that faults are tried on, by its name."""

from tests.faults import cases, hiring, unhappy

BY_NAME = {case.name: case for case in (*cases.CASES, *unhappy.CASES, *hiring.CASES)}
