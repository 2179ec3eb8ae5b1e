"""A payment provider that moves no money: for local and dev stages, with cards and banks that do what their name says.

It keeps books of its own, as a real one would, and is asked through the same port.
"""
