"""Graded log: the calls of a decision log whose answers `routellm check` had graded, as a benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from routellm_core.evaluation.benchmark import Benchmark, merged_duplicates
from routellm_core.preferences.grading.kept_grades import KeptGrades
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.logged_decisions import DecisionLogError, log_path, read_decisions


def graded_log(where: str, strong: str, weak: str, kept: str | None = None) -> Benchmark:
    """Return the graded calls of a log; they are a uniform sample of those that the score sent to weak.

    Args:
        where: the log, as `decision_log=` names it.
        strong: the strong model's name.
        weak: the weak model's.
        kept: the file of grades; None for the one beside the log.

    Raises:
        DataError: the log or its grades can't be read, no call is graded, or the log keeps no text.
    """
    grades = KeptGrades(kept or f"{log_path(where)}.checks.jsonl")
    if not grades.grades:
        raise DataError(
            f"{grades.path} holds no grade: have routellm check grade calls of {where} first, or label them "
            "with routellm label --from-log and give --benchmark."
        )
    labels = []
    try:
        for row in read_decisions(where):
            found, text = grades.grades.get(str(row.get("id"))), row.get("text")
            if found is not None and isinstance(text, str) and text:
                labels.append(Label(text, {strong: found[0], weak: found[1]}))
    except DecisionLogError as error:
        raise DataError(str(error)) from error
    if not labels:
        raise DataError(f"{where} has no text of its {len(grades.grades):,} graded calls: log_text=True.")
    merged, count = merged_duplicates(labels)
    said = f"{count:,} labels of repeated prompts, averaged" if count else ""
    benchmark = Benchmark.from_labels(
        Path(log_path(where)).name, merged, strong=strong, weak=weak, dropped=said
    )
    read = (
        f"{where}: read {len(labels):,} graded calls (of {grades.path.name}); all were for weak, so the "
        "figures are of easier prompts than all traffic"
    )
    return replace(benchmark, read=read)
