"""Adjustments: what the books need and no event brings. Each has a reason, and is posted when two people have approved it."""
