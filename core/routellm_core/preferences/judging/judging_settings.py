"""JudgingSettings: the settings of a judging run, in one process or in a batch of a larger job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.paid_calls import CALL_TIMEOUT
from routellm_core.routing.prices import Price
from routellm_core.routing.validation import check_count


@dataclass(frozen=True)
class JudgingSettings:
    """How a run goes.

    Attributes:
        concurrency: the most calls in flight at once.
        prices: model -> price per million tokens.
        max_cost: the most that the log's calls may cost in all, earlier runs included; None for no cap.
        graded: ask the judge for grades from 1 to 5 as well.
        verdict_attempts: how often a judge is asked for one verdict before the pair is rejected.
        nonsense_limit: so many pairs rejected in a row for malformed verdicts end the run.
        retries: what is done about a provider's failures.
        timeout: seconds that one call may take.
    """

    concurrency: int = 8
    prices: Mapping[str, Price] = field(default_factory=dict)
    max_cost: float | None = None
    graded: bool = False
    verdict_attempts: int = 3
    nonsense_limit: int = 10
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: float = CALL_TIMEOUT

    def __post_init__(self) -> None:
        for name in ("concurrency", "verdict_attempts", "nonsense_limit"):
            check_count(getattr(self, name), name)
