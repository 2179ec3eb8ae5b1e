"""From the source tree to a deployed stage."""
