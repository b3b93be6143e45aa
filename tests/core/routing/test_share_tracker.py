"""A share of strong calls that holds: whatever the scores are, whatever order they come in."""

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from routellm_core.checkpoints.percentile import percentile_of, two_places
from routellm_core.routing.share_tracker import NEVER, STEP, ShareTracker

QUANTILES = np.linspace(0.5, 0.7, 101).tolist()


def traffic(kind: str, count: int) -> list[float]:
    rng = np.random.default_rng(5)
    streams = {
        "like the shipped mix": rng.uniform(0.5, 0.7, count),
        "all above it": rng.uniform(0.8, 0.9, count),
        "all below it": rng.uniform(0.1, 0.2, count),
        "two values": rng.choice([0.55, 0.65], count),
        "one value": np.full(count, 0.6),
        "changes half-way": np.concatenate(
            [rng.uniform(0.2, 0.3, count // 2), rng.uniform(0.7, 0.9, count - count // 2)]
        ),
    }
    return streams[kind].tolist()


KINDS = [
    "like the shipped mix",
    "all above it",
    "all below it",
    "two values",
    "one value",
    "changes half-way",
]


def realised(tracker: ShareTracker, scores: list[float]) -> float:
    return sum(tracker.place(f"text {i}", score).strong for i, score in enumerate(scores)) / len(scores)


@pytest.mark.parametrize("order", ["as it comes", "ascending", "descending"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_after_a_thousand_texts_the_share_is_the_asked_one(kind: str, order: str, share: float) -> None:
    scores = traffic(kind, 1_000)
    if order != "as it comes":
        scores.sort(reverse=order == "descending")

    assert realised(ShareTracker(share, QUANTILES), scores) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("seed", range(5))
def test_no_order_breaks_the_bound(seed: int) -> None:
    """An adversary who sees the threshold always sends the score on the other side of what is wanted."""
    rng = np.random.default_rng(seed)
    tracker, strong = ShareTracker(0.3, QUANTILES), 0
    for count in range(1, 3_001):
        wish = rng.random() < 0.9
        strong += tracker.place(str(count), min(1.0, tracker.threshold) if wish else 0.0).strong
        assert abs(strong / count - 0.3) <= (1 + STEP) / (STEP * count) + 1e-9


def test_a_text_that_comes_again_keeps_its_decision_and_counts_once() -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    first = tracker.place("the question", 0.69)
    before = tracker.state()
    assert first.strong
    assert all(tracker.place("the question", 0.69) == first for _ in range(50))
    assert tracker.state() == before
    realised(tracker, [0.99] * 60)
    assert tracker.place("the question", 0.69) == first


def test_a_preview_changes_nothing() -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    before = tracker.state()
    assert tracker.preview("a text", 0.69).strong
    assert not tracker.preview("a text", 0.51).strong
    assert tracker.state() == before


def test_the_percentile_is_of_the_shipped_mix_and_then_of_the_traffic() -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    assert tracker.place("first", 0.6).percentile == pytest.approx(50, abs=1)
    realised(tracker, traffic("all above it", 1_000))
    assert tracker.preview("later", 0.6).percentile == pytest.approx(0, abs=0.5)
    assert tracker.preview("later", 0.85).percentile == pytest.approx(50, abs=5)


def test_ties_count_as_half() -> None:
    assert percentile_of(0.5, [0.1, 0.5, 0.5, 0.9]) == 50.0
    assert [percentile_of(score, [0.1, 0.5, 0.5, 0.9]) for score in (0.0, 0.2, 1.0)] == [0.0, 25.0, 100.0]
    assert [two_places(number) for number in (0.0, 100.0 / 3.0, 99.996, 100.0)] == [0.0, 33.33, 100.0, 100.0]


def test_good_traffic_is_ordered_by_its_score() -> None:
    """The correction costs little: of shuffled traffic nearly all of the highest scores go to strong."""
    scores = traffic("like the shipped mix", 5_000)
    tracker = ShareTracker(0.3, QUANTILES)
    sent = [tracker.place(str(i), score).strong for i, score in enumerate(scores)]
    wanted = np.array(scores) >= np.quantile(scores, 0.7)
    assert np.mean(np.array(sent) == wanted) > 0.9


def test_the_window_forgets() -> None:
    tracker = ShareTracker(0.5, QUANTILES, window=200)
    realised(tracker, [0.9] * 400)
    for i in range(400):
        tracker.place(f"new {i}", 0.1 + i / 10_000)
    assert len(tracker.state()["scores"]) == 200
    assert tracker.threshold == NEVER or tracker.threshold < 0.2


def test_a_state_survives_json_and_goes_on_as_if_nothing_had_been() -> None:
    scores = traffic("changes half-way", 1_200)
    whole, first = ShareTracker(0.3, QUANTILES), ShareTracker(0.3, QUANTILES)
    realised(whole, scores[:700])
    realised(first, scores[:700])
    second = ShareTracker(0.3, QUANTILES)
    second.restore(json.loads(json.dumps(first.state())))
    for i, score in enumerate(scores[700:]):
        assert second.place(f"later {i}", score) == whole.place(f"later {i}", score)


def test_a_state_for_another_share_gives_its_window_alone() -> None:
    first = ShareTracker(0.3, QUANTILES)
    realised(first, traffic("all above it", 500))
    second = ShareTracker(0.6, QUANTILES)
    second.restore(first.state())
    assert second.state()["level"] == 0.6
    assert len(second.state()["scores"]) == 500


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({}, "scores"),
        ({"scores": "0.5", "level": 0.3}, "scores"),
        ({"scores": [0.5, float("nan")], "level": 0.3}, "scores"),
        ({"scores": [2], "level": 0.3}, "scores"),
        ({"scores": [0.5], "level": float("nan")}, "level"),
        ({"scores": [0.5], "level": None}, "level"),
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(state: dict[str, object], named: str) -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    before = tracker.state()
    with pytest.raises(ValueError, match=named):
        tracker.restore(state)
    assert tracker.state() == before


@pytest.mark.parametrize("window", [0, 199, True, 1e3, None])
def test_a_window_that_is_too_small_is_refused(window: object) -> None:
    with pytest.raises(ValueError, match="share_window"):
        ShareTracker(0.3, QUANTILES, window=window)  # type: ignore[arg-type]


def test_threads_lose_no_text() -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    scores = traffic("like the shipped mix", 4_000)
    with ThreadPoolExecutor(16) as pool:
        sent = list(
            pool.map(lambda item: tracker.place(*item).strong, ((str(i), s) for i, s in enumerate(scores)))
        )
    state = tracker.state()
    assert len(state["scores"]) == 1_000
    assert state["level"] == pytest.approx(0.3 + STEP * (0.3 * 4_000 - sum(sent)))


def test_copies_start_anew() -> None:
    tracker = ShareTracker(0.3, QUANTILES)
    realised(tracker, traffic("all above it", 500))
    for other in (copy.deepcopy(tracker), pickle.loads(pickle.dumps(tracker))):
        assert other.state() == ShareTracker(0.3, QUANTILES).state()


def test_memory_stays_bounded() -> None:
    tracker = ShareTracker(0.3, QUANTILES, window=200, remembered=300)
    realised(tracker, traffic("like the shipped mix", 5_000))
    assert len(tracker._placed) == 300
    assert len(tracker._sorted) == len(tracker._recent) == 200
