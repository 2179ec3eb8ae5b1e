"""Programs that tests run, and programs that a compiler must find wrong: their lines say what with, at their ends."""

import re
import subprocess
from pathlib import Path
from typing import Any

Finding = tuple[str, int, str]
"""File, line, code."""


def run(folder: Path, *command: Any, status: int = 0) -> str:
    """What a command printed, which must end with that status."""
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def expected(program: Path) -> set[Finding]:
    lines = enumerate(program.read_text().splitlines(), start=1)
    return {(program.name, number, found[1]) for number, line in lines if (found := re.search(r' error ([\w-]+)$', line))}


def reported(said: str, pattern: str) -> set[Finding]:
    """By a pattern with groups for file, line and code."""
    return {(file, int(number), code) for file, number, code in re.findall(pattern, said, re.MULTILINE)}
