"""Figures of the report: drawn with matplotlib (the extra plot) as SVG, in colors that the page sets."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from routellm_core.evaluation.calibration_plot import score_edges
from routellm_core.evaluation.plots import new_figure
from routellm_core.evaluation.report.section import Points, ReportSection

# Placeholders: the page replaces each with a variable of its style sheet, so that
# one picture serves light and dark.
_INK, _MUTED, _ACCENT, _OTHER = "#010203", "#040506", "#070809", "#0a0b0c"
_VARIABLES = {_INK: "--ink", _MUTED: "--muted", _ACCENT: "--accent", _OTHER: "--other"}

_WIDTH, _HEIGHT = 5.0, 3.4

_ID = re.compile(r'\bid="')
_REFERENCE = re.compile(r'(href="#|url\(#)')
_SIZE = re.compile(r' (?:width|height)="[^"]*"')


@dataclass(frozen=True)
class Figure:
    """A picture and where its data is on it.

    Attributes:
        svg: markup, to stand in a page.
        frame: the axes' left, right, bottom and top in the picture's own units, and the data's limits.
    """

    svg: str
    frame: dict[str, list[float]]


def curve_figure(section: ReportSection, points: Points, prefix: str) -> Figure:
    """Draw quality over cost, with its band; cost over share without labels."""
    figure, axes = _axes()
    across, label = _across(points)
    if points.quality is not None and points.band is not None:
        axes.fill_between(across, *points.band, color=_ACCENT, alpha=0.2, linewidth=0)
        axes.plot(across, points.quality, color=_ACCENT, linewidth=2)
        ends = (points.quality[-1], points.quality[0])
        axes.plot([across[-1], across[0]], ends, color=_MUTED, linestyle="--", linewidth=1)
        axes.set_ylabel("mean quality (band: 95 %)")
    else:
        axes.plot(across, 100 * points.shares, color=_ACCENT, linewidth=2)
        axes.set_ylabel(f"decisions to {_plain(section.strong)} (%)")
    axes.set_xlabel(label)
    return _finished(figure, axes, prefix)


def histogram_figure(section: ReportSection, prefix: str) -> Figure:
    """Draw the distribution of the decisions' scores."""
    figure, axes = _axes()
    scores = section.scores
    edges = score_edges(scores, section.threshold)
    axes.hist(scores, edges, weights=section.counts, color=_OTHER, edgecolor=_INK, linewidth=0.4, alpha=0.55)
    axes.set_xlabel("score: estimated chance that the strong answer is preferred")
    axes.set_ylabel("decisions")
    axes.set_xlim(edges[0], max(edges[-1], float(np.nextafter(edges[0], 2))))
    return _finished(figure, axes, prefix)


def marker_places(points: Points) -> dict[str, list[float]]:
    """Return where the markers stand at each threshold: across and up on the curve, across on the scores."""
    across, _ = _across(points)
    up = 100 * points.shares if points.quality is None else points.quality
    return {"across": across.tolist(), "up": up.tolist(), "score": points.thresholds.tolist()}


def _across(points: Points) -> tuple[Any, str]:
    if points.costs is None or not points.full_cost:
        return 100 * points.shares, "decisions to strong (%)"
    return 100 * points.costs / points.full_cost, "cost, % of always strong, at the initial prices"


def _axes() -> tuple[Any, Any]:
    figure = new_figure(_WIDTH, _HEIGHT)
    figure.patch.set_alpha(0.0)
    axes = figure.subplots()
    axes.patch.set_alpha(0.0)
    axes.grid(color=_MUTED, alpha=0.3, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_MUTED)
    axes.tick_params(colors=_INK, labelsize=9)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def _finished(figure: Any, axes: Any, prefix: str) -> Figure:
    import matplotlib

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    # Drawing has computed the layout.
    box, low, high = axes.get_position(), axes.get_xlim(), axes.get_ylim()
    width, height = 72 * _WIDTH, 72 * _HEIGHT
    frame = {
        "x": [box.x0 * width, box.x1 * width],
        "y": [height * (1 - box.y0), height * (1 - box.y1)],
        "across": list(map(float, low)),
        "up": list(map(float, high)),
    }
    return Figure(_inline(stream.getvalue(), prefix), frame)


def _inline(svg: str, prefix: str) -> str:
    """Return an SVG file as markup for a page that holds several: unique ids, colors by name."""
    svg = svg[svg.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = _ID.sub(f'id="{prefix}-', svg)
    svg = _REFERENCE.sub(rf"\g<1>{prefix}-", svg)
    before, _, after = svg.partition("<metadata>")
    svg = before + after.partition("</metadata>")[2]
    # The page's style sheet says how large it is.
    head, closing, rest = svg.partition(">")
    svg = _SIZE.sub("", head) + closing + rest
    markers = '<line class="marker"/><circle class="dot" r="4.5"/>'
    return svg.replace("</svg>", f"{markers}</svg>").replace("<svg ", '<svg class="figure" ', 1)


def _plain(name: str) -> str:
    # matplotlib takes a pair of dollar signs for mathematics.
    return name.replace("$", r"\$")
