"""Few labels: what an adapted router reaches, and how often it does harm.

`python -m routellm_core.paper_tables.few_labels --help`. Labels are drawn uniformly from a source, the router
is tested on all the rest of that source, and every figure is a mean over draws.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from routellm_core.evaluation.metrics import apgr
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.paper_tables.few_label_plot import save_few_label_plot
from routellm_core.paper_tables.few_label_results import CHANCE, HARM, FewLabels
from routellm_core.paper_tables.few_label_sources import (
    GROUPS,
    LabelledSource,
    read_sources,
    read_vectors,
)
from routellm_core.training.adaptation.adaptation import shipped_tokens, supported_kinds
from routellm_core.training.adaptation.fitting import Fitting
from routellm_core.training.adaptation.own_labels import OwnLabels
from routellm_core.training.adaptation.prompt_vectors import PromptVectors
from routellm_core.training.adaptation.two_qualities import Penalties, gains


def few_labels(
    sources: Sequence[LabelledSource],
    vectors: Sequence[PromptVectors],
    count: int,
    draws: int,
    fitter: FewLabelFitter,
) -> FewLabels:
    """Measure one group at one number of labels; draws go round its sources.

    Args:
        sources: of one group.
        vectors: theirs.
        count: labels in a draw.
        draws: how many, numbered from 0, which is the seed.
        fitter: makes the routers.
    """
    rows = np.array([fitter.areas(*_draw(sources, vectors, seed), count, seed) for seed in range(draws)])
    adapted, base, length = rows.T
    return FewLabels(
        group=sources[0].group,
        labels=count,
        draws=draws,
        adapted=float(adapted.mean()),
        error=float(adapted.std(ddof=1) / np.sqrt(draws)),
        base=float(base.mean()),
        length=float(length.mean()),
        harm=float((adapted < base - HARM).mean()),
        below=float((adapted < CHANCE).mean()),
    )


@dataclass(frozen=True)
class FewLabelFitter:
    """Adapts to a draw and measures on the rest.

    Attributes:
        base: name or folder of the router that is adapted.
        penalties: the regularization strengths.
        weak_alone: whether the labels grade the weak model's answers only.
    """

    base: str
    penalties: Penalties
    weak_alone: bool = False

    def areas(
        self, source: LabelledSource, vectors: PromptVectors, count: int, seed: int
    ) -> tuple[float, float, float]:
        """Return the APGR of the adapted router, of the base router and of prompt length."""
        order = np.random.default_rng([count, seed]).permutation(len(source.prompts))
        drawn, rest = order[:count], order[count:]
        labels = OwnLabels(
            [source.prompts[row] for row in drawn],
            np.full(count, np.nan) if self.weak_alone else source.strong[drawn],
            source.weak[drawn],
            np.full(count, source.votes),
            {},
            (0.0, 1.0),
        )
        fitting = Fitting(
            vectors.rows(drawn), labels, supported_kinds(load_router(self.base)), self.penalties
        )
        test = vectors.rows(rest)
        orders: list[Floats] = [gains(fitting.logits(fitting.fit(), test)), test.scores, test.lengths]
        first, second, third = (apgr(scores, source.weak[rest], source.strong[rest]) for scores in orders)
        return first, second, third


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.paper_tables.few_labels", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--router", default="default", help="the router to adapt (default: %(default)s)")
    parser.add_argument("--source", nargs="+", choices=GROUPS, default=GROUPS, help="(default: all)")
    parser.add_argument("--labels", nargs="+", type=int, default=[50, 100, 300, 800], metavar="N")
    parser.add_argument("--draws", type=int, default=8, help="(default: %(default)s)")
    parser.add_argument(
        "--weak-alone", action="store_true", help="labels grade the weak model's answers only"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw APGR over labels into this image")
    options = parser.parse_args(arguments)
    fitter = FewLabelFitter(options.router, Penalties(), options.weak_alone)
    base = load_router(options.router)
    found: list[FewLabels] = []
    for group in options.source:
        sources = read_sources(options.data, [group])
        vectors = read_vectors(sources, shipped_tokens(), base)
        for count in options.labels:
            if 5 * count < 4 * min(len(source.prompts) for source in sources):
                found.append(few_labels(sources, vectors, count, options.draws, fitter))
                if not options.json:
                    sys.stdout.write(_row(found[-1]) + "\n")
                    sys.stdout.flush()
    if options.plot is not None:
        save_few_label_plot(found, options.plot)
    if options.json:
        sys.stdout.write(json.dumps([asdict(row) for row in found], indent=2) + "\n")
    return 0


def _draw(
    sources: Sequence[LabelledSource], vectors: Sequence[PromptVectors], seed: int
) -> tuple[LabelledSource, PromptVectors]:
    return sources[seed % len(sources)], vectors[seed % len(sources)]


def _row(row: FewLabels) -> str:
    mean = (
        f"{row.group:8} {row.labels:5} labels, {row.draws} draws: adapted {row.adapted:.3f} ± {row.error:.3f}"
    )
    against = f"from {row.base:.3f}, length {row.length:.3f}"
    return f"{mean}, {against}; harm {row.harm:.1%}, below {CHANCE} {row.below:.1%}"


if __name__ == "__main__":
    raise SystemExit(main())
