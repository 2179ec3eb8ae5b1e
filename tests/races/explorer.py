"""Every way in which use cases can take turns, at the level of one AWS call.

Each use case is a thread that stops before every call it makes, where the fault injector sits as well. Only one of them runs at
a time: whoever's turn it is makes its call, and runs on to the next. The turns that were taken are a string, '0110' say, which
plays the same run again.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import botocore.endpoint

from tests.faults import injector
from tests.support.roomy import roomy

_STUCK_S = 30
_send = botocore.endpoint.Endpoint._do_get_response


@dataclass(frozen=True)
class Played:
    """What came of one schedule."""

    turns: str
    choices: tuple[tuple[int, ...], ...]
    """Who could have taken each turn; whoever takes it unless told otherwise comes first."""
    said: tuple[Any, ...]
    calls: tuple[str, ...]

    @property
    def following(self) -> str | None:
        """The beginning of the next schedule, depth first; None after the last."""
        for position in reversed(range(len(self.turns))):
            choices, taken = self.choices[position], int(self.turns[position])
            if taken != choices[-1]:
                return self.turns[:position] + str(choices[choices.index(taken) + 1])
        return None


class _Player(threading.Thread):
    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self._may_go, self._has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.is_over = False
        self.said: Any = None
        self.failure: BaseException | None = None
        self.next_call = ''
        self.start()
        self.go()

    @roomy
    def run(self) -> None:
        self._may_go.acquire()
        try:
            self.said = self._act()
        except BaseException as failure:
            self.failure = failure
        self.is_over = True
        self._has_stopped.release()

    def go(self) -> None:
        """Lets it run to its next call, or to its end."""
        self._may_go.release()
        assert self._has_stopped.acquire(timeout=_STUCK_S), f'stuck in {self.next_call}'

    def stop_before(self, call: str) -> None:
        self.next_call = call
        self._has_stopped.release()
        self._may_go.acquire()


def play(acts: Sequence[Callable[[], Any]], turns: str = '', *, preemptions: int | None = None) -> Played:
    """Runs the acts in the turns given, and then each to its end. At most so many of them lose a turn that they could take."""
    players = [_Player(act) for act in acts]
    taken, choices, calls = '', [], []
    while running := [number for number, player in enumerate(players) if not player.is_over]:
        last = int(taken[-1]) if taken else None
        is_free = preemptions is None or _preemptions(taken, choices) < preemptions
        choices.append(_choices(running, last, is_free=is_free))
        turn = int(turns[len(taken)]) if len(taken) < len(turns) else choices[-1][0]
        assert turn in choices[-1], f'{turns!r} is no schedule of these: at {taken!r} the turn is of one of {choices[-1]}'
        taken += str(turn)
        calls.append(f'{turn}:{players[turn].next_call}')
        players[turn].go()
    for player in players:
        if player.failure:
            raise player.failure
    return Played(taken, tuple(choices), tuple(player.said for player in players), tuple(calls))


def schedules(run: Callable[[str], Played]) -> Iterator[Played]:
    """All of them, each run once."""
    turns: str | None = ''
    while turns is not None:
        played = run(turns)
        yield played
        turns = played.following


def _choices(running: list[int], last: int | None, *, is_free: bool) -> tuple[int, ...]:
    if last not in running:
        return tuple(running)
    return (last, *(number for number in running if number != last)) if is_free else (last,)


def _preemptions(taken: str, choices: list[tuple[int, ...]]) -> int:
    """How often the turn went to another although who had it could have gone on."""
    pairs = zip(taken, taken[1:], choices[1:], strict=False)
    return sum(before != after and int(before) in could for before, after, could in pairs)


def _stopping(endpoint: Any, request: Any, operation: Any, context: dict[str, Any]) -> Any:
    player = threading.current_thread()
    if isinstance(player, _Player) and 'had_its_turn' not in context:  # the SDK's retries of a call are one turn
        context['had_its_turn'] = True
        player.stop_before(injector.name_of(operation))
    return _send(endpoint, request, operation, context)


botocore.endpoint.Endpoint._do_get_response = _stopping
