"""ReportSection: one router on one source of prompts, with all numbers that the page's slider needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routellm_core.evaluation.savings import Labelled
from routellm_core.logits import Floats
from routellm_core.routing.prices import Price
from routellm_core.routing.threshold import goes_to_strong

STEPS = 100
"""Positions of the slider, evenly spaced in the share of strong decisions."""

SHOWN_PROMPTS = 400
"""Prompts that the page can show, drawn evenly."""

SHOWN_MISTAKES = 400
"""Labelled prompts that the page can show, those with the largest difference in quality."""

SHOWN_CHARACTERS = 400

_RESAMPLES = 400


@dataclass(frozen=True)
class ReportSection:
    """The content of one section of the page.

    Attributes:
        title: its heading.
        headline: the result in a sentence.
        notes: the assumptions, one sentence each.
        strong: the strong model's name.
        weak: the weak model's.
        scores: shape (n,), of the decisions, or of groups of them.
        threshold: where the slider begins.
        prompts: texts of some decisions.
        prompt_scores: their scores.
        decisions: how many decisions each score stands for, shape (n,); None for one each.
        tokens: input, output and cached input of each of the n, shape (3, n); None if prices are unknown.
        prices: strong's and weak's; None if unknown.
        currency: before amounts, such as "$"; "" if unknown.
        decisions_a_month: as the log has them; None if it does not say.
        labelled: for qualities; None without labels.
    """

    title: str
    headline: str
    notes: Sequence[str]
    strong: str
    weak: str
    scores: Floats
    threshold: float
    prompts: Sequence[str]
    prompt_scores: Floats
    decisions: Floats | None = None
    tokens: Floats | None = None
    prices: tuple[Price, Price] | None = None
    currency: str = ""
    decisions_a_month: float | None = None
    labelled: Labelled | None = None

    @property
    def counts(self) -> Floats:
        """How many decisions each score stands for, shape (n,)."""
        return np.ones(len(self.scores)) if self.decisions is None else self.decisions


@dataclass(frozen=True)
class Points:
    """Results at each of k thresholds, from all to strong to all to weak; arrays of shape (k,).

    Attributes:
        thresholds: ascending.
        shares: share of decisions that go to strong.
        weak_tokens: fresh input, cached input and output that weak would take, shape (3, k).
        strong_tokens: the same of strong.
        costs: of all decisions, by the section's prices; None without them.
        quality: mean quality on the labels; None without them.
        band: lower and upper end of its 95 % interval, shape (2, k); None likewise.
    """

    thresholds: Floats
    shares: Floats
    weak_tokens: Floats | None
    strong_tokens: Floats | None
    costs: Floats | None
    quality: Floats | None
    band: Floats | None

    @property
    def full_cost(self) -> float:
        """What always strong costs."""
        return 0.0 if self.costs is None else float(self.costs[0])


def points_of(section: ReportSection) -> Points:
    """Return the points of a section."""
    order = np.argsort(section.scores, kind="stable")
    upto = np.concatenate([[0.0], np.cumsum(section.counts[order])])  # (n + 1,): decisions with lower scores
    total = upto[-1]
    steps = np.ceil(np.linspace(0.0, total - 1.0, STEPS))
    wanted = section.scores[order][np.searchsorted(upto[1:], steps, side="right")]
    thresholds = np.unique(np.append(wanted, [section.threshold, np.nextafter(section.scores.max(), np.inf)]))
    # A threshold below every score sends all to strong, as the lowest score does.
    thresholds = thresholds[thresholds >= min(section.scores.min(), section.threshold)]
    below = np.searchsorted(section.scores[order], thresholds, side="left")  # (k,): which go to weak
    weak_tokens = strong_tokens = costs = None
    if section.tokens is not None and section.prices is not None:
        sent, answered, cached = section.tokens
        columns = np.stack([sent - cached, cached, answered])  # (3, n)
        used = np.concatenate([np.zeros((3, 1)), np.cumsum(columns[:, order], axis=1)], axis=1)
        weak_tokens = used[:, below]
        strong_tokens = used[:, -1:] - weak_tokens
        costs = price_row(section.prices[0]) @ strong_tokens + price_row(section.prices[1]) @ weak_tokens
    quality, band = (None, None) if section.labelled is None else _qualities(section.labelled, thresholds)
    shares = 1.0 - upto[below] / total
    return Points(thresholds, shares, weak_tokens, strong_tokens, costs, quality, band)


def price_row(price: Price) -> Floats:
    """Return what a fresh input token, a cached one and an output token cost, shape (3,)."""
    cached = price.input if price.cached_input is None else price.cached_input
    return np.array([price.input, cached, price.output]) / 1e6


def section_data(section: ReportSection, points: Points) -> dict[str, Any]:
    """Return plain values for the page's script."""
    start = int(np.searchsorted(points.thresholds, section.threshold))
    money = None
    if points.weak_tokens is not None and points.strong_tokens is not None and section.prices is not None:
        money = {
            "currency": section.currency,
            "tokens": {"strong": points.strong_tokens.tolist(), "weak": points.weak_tokens.tolist()},
            "prices": {
                side: (price_row(price) * 1e6).tolist()
                for side, price in zip(("strong", "weak"), section.prices, strict=True)
            },
            "costs": [] if points.costs is None else points.costs.tolist(),
        }
    quality = None
    if points.quality is not None and points.band is not None:
        low, high = points.band.tolist()
        quality = {"mean": points.quality.tolist(), "low": low, "high": high}
    return {
        "strong": section.strong,
        "weak": section.weak,
        "decisions": int(section.counts.sum()),
        "month": section.decisions_a_month,
        "start": min(start, len(points.thresholds) - 1),
        "thresholds": points.thresholds.tolist(),
        "shares": points.shares.tolist(),
        "money": money,
        "quality": quality,
        "prompts": _prompts(section),
        "mistakes": [] if section.labelled is None else _mistakes(section.labelled),
    }


def _qualities(labelled: Labelled, thresholds: Floats) -> tuple[Floats, Floats]:
    """Return mean quality at each threshold and the band of its 95 % bootstrap interval."""
    benchmark = labelled.benchmark
    strong = goes_to_strong(labelled.scores[:, None], thresholds[None, :])
    routed = np.where(strong, benchmark.strong[:, None], benchmark.weak[:, None])  # (labels, k)
    count = len(routed)
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), _RESAMPLES) / count
    return routed.mean(axis=0), np.quantile(weights @ routed, [0.025, 0.975], axis=0)


def _prompts(section: ReportSection) -> list[tuple[float, str]]:
    every = max(1, -(-len(section.prompts) // SHOWN_PROMPTS))
    shown = {
        section.prompts[place][:SHOWN_CHARACTERS]: float(section.prompt_scores[place])
        for place in range(0, len(section.prompts), every)
    }
    return sorted((score, text) for text, score in shown.items())


def _mistakes(labelled: Labelled) -> list[tuple[float, float, float, str]]:
    benchmark = labelled.benchmark
    gains = benchmark.strong - benchmark.weak
    rows = np.argsort(-np.abs(gains), kind="stable")[:SHOWN_MISTAKES].tolist()
    return [
        (
            float(labelled.scores[row]),
            float(benchmark.weak[row]),
            float(benchmark.strong[row]),
            benchmark.prompts[row][:SHOWN_CHARACTERS],
        )
        for row in rows
        if gains[row]
    ]
