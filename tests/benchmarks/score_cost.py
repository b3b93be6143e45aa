"""What a score costs beside something else, in turns in one run, and prompts to score."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 7


def prompts() -> list[str]:
    lines = (ROOT / "core/training_data/written.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["prompt"] for line in lines]


def median_ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Return the median, over rounds in turns, of the time of ours over that of theirs."""
    found = []
    for _ in range(1 + ROUNDS):
        times = []
        for step in (ours, theirs):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        found.append(times[0] / times[1])
    return statistics.median(found[1:])
