"""What Prometheus scrapes."""

import pytest

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")

from prometheus_client import CollectorRegistry, generate_latest

from routellm_core import Decision
from routellm_core.exporters.prometheus import RoutingCollector
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_counter import RoutingCounter


def test_the_statistics_are_scraped_as_they_are_then() -> None:
    counter = RoutingCounter(Prices(Price(1e6, 0), Price(0, 0)))
    registry = CollectorRegistry()
    registry.register(RoutingCollector(counter.snapshot, {"app": "support"}))
    registry.register(RoutingCollector(RoutingCounter().snapshot, {"app": "other"}))
    decision = Decision("strong", 0.9, 0.5, "score", "r")
    counter.count(decision)
    counter.count_tokens(decision, TokenUsage(3, 5))
    told = iter([ReadingStats(cost=0.0), ReadingStats(3, 2, failed=1, cost=0.25)])
    counter.watch(lambda: next(told))
    scraped = generate_latest(registry).decode()

    for line in (
        'routellm_calls_total{app="support",route="strong"} 1.0',
        'routellm_tokens_total{app="support",kind="output",route="strong"} 5.0',
        'routellm_cost_total{app="support",route="strong"} 3.0',
        'routellm_decisions_total{app="support",reason="score"} 1.0',
        'routellm_strong_share{app="support"} 1.0',
        'routellm_readings_total{app="support",outcome="rated"} 2.0',
        'routellm_reader_cost_total{app="support"} 0.25',
        'routellm_calls_total{app="other",route="strong"} 0.0',
    ):
        assert line in scraped
    assert 'routellm_strong_share{app="other"}' not in scraped
