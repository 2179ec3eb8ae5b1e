"""What the marketplace costs, in units of what its parts cost as they come. Usage: python -m tests.bench"""
