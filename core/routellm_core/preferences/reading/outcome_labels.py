"""Outcome labels: what a decision log was told of its answers, as labels of the models that gave them."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike

from routellm_core.preferences.reading.layouts.decision_log import DecisionLogRows, answering_model, log_files
from routellm_core.preferences.reading.nested import word
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.records import DataError, Record, RowError
from routellm_core.preferences.reading.rows import opened_rows


def is_decision(row: Record | RowError) -> bool:
    """Return whether a row is of the project's own decision log."""
    return isinstance(row, Record) and DecisionLogRows().matches(row.values)


def outcome_rows(path: str | PathLike[str], options: ReadingOptions) -> Iterator[Record | RowError]:
    """Yield a label for each call of a decision log with outcomes: its prompt, and the mean of its scores.

    The log is read twice, so that memory holds the outcomes alone. An outcome of a call that the log does not
    hold comes last, as a row that can't be used.

    Raises:
        DataError: the log has no outcome, or can't be read twice.
    """
    scores: dict[str, list[float]] = {}
    places: dict[str, str] = {}
    for row in _rows(path, options):
        id = word(row.values.get("outcome_of"))
        score = row.values.get("score")
        if id is not None and isinstance(score, int | float) and not isinstance(score, bool):
            scores.setdefault(id, []).append(float(score))
            places[id] = row.place
    if not scores:
        raise DataError(
            f"{path} is a decision log without an outcome, so it has no label: log how good answers were "
            "with llm.decision_log.outcome(id, score) or routellm outcome, or have routellm label judge them."
        )
    for row in _rows(path, options):
        id, model, text = word(row.values.get("id")), answering_model(row.values), row.values.get("text")
        if id not in scores or model is None or "outcome_of" in row.values:
            continue
        found, _ = scores[id], places.pop(id, None)
        if not isinstance(text, str) or not text:
            yield RowError(row.place, "no text", "has no text: log with log_text=True.", row.values)
            continue
        yield Record({"prompt": text, "scores": {model: sum(found) / len(found)}}, row.place)
    for id, place in places.items():
        values = {"outcome_of": id}
        yield RowError(
            place, "no call of this id", f"is an outcome of {id!r}, which is no call here.", values
        )


def _rows(path: str | PathLike[str], options: ReadingOptions) -> Iterator[Record]:
    for file in log_files(path):
        with opened_rows(file, options) as opened:
            yield from (row for row in opened.rows if isinstance(row, Record))
