"""Servers that go on after the command that started them, and are stopped by their process id, their children too."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

_started: dict[int, subprocess.Popen[bytes]] = {}
"""The servers that this very process started, by their process id."""


def free_port(preferred: int | None = None) -> int:
    """The preferred port if nobody listens there, or another, from a range that no system gives to outgoing connections."""
    candidates = ([preferred] if preferred else []) + random.sample(range(20_000, 32_000), 100)
    return next(port for port in candidates if is_free(port))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
        with contextlib.suppress(OSError):
            probe.bind(('127.0.0.1', port))
            return True
    return False


def start(command: list[str], *, pid_file: Path, log: Path, environment: dict[str, str]) -> None:
    """In a session of its own, so that the whole family can be found again."""
    with log.open('ab') as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    _started[process.pid] = process
    pid_file.write_text(f'{process.pid} {command[-1]}')


def is_running(pid_file: Path) -> bool:
    """Whether the process is alive, and still the one that was started: a process id may have been given out again."""
    if not pid_file.exists():
        return False
    pid, _, word = pid_file.read_text().partition(' ')
    # Twice -w, because the command is otherwise cut off at the width of a terminal.
    shown = subprocess.run(['ps', '-ww', '-p', pid, '-o', 'command='], capture_output=True, text=True, check=False).stdout
    return word in shown


def stop(pid_file: Path, *, patience_s: float = 20) -> None:
    """Asks the process to end, gives it time to save its state, then ends whatever is left of its family."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split()[0])
    if is_running(pid_file):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        while is_running(pid_file) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    if own := _started.pop(pid, None):
        own.wait()  # or it would stay as a zombie
    pid_file.unlink()
