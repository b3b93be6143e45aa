"""Few labels as a plot: APGR over the number of labels, one panel per group of sources."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from routellm_core.evaluation.plots import new_figure, save_figure
from routellm_core.paper_tables.few_label_results import FewLabels


def save_few_label_plot(rows: Sequence[FewLabels], path: str | PathLike[str]) -> None:
    """Draw the adapted router with two standard errors, the one it was made from, prompt length and chance.

    Args:
        rows: at least one.
        path: the image to write.

    Raises:
        ImportError: names the extra that is missing.
        ValueError: no rows.
    """
    if not rows:
        raise ValueError("rows is empty: there is nothing to plot.")
    groups = list(dict.fromkeys(row.group for row in rows))
    figure = new_figure(4.2 * len(groups), 3.8)
    panels = figure.subplots(1, len(groups), squeeze=False, sharey=True)[0]
    for panel, group in zip(panels, groups, strict=True):
        of_group = sorted((row for row in rows if row.group == group), key=lambda row: row.labels)
        counts = [row.labels for row in of_group]
        panel.errorbar(
            counts,
            [row.adapted for row in of_group],
            [2 * row.error for row in of_group],
            label="adapted",
            marker="o",
        )
        panel.plot(counts, [row.base for row in of_group], "--", label="as it ships")
        panel.plot(counts, [row.length for row in of_group], "-.", color="0.4", label="prompt length")
        panel.axhline(0.5, color="0.6", linestyle=":", label="chance")
        panel.set(title=group, xlabel="labels", xscale="log")
        panel.set_xticks(counts, [str(count) for count in counts])
        panel.minorticks_off()
    panels[0].set_ylabel("APGR on the rest")
    panels[-1].legend(loc="best")
    save_figure(figure, path)
