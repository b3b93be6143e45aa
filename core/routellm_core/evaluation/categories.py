"""Categories: how a router does within each kind of prompt, such as MMLU's subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.metrics import apgr


@dataclass(frozen=True)
class CategoryResult:
    """One category.

    Attributes:
        category: its name.
        prompts: how many it has.
        weak_quality: the weak model's mean quality on them.
        strong_quality: the strong model's.
        apgr: exact, within the category; None if strong is not better there, so there is no gap.
        strong_share: share of them among the higher-scored half of all prompts.
    """

    category: str
    prompts: int
    weak_quality: float
    strong_quality: float
    apgr: float | None
    strong_share: float


def category_results(scores: npt.NDArray[np.float64], benchmark: Benchmark) -> tuple[CategoryResult, ...]:
    """Evaluate each category by itself, in alphabetical order; empty if the benchmark has none."""
    if not benchmark.categories:
        return ()
    names = np.array(benchmark.categories)
    middle = float(np.median(scores))
    return tuple(_result(str(name), names == name, scores, benchmark, middle) for name in np.unique(names))


def _result(
    name: str,
    members: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.float64],
    benchmark: Benchmark,
    middle: float,
) -> CategoryResult:
    weak, strong = benchmark.weak[members], benchmark.strong[members]
    has_gap = float(strong.mean() - weak.mean()) > 1e-12
    return CategoryResult(
        category=name,
        prompts=int(members.sum()),
        weak_quality=float(weak.mean()),
        strong_quality=float(strong.mean()),
        apgr=apgr(scores[members], weak, strong) if has_gap else None,
        strong_share=float((scores[members] > middle).mean()),
    )
