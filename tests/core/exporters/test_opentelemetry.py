"""What an OpenTelemetry reader is told."""

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from routellm_core import Decision
from routellm_core.exporters.opentelemetry import observe_routing
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_counter import RoutingCounter


def test_the_statistics_are_read_as_they_are_then() -> None:
    counter = RoutingCounter(Prices(Price(1e6, 0), Price(0, 0)))
    reader = InMemoryMetricReader()
    observe_routing(counter.snapshot, MeterProvider([reader]).get_meter("test"), {"app": "support"})
    decision = Decision("strong", 0.9, 0.5, "score", "r")
    counter.count(decision)
    counter.count_tokens(decision, TokenUsage(3, 5))
    counts = [ReadingStats()]
    counter.watch(lambda: counts[-1])
    counts.append(ReadingStats(3, 2, failed=1, cost=0.25))
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        (metric.name, *sorted(dict(point.attributes).items())): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }

    assert found["routellm.calls", ("app", "support"), ("route", "strong")] == 1
    assert found["routellm.cost", ("app", "support"), ("route", "strong")] == 3.0
    assert found["routellm.decisions", ("app", "support"), ("reason", "score")] == 1
    assert found["routellm.readings", ("app", "support"), ("outcome", "failed")] == 1
    assert found["routellm.reader_cost", ("app", "support")] == 0.25
    assert found["routellm.strong_share", ("app", "support")] == 1.0
    assert found["routellm.tokens", ("app", "support"), ("kind", "output"), ("route", "strong")] == 5
