"""Plots of evaluations: PGR over the share of strong calls; needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from routellm_core.evaluation.evaluation import Evaluation

_STYLES = ("-", "--", "-.", ":")
_BASELINES = {
    "oracle": {"color": "0.4", "linestyle": ":"},
    "prompt length": {"color": "0.4", "linestyle": "-."},
}


def save_plot(evaluations: Sequence[Evaluation], path: str | PathLike[str]) -> None:
    """Draw one panel per benchmark with one curve per router and baseline; random is the diagonal.

    Args:
        evaluations: at least one.
        path: the image to write; its suffix chooses the format (.png, .svg, .pdf).

    Raises:
        ImportError: names the extra that is missing.
        ValueError: no evaluations, or a format that matplotlib does not write.
    """
    if not evaluations:
        raise ValueError("evaluations is empty: there is nothing to plot.")
    try:
        # Figure alone: pyplot would choose a display and keep global state.
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need an extra: pip install 'routellm-plugins[plot]'") from error
    benchmarks = list(dict.fromkeys(e.benchmark for e in evaluations))
    figure = Figure(figsize=(4.5 * len(benchmarks), 4.2), layout="constrained")
    panels = figure.subplots(1, len(benchmarks), squeeze=False)[0]
    for panel, benchmark in zip(panels, benchmarks, strict=True):
        panel.plot([0, 100], [0, 1], color="0.6", linestyle="--", label="random")
        drawn = [e for e in evaluations if e.benchmark == benchmark and e.router != "random"]
        for number, e in enumerate(sorted(drawn, key=lambda e: e.baseline)):
            shares, pgr = e.curve
            # Told apart without colours too.
            style = _BASELINES.get(e.router) if e.baseline else {"linestyle": _STYLES[number % len(_STYLES)]}
            panel.plot(100 * shares, pgr, label=f"{e.router} ({e.apgr:.3f})", **(style or {}))
        panel.set(title=benchmark, xlabel="strong calls (%)", ylabel="gap recovered (PGR)")
        panel.legend(loc="lower right")
    figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
