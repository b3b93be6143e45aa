"""A `routellm` command in a process of its own that is killed once it has written something."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def kill_once(words: Sequence[str], ready: Callable[[], bool]) -> None:
    """Run a command, and kill it as soon as `ready` is true, which has to come before its end."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "routellm_core.commands.cli", *words], cwd=ROOT
    )
    deadline = time.monotonic() + 120
    try:
        while not ready():
            assert child.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
