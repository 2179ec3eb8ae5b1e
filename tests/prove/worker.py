"""One of the processes: a world of its own, in which it does job after job."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.support import standing
from tests.support.roomy import roomy

_world: list[Any] = []


def begin() -> None:
    sys.stdout = Path(os.devnull).open('w')  # noqa: SIM115 - for the app's log; it is closed with the process
    _world.append(standing.aws())
    _world[0].__enter__()


@roomy
def do(kind: str, about: tuple[Any, ...]) -> tuple[str, int, list[str], float]:
    from tests.prove.jobs import KINDS

    began = time.monotonic()
    try:
        count, wrong = KINDS[kind](*about)
    except Exception as failure:
        count, wrong = 0, [f'python -m tests.prove {kind} {" ".join(map(repr, about))}: {failure!r}']
    return kind, count, wrong, time.monotonic() - began
