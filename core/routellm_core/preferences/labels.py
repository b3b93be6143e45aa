"""Label: how good each model's answer to one prompt was, by a key or a judge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.records import DataError, Record, read_records

_NOT_MODELS = ("prompt", "category", "source")


@dataclass(frozen=True)
class Label:
    """One prompt with the quality of each model's answer.

    Attributes:
        prompt: the text.
        scores: model -> quality, any finite number, higher is better.
        category: the prompt's kind, where the source tells it, else "".
    """

    prompt: str
    scores: Mapping[str, float]
    category: str = ""


def read_labels(path: str | PathLike[str]) -> Iterator[Label]:
    """Read labels: JSON Lines with prompt and scores, or CSV with prompt and a column of numbers per model.

    Raises:
        DataError: names the file, the line, the field and the value.
    """
    for record in read_records(path):
        if "scores" in record.values:
            scores = record.values["scores"]
            if not isinstance(scores, dict) or not scores:
                record.refuse("scores", "an object of model -> number")
        else:
            scores = {name: value for name, value in record.values.items() if name not in _NOT_MODELS}
            if not scores:
                record.refuse("scores", "an object of model -> number")
        category = record.values.get("category")
        yield Label(
            record.text("prompt"),
            {str(model): _number(record, str(model), value) for model, value in scores.items()},
            category if isinstance(category, str) else "",
        )


def qualities(labels: Sequence[Label], model: str, origin: str) -> npt.NDArray[np.float64]:
    """Return one model's quality on each prompt, shape (n,).

    Raises:
        DataError: a label lacks the model; names those that it has.
    """
    for position, label in enumerate(labels):
        if model not in label.scores:
            raise DataError(
                f"{origin}: label {position + 1} has no score of {model!r}, only of {sorted(label.scores)}."
            )
    return np.array([label.scores[model] for label in labels], dtype=np.float64)


def _number(record: Record, model: str, value: object) -> float:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return float(value.strip().lower() == "true")
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{record.place}: the score of {model!r} is {value!r}, expected a finite number.")
    return number
