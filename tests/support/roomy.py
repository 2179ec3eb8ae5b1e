"""Room for deep calls: CPython keeps frames in chunks of 16 KB, and a loop at the edge of one maps and unmaps a chunk per call.

A call through Chalice, PynamoDB, botocore and moto is as deep as several chunks, so that some loop always was at an edge: of
a test's time, 40 % were spent there. A chunk is as large as the frame that needs it, and a frame as large as its code says.
"""

from types import FunctionType

_ROOM = 60_000
"""In words: a chunk is twice as large, so that as much is left for what is called."""


def roomy(function: FunctionType) -> FunctionType:
    """The same function, with a frame so large that all that it calls finds room in one chunk."""
    function.__code__ = function.__code__.replace(co_stacksize=_ROOM)
    return function
