"""How much the attack tries: what CI has time for, or as many times as much as ROUTELLM_ATTACK says."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("ROUTELLM_ATTACK", "1"))
"""1 in CI, with the same attempts each time; above it, other attempts each time."""


def tries(count: int) -> settings:
    """Return hypothesis's settings for so many examples in CI."""
    return settings(
        max_examples=count * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def seeds(count: int) -> range:
    """Return seeds for so many attempts in CI."""
    first = 0 if TIMES == 1 else int.from_bytes(os.urandom(4), "little")
    return range(first, first + count * TIMES)
