"""CalibrationSample: the prompts that `routellm calibrate` was given, their scores and qualities."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from routellm_core.calibration.record import Calibration
from routellm_core.commands.arguments import stored_scores
from routellm_core.commands.label_arguments import labelled_benchmark
from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import prompts_of
from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import NAMES
from routellm_core.evaluation.published_benchmarks import STRONG, WEAK
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.router import COARSE_QUANTILES, Router, quantiles_of
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.threshold import goes_to_strong


@dataclass(frozen=True)
class Found:
    """A threshold, and what it achieves.

    Attributes:
        threshold: in [0, 1].
        target: what was requested, as in `Calibration.target`.
        lines: what it achieves on the sample, for people.
        statement: what is guaranteed, in words; None if nothing is.
    """

    threshold: float
    target: Mapping[str, float]
    lines: Sequence[str] = ()
    statement: str | None = None


@dataclass(frozen=True)
class CalibrationSample:
    """The prompts that a threshold is chosen on.

    Attributes:
        router: the router that scored them.
        source: the name or folder it was loaded from.
        prompts: n texts.
        scores: shape (n,).
        strong: the strong model's name, if given.
        weak: the weak model's.
        benchmark: the prompts with both models' qualities; None if only prompts are given.
        usages: n, each call's tokens from a log; empty without a log.
        notes: what was left out or merged.
        read: what was read, and as what.
    """

    router: Router
    source: str
    prompts: Sequence[str]
    scores: Floats
    strong: str | None
    weak: str | None
    benchmark: Benchmark | None
    usages: Sequence[TokenUsage | None]
    notes: Sequence[str]
    read: Note

    @classmethod
    def from_options(cls, options: Namespace, say: Callable[[str], None]) -> CalibrationSample:
        """Read and score what the command line names.

        Raises:
            DataError: a file is missing, damaged or empty, or lacks a model.
            ValueError: `--labels` without the names of two models.
        """
        router = load_router(options.router)
        benchmark = None
        usages: Sequence[TokenUsage | None] = ()
        if options.labels is None:
            asked, read = prompts_of(options, options.prompts)
            prompts: Sequence[str] = asked.texts
            usages = asked.usages
        else:
            benchmark = labelled_benchmark(options, router)
            prompts, read = benchmark.prompts, Note(benchmark.read)
        say(f"scoring {len(prompts)} prompts")
        scores = stored_scores(options).score(router, prompts)
        # A folder is written as an absolute path: a calibration is read from anywhere.
        source = str(Path(options.router).resolve()) if Path(options.router).is_dir() else options.router
        notes = [f"left out: {benchmark.dropped}"] if benchmark is not None and benchmark.dropped else []
        named = options.labels in NAMES
        return cls(
            router=router,
            source=source,
            prompts=prompts,
            scores=scores,
            strong=STRONG if named else options.strong,
            weak=WEAK if named else options.weak,
            benchmark=benchmark,
            usages=usages,
            notes=notes,
            read=read,
        )

    def calibration(self, found: Found) -> Calibration:
        """Return the calibration record of a threshold."""
        quantiles = quantiles_of(self.scores, COARSE_QUANTILES)
        return Calibration(
            router=self.source,
            threshold=found.threshold,
            strong_share=float(goes_to_strong(self.scores, found.threshold).mean()),
            prompts=len(self.prompts),
            fingerprint=self.router.fingerprint,
            strong=self.strong,
            weak=self.weak,
            target=found.target,
            statement=found.statement,
            score_quantiles=tuple(quantiles.tolist()),
        )
