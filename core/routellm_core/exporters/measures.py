"""Measures: what of the statistics is exported, under which names; the same for every system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_stats import RoutingStats
from routellm_core.routing.sample_stats import SampleStats


class Measure(NamedTuple):
    """One number.

    Attributes:
        name: without the system's own endings, such as "_total".
        kind: "counter" where it only grows, until the statistics are reset; else "gauge".
        about: what it is, in words.
        value: the number.
        labels: what tells it from others of its name.
    """

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    value: float
    labels: dict[str, str]


def measures(stats: RoutingStats) -> Iterator[Measure]:
    """Yield all that is known; what is None is left out, and so is a checker where there is none."""
    sides = dict(stats.tiers or {"strong": stats.strong, "weak": stats.weak})
    if stats.checker.calls:
        sides["checker"] = stats.checker
    for route, side in sides.items():
        labels = {"route": route}
        yield Measure(
            "routellm_calls", "counter", "Calls that a side was asked to answer.", side.calls, labels
        )
        for kind in ("input", "output", "cached_input"):
            tokens = getattr(side.tokens, kind)
            yield Measure(
                "routellm_tokens",
                "counter",
                "Tokens that providers counted.",
                tokens,
                {**labels, "kind": kind},
            )
        yield Measure(
            "routellm_answers_without_tokens",
            "counter",
            "Answers of which nobody said how many tokens they took.",
            side.without_tokens,
            labels,
        )
        if side.cost is not None:
            yield Measure("routellm_cost", "counter", "Cost, by the prices given.", side.cost, labels)
    for reason, count in stats.reasons.items():
        yield Measure("routellm_decisions", "counter", "Routed calls, by reason.", count, {"reason": reason})
    yield Measure(
        "routellm_escalations", "counter", "Calls that the other side answered.", stats.escalations, {}
    )
    about = "Answers that stayed because escalate_if failed on them."
    yield Measure("routellm_gate_failures", "counter", about, stats.gate_failures, {})
    yield Measure(
        "routellm_switches", "counter", "Calls of a conversation that changed sides.", stats.switches, {}
    )
    if stats.switch_cost is not None:
        yield Measure(
            "routellm_switch_cost",
            "counter",
            "Most that lost prompt caches cost.",
            stats.switch_cost,
            {},
        )
    if stats.checker.calls or stats.uncompared:
        about = "Answers of weak that were not compared with the checker's."
        yield Measure("routellm_uncompared", "counter", about, stats.uncompared, {})
    yield from _sampled(stats.sample)
    if stats.reader is not None:
        yield from _readings(stats.reader)
    yield from _gauges(stats)


def _sampled(sample: SampleStats) -> Iterator[Measure]:
    for outcome in ("answered", "failed", "left_out"):
        about = "Calls that the shadow sample drew, by what came of it."
        yield Measure("routellm_sampled", "counter", about, getattr(sample, outcome), {"outcome": outcome})
    if sample.cost is not None:
        about = "Cost of weak's answers for the shadow sample."
        yield Measure("routellm_sample_cost", "counter", about, sample.cost, {})


def _readings(reader: ReadingStats) -> Iterator[Measure]:
    for outcome in ("rated", "reused", "failed", "skipped"):
        about = "Prompts for a router's reader, by what came of it."
        count = getattr(reader, outcome)
        yield Measure("routellm_readings", "counter", about, count, {"outcome": outcome})
    if reader.cost is not None:
        yield Measure("routellm_reader_cost", "counter", "Cost of a router's reader.", reader.cost, {})


def _gauges(stats: RoutingStats) -> Iterator[Measure]:
    for name, about, value in (
        ("routellm_strong_share", "Share of calls that strong answered.", stats.strong_share),
        ("routellm_scored_share", "Share of scored calls for strong.", stats.scored_share),
        ("routellm_asked_share", "Share that was asked for.", stats.asked_share),
        ("routellm_score_shift", "Distance of the last scores from the expected ones.", stats.score_shift),
        ("routellm_always_strong_cost", "Cost of the same answers from strong.", stats.always_strong_cost),
        ("routellm_saved", "Share of that cost that was saved.", stats.saved),
        ("routellm_shadow_cost", "In shadow mode, what routing would have cost.", stats.shadow_cost),
        ("routellm_shadow_saved", "In shadow mode, the share it would have saved.", stats.shadow_saved),
    ):
        if value is not None:
            yield Measure(name, "gauge", about, value, {})
