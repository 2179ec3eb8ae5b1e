"""Processes to be measured: their surroundings, and what they cost.

Instructions are counted by valgrind, where it is there; they hardly differ from run to run, whatever else the machine does.
CPU time is the system's and the user's. Memory is the largest resident set, which is never less than that of the process that
starts it: this one imports little.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HAS_VALGRIND = shutil.which('valgrind') is not None


@dataclass(frozen=True)
class Surroundings:
    """The same for all, whoever runs the benchmark: no configuration files, no hash seeds, credentials as Lambda gives them."""

    home: Path
    recording: Path
    keys: Path

    def environment(self, path: Path) -> dict[str, str]:
        return {
            'PATH': os.environ['PATH'],
            'HOME': str(self.home),
            'LANG': 'C.UTF-8',
            'PYTHONPATH': str(path),
            'PYTHONHASHSEED': '0',
            'AWS_REGION': 'us-east-1',
            'AWS_DEFAULT_REGION': 'us-east-1',
            'AWS_ACCESS_KEY_ID': 'ASIAIOSFODNN7EXAMPLE',
            'AWS_SECRET_ACCESS_KEY': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
            'AWS_SESSION_TOKEN': 'token' * 80,
            'STAGE': 'dev',
            'JWKS_URL': self.keys.as_uri(),
        }


def python(*arguments: str) -> list[str]:
    """This interpreter with nothing on its path but the standard library and PYTHONPATH."""
    return [sys.executable, '-S', '-P', *arguments]


def cpu_and_memory(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds and MB."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def instructions(command: list[str], environment: dict[str, str]) -> int:
    counted = ['valgrind', '--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null', *command]
    ran = subprocess.run(counted, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = re.search(r'I\s+refs:\s+([\d,]+)', ran.stderr)
    assert found, ran.stderr
    return int(found[1].replace(',', ''))
