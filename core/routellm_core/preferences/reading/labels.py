"""Label: the quality of each model's answer to one prompt, by a key or a judge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.nested import unpacked
from routellm_core.preferences.reading.prompt_texts import prompt_field, prompt_text
from routellm_core.preferences.reading.records import DataError, Record, RowError, shortened
from routellm_core.preferences.reading.rows import read_records

_NOT_MODELS = ("prompt", "category", "source")


@dataclass(frozen=True)
class Label:
    """One prompt with the quality of each model's answer.

    Attributes:
        prompt: the text.
        scores: model -> quality, any finite number, higher is better.
        category: the prompt's kind, if the source has it, else "".
    """

    prompt: str
    scores: Mapping[str, float]
    category: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a row of JSON Lines."""
        values = {"prompt": self.prompt, "scores": dict(self.scores)}
        return {**values, "category": self.category} if self.category else values

    @staticmethod
    def rest_of(record: Record) -> dict[str, Any]:
        """Return the fields of a row that the label does not hold, such as a source."""
        if "scores" in record.values:
            told = {"prompt", "scores", "category"}
            return {field: value for field, value in record.values.items() if field not in told}
        # every other column is a model
        return {"source": record.values["source"]} if "source" in record.values else {}

    @classmethod
    def from_record(cls, record: Record, models: Sequence[str] = ()) -> Label:
        """Make a label from a row of prompt and scores, of prompt and a column per model, or of a battle.

        Args:
            record: the row; in a battle the winner scores 1, the other 0, and both 0.5 in a tie.
            models: the columns that are models; without them, all columns but prompt, category and source.

        Raises:
            RowError: names the place, the field and the value.
        """
        category = record.values.get("category")
        if "model_a" in record.values and "scores" not in record.values:
            battle = Battle.from_record(record)
            scores = {battle.model_a: battle.target, battle.model_b: 1.0 - battle.target}
            return cls(battle.prompt, scores, category if isinstance(category, str) else "")
        prompt = prompt_text(record)
        return cls(
            prompt,
            {
                str(model): _number(record, str(model), value)
                for model, value in _scores(record, models).items()
            },
            category if isinstance(category, str) else "",
        )


def read_labels(path: str | PathLike[str]) -> Iterator[Label]:
    """Read labels: JSON Lines with prompt and scores, or CSV with prompt and a column of numbers per model.

    Raises:
        DataError: names the file, the line, the field and the value.
    """
    return map(Label.from_record, read_records(path))


def qualities(labels: Sequence[Label], model: str, origin: str) -> npt.NDArray[np.float64]:
    """Return one model's quality on each prompt, shape (n,).

    Raises:
        DataError: a label lacks the model; names its models.
    """
    for position, label in enumerate(labels):
        if model not in label.scores:
            raise DataError(
                f"{origin}: label {position + 1} has no score of {model!r}, only of {sorted(label.scores)}."
            )
    return np.array([label.scores[model] for label in labels], dtype=np.float64)


def _scores(record: Record, models: Sequence[str]) -> Mapping[str, Any]:
    values = record.values
    if "scores" in values:
        scores = unpacked(values["scores"])
    elif models and any(model in values for model in models):
        scores = {model: values[model] for model in models if model in values}
    else:
        scores = {
            name: value
            for name, value in values.items()
            if name not in _NOT_MODELS and name != prompt_field(record)
        }
    if not isinstance(scores, dict) or not scores:
        record.refuse("scores", "an object of model -> number")
    return scores


def _number(record: Record, model: str, value: object) -> float:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return float(value.strip().lower() == "true")
    try:
        number = record.number(value) if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        message = f"the score of {model!r} is {shortened(value)}, expected a finite number."
        raise RowError(record.place, "scores: not a finite number", message, record.values)
    return number
