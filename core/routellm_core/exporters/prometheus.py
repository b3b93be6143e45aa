"""RoutingCollector: statistics for Prometheus, read when they are scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from routellm_core.exporters.measures import measures
from routellm_core.routing.routing_stats import RoutingStats

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


class RoutingCollector:
    """A collector for `prometheus_client`: `REGISTRY.register(RoutingCollector(llm.routing_stats))`.

    The statistics must not be reset meanwhile by anybody else: Prometheus takes that for a restart.
    """

    def __init__(self, stats: Callable[[], RoutingStats], labels: Mapping[str, str] | None = None) -> None:
        """Store what to read.

        Args:
            stats: gives the statistics, such as `llm.routing_stats`.
            labels: put on every number, such as {"app": "support"}; two pairs in one registry need them.

        Raises:
            ImportError: the extra `prometheus` is not installed.
        """
        try:
            import prometheus_client  # noqa: F401  # now, and not at the first scrape
        except ImportError as error:
            raise ImportError(
                "metrics for Prometheus need an extra: pip install 'routellm-plugins[prometheus]'"
            ) from error
        self._stats = stats
        self._labels = dict(labels or {})

    def describe(self) -> list[Metric]:
        """Nothing: what there is to tell depends on prices and reasons."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield one family a name."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for measure in measures(self._stats()):
            names = [*self._labels, *measure.labels]
            if measure.name not in families:
                kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
                families[measure.name] = kind(measure.name, measure.about, labels=names)
            families[measure.name].add_metric(
                [*self._labels.values(), *measure.labels.values()], measure.value
            )
        yield from families.values()
