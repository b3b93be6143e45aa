"""What a reader adds to the default router, by how many prompts it is asked about.

`python -m routellm_core.paper_tables.reader_bands --data DATA` prints the table of docs/reader.md. Its
ratings are those of the data folder, by one frontier model; no small model's were measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import load_benchmark, without_trained
from routellm_core.evaluation.bootstrap import GRID, RESAMPLES, Interval
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.reader import HybridRouter, ReaderRouter
from routellm_core.reader.rating_prompt import rating_messages
from routellm_core.router import Router, Scores, quantiles_of

BENCHMARKS = {"mmlu": "mmlu", "gsm8k": "gsm8k", "mt-bench": "mt_bench"}
"""Name -> the file of its ratings."""

_NOTHING = 1e-12

BANDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


class RecordedReader:
    """A responder that answers with ratings that were recorded."""

    name = "recorded"
    max_tokens = 3

    def __init__(self, ratings: Mapping[str, int]) -> None:
        """Store prompt -> rating."""
        self._answers = {_asked(rating_messages(prompt)): str(each) for prompt, each in ratings.items()}

    def ask(self, messages: Sequence[Message]) -> Answer:
        """Return the recorded rating."""
        return Answer(self._answers[_asked(messages)])

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Return the recorded rating."""
        return self.ask(messages)


class KnownScores(Router):
    """Scores that were computed before, since each threshold asks for the same ones."""

    def __init__(self, prompts: Sequence[str], scores: Scores) -> None:
        """Store the scores, shape (n,); their own distribution is the quantiles."""
        self._scores = dict(zip(prompts, scores.tolist(), strict=True))
        self.score_quantiles = quantiles_of(scores)

    def score(self, prompts: Sequence[str]) -> Scores:
        """Look them up."""
        return np.array([self._scores[prompt] for prompt in prompts])


@dataclass(frozen=True)
class BandResult:
    """One benchmark at one width of the band.

    Attributes:
        band: the share of prompts on either side of the threshold that are read.
        prompts: how many were evaluated.
        read: share of them that are read at 30 % to strong.
        apgr: the area, with the band around each threshold in turn.
        interval: its 95 % bootstrap interval.
        gain: the 95 % interval of what it is above that of the default alone, over the same draws.
    """

    band: float
    prompts: int
    read: float
    apgr: float
    interval: Interval
    gain: Interval


def band_results(benchmark: Benchmark, ratings: Mapping[str, int], base: Router) -> list[BandResult]:
    """Evaluate the default, hybrids and the reader on the rated prompts of a benchmark.

    At each share of strong calls, the hybrid's band is centred on that share, and the prompts that it scores
    highest go to strong. The distributions of scores and ratings are those of the benchmark's own prompts.

    Args:
        benchmark: prompts with the qualities of both models.
        ratings: prompt -> rating.
        base: the router whose middle is read.
    """
    rated = benchmark.where(np.array([prompt in ratings for prompt in benchmark.prompts]), "without a rating")
    prompts = list(rated.prompts)
    known = KnownScores(prompts, base.score(prompts))
    reader = ReaderRouter(RecordedReader(ratings), base=known, strict=True, timeout=60).fitted(prompts)
    gain = rated.strong - rated.weak
    counts = _draws(len(prompts))
    # A draw on which strong is no better has no area.
    counts = counts[counts @ gain > _NOTHING]
    found: list[BandResult] = []
    base_areas: Floats | None = None
    for band in BANDS:
        orders = [
            np.argsort(-HybridRouter(known, reader, band, strong_share=share).score(prompts), kind="stable")
            for share in GRID
        ]
        areas = _areas(orders, gain, counts)
        base_areas = areas if base_areas is None else base_areas
        read = HybridRouter(known, reader, band, strong_share=0.3).asks(prompts).mean()
        found.append(
            BandResult(
                band=band,
                prompts=len(prompts),
                read=float(read),
                apgr=float(areas[0]),
                interval=_interval(areas[1:]),
                gain=_interval(areas[1:] - base_areas[1:]),
            )
        )
    return found


def read_ratings(data: Path, name: str) -> dict[str, int]:
    """Return prompt -> rating of one benchmark in the data folder."""
    lines = (data / "reader" / f"{BENCHMARKS[name]}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["prompt"]: int(row["need"]) for row in rows}


def table(results: Mapping[str, Sequence[BandResult]]) -> str:
    """Return the table, in Markdown."""
    heads = [f"{name} ({found[0].prompts})" for name, found in results.items()]
    lines = [f"| band | read | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for rows in zip(*results.values(), strict=True):
        read = float(np.mean([row.read for row in rows]))
        lines.append(f"| {rows[0].band:g} | {read:.0%} | {' | '.join(map(_cell, rows))} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.paper_tables.reader_bands", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    options = parser.parse_args(arguments)
    base = load_router("default")
    results = {}
    for name in BENCHMARKS:
        benchmark = without_trained(load_benchmark(name, options.data), base)
        results[name] = band_results(benchmark, read_ratings(options.data, name), base)
    sys.stdout.write(table(results) + "\n")
    return 0


def _asked(messages: Sequence[Message]) -> str:
    return messages[-1]["content"]


def _draws(size: int) -> Floats:
    """Return how often each prompt is drawn, shape (1 + RESAMPLES, n); the first row is the sample itself."""
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(size, np.full(size, 1.0 / size), size=RESAMPLES)
    return np.concatenate([np.ones((1, size)), drawn])


def _areas(
    orders: Sequence[np.ndarray[tuple[int], np.dtype[np.intp]]], gain: Floats, counts: Floats
) -> Floats:
    """Return the area for each row of `counts`, with the order of each share of `GRID` at that share."""
    total = counts @ gain
    heights = []
    for share, order in zip(GRID, orders, strict=True):
        drawn = counts[:, order]
        # The prompt at the edge counts in part.
        before = np.cumsum(drawn, axis=1) - drawn
        taken = np.clip(share * len(gain) - before, 0.0, drawn)
        heights.append(taken @ gain[order] / total)
    areas: Floats = np.trapezoid(np.array(heights), GRID, axis=0)
    return areas


def _interval(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return low, high


def _cell(row: BandResult) -> str:
    area = f"{row.apgr:.3f} ({row.interval[0]:.3f}-{row.interval[1]:.3f})"
    return area if not row.band else f"{area}, {row.gain[0]:+.3f} to {row.gain[1]:+.3f}"


if __name__ == "__main__":
    raise SystemExit(main())
