"""OpenTelemetry: statistics as instruments that a meter reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from routellm_core.exporters.measures import Measure, measures
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_stats import RouteStats, RoutingStats
from routellm_core.routing.sample_stats import SampleStats

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter


def observe_routing(
    stats: Callable[[], RoutingStats],
    meter: Meter | None = None,
    attributes: Mapping[str, str] | None = None,
) -> None:
    """Make instruments that report the statistics whenever they are read.

    Args:
        stats: gives the statistics, such as `llm.routing_stats`.
        meter: None: the global one, named "routellm".
        attributes: put on every number, such as {"app": "support"}.

    Raises:
        ImportError: the extra `opentelemetry` is not installed.
    """
    try:
        from opentelemetry.metrics import CallbackOptions, Observation, get_meter
    except ImportError as error:
        raise ImportError(
            "metrics for OpenTelemetry need an extra: pip install 'routellm-plugins[opentelemetry]'"
        ) from error
    given = dict(attributes or {})

    def reader(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def read(options: CallbackOptions) -> Iterable[Observation]:
            found = [measure for measure in measures(stats()) if measure.name == name]
            return [Observation(measure.value, {**given, **measure.labels}) for measure in found]

        return read

    used = get_meter("routellm") if meter is None else meter
    for measure in _every_measure():
        make: Any = (
            used.create_observable_counter if measure.kind == "counter" else used.create_observable_gauge
        )
        make(measure.name.replace("_", ".", 1), callbacks=[reader(measure.name)], description=measure.about)


def _every_measure() -> list[Measure]:
    """Return one measure a name, whatever is known yet."""
    side = RouteStats(1, TokenUsage(), 0.0)
    whole = RoutingStats(
        requests=1,
        strong=side,
        weak=side,
        reasons={"score": 1},
        escalations=0,
        switches=0,
        strong_share=0.0,
        scored_share=0.0,
        asked_share=0.0,
        score_shift=0.0,
        cost=0.0,
        always_strong_cost=0.0,
        saved=0.0,
        switch_cost=0.0,
        shadow_cost=0.0,
        shadow_saved=0.0,
        reader=ReadingStats(cost=0.0),
        checker=side,
        sample=SampleStats(cost=0.0),
    )
    return list({measure.name: measure for measure in measures(whole)}.values())
