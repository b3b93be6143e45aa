"""Label files: rows of a user's files, read for two models alone.

A row is a battle if it names two models, else a label. Of a label, the scores of other models and columns
that are no models are left unread: an id or a time is no quality.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import Record, read_records

_KEPT = ("prompt", "category", "source")


def read_label_files(
    paths: Sequence[str | PathLike[str]], *, strong: str, weak: str
) -> Iterator[Label | Battle]:
    """Read files that hold labels, battles or both.

    A row without a score of either model becomes a label whose scores are all 0, by the names that it has, so
    that it can be counted and its models named.

    Raises:
        DataError: names the file, the line, the field and the value.
    """
    for path in paths:
        for record in read_records(path):
            if "model_a" in record.values and "scores" not in record.values:
                yield Battle.from_record(record)
            else:
                yield Label.from_record(_narrowed(record, (strong, weak)))


def _narrowed(record: Record, models: tuple[str, str]) -> Record:
    values = record.values
    kept: dict[str, Any] = {name: values[name] for name in _KEPT if name in values}
    told = values.get("scores", values)
    if not isinstance(told, dict):
        return record  # refused, with the reason, where the label is made
    scores = {model: told[model] for model in models if told.get(model) not in (None, "")}
    if not scores:
        scores = {str(name): 0.0 for name in told if name not in _KEPT}
    return replace(record, values={**kept, "scores": scores})
