"""Savings: what a log would have cost, from always weak to always strong, and at what quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.calibration.certificate import Certificate, certify
from routellm_core.calibration.target import QualityTarget
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.traffic import Traffic
from routellm_core.logits import Floats
from routellm_core.routing.prices import Price
from routellm_core.routing.threshold import goes_to_strong

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)

MONTH = 365.25 / 12
"""Days."""

SHORTEST_SPAN = 86_400.0
"""Fewest seconds of log that are extrapolated to a month."""

CALLS = 1000

_RESAMPLES = 1000


@dataclass(frozen=True)
class Labelled:
    """Labels that give quality, and the router's scores of their prompts.

    Attributes:
        benchmark: n prompts with both models' qualities.
        scores: shape (n,).
    """

    benchmark: Benchmark
    scores: Floats


@dataclass(frozen=True)
class SavingsRow:
    """One threshold.

    Attributes:
        name: what it is, such as "always weak"; "" for a share.
        threshold: None for the two ends, which need no router.
        strong_share: share of the log's decisions that go to strong.
        cost: in the unit of `Savings.per`.
        saved: share of always strong's cost that is saved; negative if it costs more.
        quality: mean quality on the labels; None without them.
        quality_interval: 95 % bootstrap interval of it.
    """

    name: str
    threshold: float | None
    strong_share: float
    cost: float
    saved: float
    quality: float | None = None
    quality_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Savings:
    """What routing would have saved.

    Attributes:
        rows: from always weak to always strong.
        chosen: the row that was asked for.
        certified: the cheapest certified row; None without labels, or if nothing could be certified.
        certificate: the guarantee at that row.
        per: "month" or "1,000 calls".
        factor: from the log's cost to that unit's.
        logged_cost: what the log's own models cost, in that unit; None if a price or a name is missing.
    """

    rows: Sequence[SavingsRow]
    chosen: SavingsRow
    certified: SavingsRow | None
    certificate: Certificate | None
    per: str
    factor: float
    logged_cost: float | None


def savings(
    traffic: Traffic,
    strong: Price,
    weak: Price,
    *,
    chosen: float | None = None,
    threshold: float | None = None,
    monthly_calls: float | None = None,
    labelled: Labelled | None = None,
    certificate: Certificate | None = None,
    logged_prices: dict[str, Price] | None = None,
) -> Savings:
    """Return what routing the traffic would have cost.

    Args:
        traffic: of a log.
        strong: the strong model's price.
        weak: the weak model's.
        chosen: a share of strong decisions to report in detail.
        threshold: a threshold instead of that share.
        monthly_calls: model calls in a month; None uses the log's own span if it is a day or longer.
        labelled: for qualities.
        certificate: of a threshold that keeps enough quality, see `certified`; None if there is none.
        logged_prices: model -> price, for what the log itself cost.
    """
    costs = (traffic.cost(weak), traffic.cost(strong))
    per, factor = _unit(traffic, monthly_calls)

    def row(
        name: str, at: float | None, to_strong: npt.NDArray[np.bool_], labels: Floats | None
    ) -> SavingsRow:
        cost = float(np.where(to_strong, costs[1], costs[0]).sum())
        full = float(costs[1].sum())
        share = float(traffic.decisions[to_strong].sum()) / traffic.count
        quality, interval = (None, None) if labels is None else _interval(labels)
        saved = 1.0 - cost / full if full else 0.0
        return SavingsRow(name, at, share, cost * factor, saved, quality, interval)

    def at_threshold(value: float, name: str = "") -> SavingsRow:
        return row(name, value, goes_to_strong(traffic.scores, value), _routed(labelled, value))

    rows: list[SavingsRow] = []
    for share in SHARES:
        if share in (0.0, 1.0):
            ends = np.full(len(traffic.scores), share == 1.0)
            rows.append(
                row("always strong" if share else "always weak", None, ends, _end(labelled, share == 1.0))
            )
        else:
            rows.append(at_threshold(traffic.threshold(share)))
    wanted = traffic.threshold(0.3 if chosen is None else chosen)
    return Savings(
        rows=_distinct(rows),
        chosen=at_threshold(wanted if threshold is None else threshold),
        certified=None if certificate is None else at_threshold(certificate.threshold, "certified"),
        certificate=certificate,
        per=per,
        factor=factor,
        logged_cost=_logged_cost(traffic, logged_prices or {}, factor),
    )


def _unit(traffic: Traffic, monthly_calls: float | None) -> tuple[str, float]:
    if monthly_calls is not None:
        return "month", monthly_calls / traffic.calls
    if traffic.span is not None and traffic.span >= SHORTEST_SPAN:
        return "month", MONTH * 86_400.0 / traffic.span
    return f"{CALLS:,} calls", CALLS / traffic.calls


def _routed(labelled: Labelled | None, threshold: float) -> Floats | None:
    if labelled is None:
        return None
    benchmark = labelled.benchmark
    return np.where(goes_to_strong(labelled.scores, threshold), benchmark.strong, benchmark.weak)


def _end(labelled: Labelled | None, strong: bool) -> Floats | None:
    if labelled is None:
        return None
    return labelled.benchmark.strong if strong else labelled.benchmark.weak


def _interval(qualities: Floats) -> tuple[float, tuple[float, float]]:
    """Return the mean and its 95 % percentile interval over draws of the labels."""
    rng = np.random.default_rng(0)
    count = len(qualities)
    means = [float(qualities[rng.integers(0, count, count)].mean()) for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return float(qualities.mean()), (low, high)


def certified(
    labelled: Labelled, target: QualityTarget, confidence: float, scale: tuple[float, float]
) -> Certificate | None:
    """Return the cheapest threshold that keeps enough quality; None if these labels certify none.

    Args:
        labelled: the labels.
        target: what is kept.
        confidence: of the guarantee.
        scale: of the labels.
    """
    benchmark = labelled.benchmark
    try:
        return certify(
            labelled.scores, benchmark.weak, benchmark.strong, target, confidence=confidence, scale=scale
        )
    except ValueError:
        # Too few labels, or strong is not better on them: the table says so by having no certified row.
        return None


def _distinct(rows: Sequence[SavingsRow]) -> list[SavingsRow]:
    # With few decisions or equal scores, several shares give the same threshold.
    kept: list[SavingsRow] = []
    for row in rows:
        if row.name or not any(other.threshold == row.threshold for other in kept):
            kept.append(row)
    return kept


def _logged_cost(traffic: Traffic, prices: dict[str, Price], factor: float) -> float | None:
    if traffic.unnamed or not traffic.models or not all(name in prices for name in traffic.models):
        return None
    cost = math.fsum(prices[name].cost(usage) for name, (usage, _) in traffic.models.items())
    return cost * factor
