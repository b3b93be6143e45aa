"""Statistics of several processes, of streams without tokens, of shadow calls, and taken without a gap."""

import threading

import pytest

from routellm_core import Decision
from routellm_core.exporters.measures import measures
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.reading_stats import ReadingStats
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.routing_stats import RoutingStats

PRICES = Prices(strong=Price(10, 10), weak=Price(1, 1))
USAGE = TokenUsage(100, 100)
STRONG = Decision("strong", 0.9, 0.5, "score", "r")
WEAK = Decision("weak", 0.1, 0.5, "score", "r")


def counted(*decisions: Decision, usage: TokenUsage | None = USAGE) -> RoutingCounter:
    counter = RoutingCounter(PRICES)
    for decision in decisions:
        counter.count(decision)
        counter.count_tokens(decision, usage)
    return counter


def test_merged_statistics_are_those_of_one_counter() -> None:
    parts = [counted(STRONG, WEAK, WEAK), counted(WEAK), RoutingCounter(PRICES)]
    merged = RoutingStats.merged(part.snapshot() for part in parts).to_dict()
    whole = counted(STRONG, WEAK, WEAK, WEAK).snapshot().to_dict()
    for side in ("strong", "weak", "checker"):
        mine, all_of_it = merged.pop(side), whole.pop(side)
        assert mine.pop("tokens") == all_of_it.pop("tokens")
        assert mine == pytest.approx(all_of_it)
    for name in ("reasons", "sample"):
        assert merged.pop(name) == whole.pop(name)
    assert merged == pytest.approx(whole)


def test_nothing_to_merge_is_refused() -> None:
    with pytest.raises(ValueError, match="no statistics to merge"):
        RoutingStats.merged([])


def test_answers_without_tokens_make_saved_unknown() -> None:
    assert counted(STRONG, WEAK).snapshot().saved == pytest.approx(1 - 11 / 20)
    counter = counted(WEAK)
    counter.count(STRONG)
    counter.count_tokens(STRONG, None)
    stats = counter.snapshot()
    assert stats.strong.without_tokens == 1
    assert stats.saved is None


def test_one_in_twenty_without_tokens_is_left_out() -> None:
    counter = counted(*[WEAK] * 39)
    counter.count(WEAK)
    counter.count_tokens(WEAK, None)
    assert counter.snapshot().saved == pytest.approx(0.9)
    assert counter.snapshot().weak.without_tokens == 1


def test_shadow_says_what_routing_would_have_cost() -> None:
    stats = counted(STRONG.shadowed(), WEAK.shadowed()).snapshot()
    assert stats.cost == pytest.approx(4000 / 1e6)
    assert stats.shadow_cost == pytest.approx(2200 / 1e6)
    assert stats.shadow_saved == pytest.approx(0.45)
    assert counted(STRONG).snapshot().shadow_cost is None


def test_no_call_is_lost_or_counted_twice_between_snapshots() -> None:
    counter = RoutingCounter(PRICES)

    def count() -> None:
        for _ in range(2_000):
            counter.count(WEAK)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    parts = [counter.snapshot(reset=True) for _ in range(50)]
    for thread in threads:
        thread.join()
    parts.append(counter.snapshot(reset=True))
    assert RoutingStats.merged(parts).requests == 8_000
    assert counter.snapshot().requests == 0


class Read:
    """A reader's counts, as a router tells them."""

    def __init__(self, cost: float | None = 0.0) -> None:
        self.stats = ReadingStats(cost=cost)

    def __call__(self) -> ReadingStats:
        return self.stats

    def more(self, cost: float | None) -> None:
        self.stats += ReadingStats(asked=2, rated=1, failed=1, tokens=TokenUsage(50, 1), cost=cost)


def test_a_readers_cost_is_part_of_the_cost_and_of_what_is_saved() -> None:
    counter, read = counted(STRONG, WEAK), Read()
    read.more(7.0)  # before this counter began
    counter.watch(read)
    read.more(500 / 1e6)
    counter.watch(read)  # whoever makes the dispatcher anew says it again
    stats = counter.snapshot()

    assert stats.reader == ReadingStats(2, 1, 0, 1, 0, TokenUsage(50, 1), 0, pytest.approx(500 / 1e6))
    assert stats.cost == pytest.approx((2200 + 500) / 1e6)
    assert stats.saved == pytest.approx(1 - 2700 / 4000)
    counter.reset()
    assert counter.snapshot().reader == ReadingStats(cost=pytest.approx(0.0))


def test_a_reader_without_a_price_makes_saved_unknown_as_soon_as_it_is_asked() -> None:
    counter, read = counted(STRONG, WEAK), Read(None)
    counter.watch(read)
    assert counter.snapshot().saved is not None
    read.more(None)

    assert counter.snapshot().saved is None
    assert counter.snapshot().cost == pytest.approx(2200 / 1e6)


def test_in_shadow_mode_routing_would_have_cost_the_readings_too() -> None:
    counter, read = counted(STRONG.shadowed(), WEAK.shadowed()), Read()
    counter.watch(read)
    read.more(200 / 1e6)
    stats = counter.snapshot()

    assert stats.shadow_cost == pytest.approx(2400 / 1e6)
    assert stats.shadow_saved == pytest.approx(1 - 2400 / 4000)


def test_readings_of_several_processes_add_up() -> None:
    parts = []
    for _ in range(2):
        counter, read = counted(WEAK), Read()
        counter.watch(read)
        read.more(100 / 1e6)
        parts.append(counter.snapshot())
    merged = RoutingStats.merged([*parts, counted(WEAK).snapshot()])

    assert merged.reader == ReadingStats(4, 2, 0, 2, 0, TokenUsage(100, 2), 0, pytest.approx(200 / 1e6))
    assert merged.saved == pytest.approx(1 - (600 + 200) / 6000)


def test_tiers_of_several_processes_add_up() -> None:
    ladder = Ladder(("nano", "mini", "full"))
    prices = Prices.from_mapping({name: Price(1, 1) for name in ladder.names}, ladder)
    parts = [RoutingCounter(prices, ladder=ladder) for _ in range(2)]
    for part, route in zip(parts, ("nano", "mini"), strict=True):
        decision = Decision(route, 0.5, 0.3, "score", "random")
        part.count(decision)
        part.count_tokens(decision, TokenUsage(1_000_000, 0))
    merged = RoutingStats.merged(part.snapshot() for part in parts)
    assert {name: (tier.calls, tier.cost) for name, tier in merged.tiers.items()} == {
        "nano": (1, 1.0),
        "mini": (1, 1.0),
        "full": (0, 0.0),
    }
    labels = [each.labels for each in measures(merged) if each.name == "routellm_calls"]
    assert labels == [{"route": "nano"}, {"route": "mini"}, {"route": "full"}]
