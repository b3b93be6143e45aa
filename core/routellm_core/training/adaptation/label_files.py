"""Label files: rows of a user's files, read for two models alone.

A row is a battle if it names two models, else a label. Of a label, the scores of other models and columns
that are no models are left unread: an id or a time is no quality.
"""

from __future__ import annotations

from dataclasses import replace
from os import PathLike

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.nested import unpacked
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.prompt_texts import prompt_field
from routellm_core.preferences.reading.records import Record
from routellm_core.preferences.reading.sifting import Sifted, sift


def sift_label_file(
    path: str | PathLike[str],
    options: ReadingOptions = NO_OPTIONS,
    *,
    strong: str,
    weak: str,
) -> Sifted[Label | Battle]:
    """Read a file that holds labels, battles or both, and count the rows that are neither.

    A row without a score of either model becomes a label whose scores are all 0, by the names that it has, so
    that it can be counted and its models named.

    Args:
        path: in any format that `sift` reads.
        options: what the user says of the file.
        strong: the strong model's name.
        weak: the weak model's.

    Raises:
        DataError: the file as a whole is missing or damaged, or no row of it can be used.
    """

    def made(record: Record) -> Label | Battle:
        if "model_a" in record.values and "scores" not in record.values:
            return Battle.from_record(record)
        return Label.from_record(_narrowed(record, (strong, weak)))

    return sift(path, made, "label", options)


def _narrowed(record: Record, models: tuple[str, str]) -> Record:
    values, prompt = record.values, prompt_field(record)
    if prompt is None:
        record.refuse("prompt", "text")  # by the fields that the row has
    told = unpacked(values["scores"]) if "scores" in values else values
    if not isinstance(told, dict):
        return record  # refused, with the reason, where the label is made
    scores = {model: told[model] for model in models if told.get(model) not in (None, "")}
    if not scores:
        text = (prompt, "category", "source")
        # An object or a list is no score: such a row is of something else, as a log of calls.
        scores = {
            str(name): 0.0
            for name, value in told.items()
            if name not in text and not isinstance(value, dict | list)
        }
    if not scores:
        return record
    kept = {name: value for name, value in values.items() if name not in models}
    return replace(record, values={**kept, "scores": scores})
