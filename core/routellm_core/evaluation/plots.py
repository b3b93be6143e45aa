"""Plots of evaluations: PGR over the share of strong calls; needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

from routellm_core.evaluation.bootstrap import GRID
from routellm_core.evaluation.evaluation import Evaluation

_STYLES = ("-", "--", "-.", ":")
_BASELINES: dict[str, dict[str, Any]] = {
    "oracle": {"color": "0.4", "linestyle": ":"},
    "prompt length": {"color": "0.4", "linestyle": "-."},
    "category mean": {"color": "0.4", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
}


def save_plot(evaluations: Sequence[Evaluation], path: str | PathLike[str]) -> None:
    """Draw one panel per benchmark, one curve per router and baseline; random is the diagonal.

    Each router's curve has its 95 % band.

    Args:
        evaluations: at least one.
        path: the image to write; its suffix chooses the format (.png, .svg, .pdf).

    Raises:
        ImportError: names the extra that is missing.
        ValueError: no evaluations, or a format that matplotlib does not write.
    """
    if not evaluations:
        raise ValueError("evaluations is empty: there is nothing to plot.")
    benchmarks = list(dict.fromkeys(e.benchmark for e in evaluations))
    figure = new_figure(4.8 * len(benchmarks), 5.0)
    panels = figure.subplots(1, len(benchmarks), squeeze=False)[0]
    for panel, benchmark in zip(panels, benchmarks, strict=True):
        panel.plot([0, 100], [0, 1], color="0.6", linestyle="--", label="random")
        drawn = [e for e in evaluations if e.benchmark == benchmark and e.router != "random"]
        for number, e in enumerate(sorted(drawn, key=lambda e: e.baseline)):
            shares, pgr = e.curve
            # Distinguishable without color too.
            style = _BASELINES.get(e.router) if e.baseline else {"linestyle": _STYLES[number % len(_STYLES)]}
            (line,) = panel.plot(100 * shares, pgr, label=f"{e.router} ({e.apgr:.3f})", **(style or {}))
            if not e.baseline:
                low, high = e.intervals.band
                panel.fill_between(100 * GRID, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
        panel.set(title=benchmark, xlabel="strong calls (%)", ylabel="gap recovered (PGR)")
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), title="router (APGR)")
    save_figure(figure, path)


def new_figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure, sizes in inches.

    Raises:
        ImportError: names the extra that is missing.
    """
    try:
        # Figure alone: pyplot would choose a display and keep global state.
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need an extra: pip install 'routellm-plugins[plot]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: str | PathLike[str]) -> None:
    """Write a figure; the same figure gives the same file."""
    # Tight: a legend may be wider than its axes.
    figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None, bbox_inches="tight")
