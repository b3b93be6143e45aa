"""Whatever the statistics know is exported, and what the dashboard asks for is there."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from routellm_core.exporters.measures import measures
from routellm_core.exporters.opentelemetry import _every_measure
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.routing_stats import RouteStats, RoutingStats
from routellm_core.routing.sample_stats import SampleStats

DASHBOARD = Path(__file__).parents[3] / "examples" / "grafana_dashboard.json"

NOTHING = RoutingCounter().snapshot()

SIDE = RouteStats(7, TokenUsage(3, 2, 1), 0.5, 1)

FOLLOWS = {"requests", "scored", "cost"}
"""What follows from others: the decisions by reason, and the costs by side and of the reader."""

OTHERWISE: dict[str, Any] = {
    "strong": SIDE,
    "weak": SIDE,
    "checker": SIDE,
    "tiers": {"small": SIDE, "middle": SIDE, "large": SIDE},
    "reasons": {"score": 7},
    "reader": ReadingStats(asked=1, rated=1),
    "sample": SampleStats(answered=1),
}


@pytest.mark.parametrize("name", sorted({field.name for field in fields(RoutingStats)} - FOLLOWS))
def test_every_number_of_the_statistics_is_exported(name: str) -> None:
    value = OTHERWISE.get(name, 7)

    assert list(measures(replace(NOTHING, **{name: value}))) != list(measures(NOTHING))


@pytest.mark.parametrize("field", ["calls", "tokens", "cost", "without_tokens"])
def test_a_checker_is_exported_as_a_side_is(field: str) -> None:
    names = {"calls": "routellm_calls", "tokens": "routellm_tokens", "cost": "routellm_cost"}
    name = names.get(field, "routellm_answers_without_tokens")
    found = [each for each in measures(replace(NOTHING, checker=SIDE)) if each.name == name]

    assert "checker" in {each.labels["route"] for each in found}


def test_open_telemetry_has_an_instrument_for_every_measure() -> None:
    filled = {**dict.fromkeys((field.name for field in fields(RoutingStats)), 7), **OTHERWISE}
    filled |= {"reader": ReadingStats(cost=0.5), "sample": SampleStats(cost=0.5)}
    found = {measure.name for measure in measures(RoutingStats(**filled))}

    assert found == {measure.name for measure in _every_measure()}


def test_the_dashboard_asks_for_nothing_that_is_not_exported() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"routellm_\w+", target["expr"])
    }
    exported = {
        measure.name + ("_total" if measure.kind == "counter" else "") for measure in _every_measure()
    }

    assert asked <= exported
    assert {"routellm_gate_failures_total", "routellm_escalations_total"} <= asked
