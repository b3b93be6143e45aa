"""Calibration plot: the threshold among the scores, and the quality it leaves; needs the extra `plot`."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.plots import new_figure, save_figure
from routellm_core.logits import Floats
from routellm_core.routing.threshold import goes_to_strong

BARS = 40


def save_calibration_plot(
    scores: Floats, threshold: float, path: str | PathLike[str], benchmark: Benchmark | None = None
) -> None:
    """Draw the scores with the threshold, and beside it mean quality over the share of strong calls.

    Args:
        scores: shape (n,), of the calibration prompts.
        threshold: the chosen one.
        path: the image to write; its suffix chooses the format (.png, .svg, .pdf).
        benchmark: the labels of the same prompts, for the second picture; None if there are none.

    Raises:
        ImportError: names the extra that is missing.
    """
    figure = new_figure(5.0 if benchmark is None else 10.0, 4.6)
    panels = figure.subplots(1, 1 if benchmark is None else 2, squeeze=False)[0]
    strong = goes_to_strong(scores, threshold)
    share = float(strong.mean())
    _draw_scores(panels[0], scores, threshold, strong)
    if benchmark is not None:
        _draw_quality(panels[1], scores, share, benchmark)
    save_figure(figure, path)


def score_edges(scores: Floats, threshold: float) -> Floats:
    """Return the bars' edges: equal widths over all scores, with the threshold on an edge."""
    width = max(float(np.ptp(scores)) / BARS, 1e-9)
    start = scores.min() - width + (threshold - scores.min()) % width
    edges: Floats = start + width * np.arange(BARS + 3)
    return edges


def _draw_scores(panel: Any, scores: Floats, threshold: float, strong: npt.NDArray[np.bool_]) -> None:
    edges = score_edges(scores, threshold)
    share = float(strong.mean())
    panel.hist(scores[~strong], edges, color="0.8", edgecolor="0.4", label=f"to weak ({1 - share:.0%})")
    panel.hist(
        scores[strong], edges, color="0.5", edgecolor="0.2", hatch="//", label=f"to strong ({share:.0%})"
    )
    panel.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.4f}")
    panel.set(title="scores of the prompts", xlabel="score (win rate of strong)", ylabel="prompts")
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=2)


def _draw_quality(panel: Any, scores: Floats, share: float, benchmark: Benchmark) -> None:
    order = np.argsort(-scores, kind="stable")
    gained = np.concatenate([[0.0], np.cumsum((benchmark.strong - benchmark.weak)[order])])
    quality = (benchmark.weak.sum() + gained) / len(scores)
    panel.plot(np.linspace(0.0, 100.0, len(quality)), quality, color="black", label="routed")
    panel.axhline(float(benchmark.strong.mean()), color="0.4", linestyle=":", label="strong alone")
    panel.axhline(float(benchmark.weak.mean()), color="0.4", linestyle="-.", label="weak alone")
    chosen = round(share * len(scores))
    panel.plot([100 * share], [quality[chosen]], "ko", markersize=8, label=f"chosen: {share:.0%} to strong")
    panel.set(title="mean quality of the answers", xlabel="strong calls (%)", ylabel="mean quality")
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=2)
