"""Benchmarks by name or file: the built-in ones, and any file of labels for two of its models."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Protocol

import numpy as np

from routellm_core.evaluation.benchmark import Benchmark, merged_duplicates
from routellm_core.evaluation.published_benchmarks import GSM8K, MMLU, MMLUFar, MTBench
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.records import DataError
from routellm_core.preferences.reading.sifting import sift_labels
from routellm_core.preferences.reading.source import SQLITE_SCHEME, STANDARD_INPUT
from routellm_core.router import Router

STRICT = ReadingOptions(strict=True)


class BenchmarkSource(Protocol):
    """The interface of a built-in benchmark."""

    name: str

    def load(self, data: Path) -> Benchmark:
        """Read it from the data folder.

        Raises:
            DataError: a file is missing or damaged.
        """
        ...


SOURCES: tuple[BenchmarkSource, ...] = (MMLU(), MMLUFar(), GSM8K(), MTBench())

NAMES = tuple(source.name for source in SOURCES)


def load_benchmark(
    source: str,
    data: str | PathLike[str] | None,
    *,
    strong: str | None = None,
    weak: str | None = None,
    options: ReadingOptions = STRICT,
) -> Benchmark:
    """Load a built-in benchmark by name, or a file of labels; two labels of one prompt become one.

    Args:
        source: one of `NAMES`, or the path of a file of labels or battles; "-" is standard input.
        data: for the built-in ones: the data folder, or a clone of RouteLLM.
        strong: the strong model's name in a file of labels; the built-in ones know their own.
        weak: the weak model's name.
        options: how to read the file; strict by default, so each row needs both models.

    Raises:
        DataError: a file is missing or damaged, or lacks a model.
        ValueError: the source is neither, or something it needs is missing.
    """
    for known in SOURCES:
        if known.name == source:
            if data is None:
                raise ValueError(
                    f"benchmark {source!r} needs the data folder: give --data or set ROUTELLM_DATA."
                )
            return replace(known.load(Path(data)), read=f"read the benchmark {source}")
    if source != STANDARD_INPUT and not Path(source.removeprefix(SQLITE_SCHEME)).exists():
        if Path(source).suffix or Path(source).name != source:
            raise DataError(f"{source} does not exist.")
        raise ValueError(f"benchmark {source!r} is neither a file nor one of {', '.join(NAMES)}.")
    if strong is None or weak is None:
        raise ValueError(
            f"benchmark {source!r} is a file of labels: name its models with --strong and --weak."
        )
    return _from_file(source, strong, weak, options)


def without_trained(benchmark: Benchmark, *routers: Router) -> Benchmark:
    """Drop the prompts that any of the routers was trained on, as far as the routers know.

    Raises:
        ValueError: none is left; names the routers that were trained on some.
    """
    seen = np.zeros(len(benchmark.prompts), dtype=np.bool_)
    trained = []
    for router in routers:
        known = np.zeros_like(seen) if router.coverage is None else router.coverage.holds(benchmark.prompts)
        if known.any():
            seen |= known
            trained.append(repr(router.name))
    if seen.all():
        raise ValueError(
            f"every prompt of {benchmark.name} was used to train {' or '.join(trained)}: it says nothing "
            "about new prompts. Leave that router out, or use prompts that it has not seen."
        )
    return benchmark.where(~seen, "seen in training")


def _from_file(path: str, strong: str, weak: str, options: ReadingOptions) -> Benchmark:
    pair = (strong, weak)
    sifted = sift_labels(path, options, models=pair, required=pair)
    merged, count = merged_duplicates(sifted.items)
    said = f"{count:,} labels of repeated prompts, averaged" if count else ""
    benchmark = Benchmark.from_labels(Path(path).name, merged, strong=strong, weak=weak, dropped=said)
    return replace(benchmark, read=f"{path}: {sifted.sentence('labels')}")
