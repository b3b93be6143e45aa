"""Comparison: APGRs and differences over the same draws."""

import numpy as np
import pytest

from routellm_core.evaluation.comparison import compare_orders
from routellm_core.evaluation.metrics import apgr


def prompts(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    hard = rng.random(count)
    return hard, (rng.random(count) < hard).astype(np.float64)


def test_each_apgr_is_the_exact_one_with_ties_too() -> None:
    hard, gain = prompts()
    orders = {"fine": hard, "coarse": np.round(hard, 1), "same": np.zeros(len(hard))}

    found = compare_orders(orders, gain)
    for name, scores in orders.items():
        assert found.apgr[name] == pytest.approx(apgr(scores, np.zeros(len(gain)), gain))
    assert found.interval("same") == pytest.approx((0.5, 0.5))


def test_a_difference_of_two_nearly_equal_orders_is_known_better_than_either() -> None:
    hard, gain = prompts()
    close = hard + np.random.default_rng(1).normal(0, 0.02, len(hard))
    found = compare_orders({"a": hard, "b": close}, gain)

    low, high = found.difference("a", "b").interval
    assert high - low < 0.5 * (found.interval("a")[1] - found.interval("a")[0])


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [("good", "bad", "good is better than bad by 0."), ("bad", "good", "bad is worse than good by 0."),
     ("good", "like", "good and like do not differ measurably here: ")],
)  # fmt: skip
def test_the_verdict_is_a_sentence(first: str, second: str, verdict: str) -> None:
    hard, gain = prompts()
    like = hard + np.random.default_rng(1).normal(0, 0.01, len(hard))
    found = compare_orders({"good": hard, "bad": -hard, "like": like}, gain)

    assert found.difference(first, second).sentence.startswith(verdict)


def test_without_a_gap_nothing_is_compared() -> None:
    with pytest.raises(ValueError, match="no gap to recover"):
        compare_orders({"a": np.arange(4.0)}, np.array([1.0, -1.0, 0.0, 0.0]))
