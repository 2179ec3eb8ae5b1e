"""A play in acts against the running stack, which checks every figure on the way: `python -m infra.local.demo`."""
