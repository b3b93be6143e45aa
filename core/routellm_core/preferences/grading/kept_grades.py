"""KeptGrades: which calls were drawn for checking and how both models' answers were graded, over many checks.

A JSON Lines file beside the decision log. Its order is the order of the draws, which the confidence sequence
needs: rows `{"drawn": id, "text_hash": ...}` and `{"graded": id, "strong": ..., "weak": ..., "grader": ...,
"scale": [low, high]}`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.records import DataError, Record
from routellm_core.preferences.reading.rows import read_records

Scale = tuple[float, float]


class KeptGrades:
    """The draws so far, in order, and their grades."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the file; a missing one counts as empty.

        Raises:
            DataError: a row is not one of these.
        """
        self.path = Path(path)
        self.drawn: dict[str, str | None] = {}
        """Id -> hash of the scored text, in the order of the draws."""
        self.grades: dict[str, tuple[float, float]] = {}
        """Id -> the strong and the weak answer's quality."""
        self.graders: set[str] = set()
        self.scale: Scale | None = None
        if self.path.exists():
            for record in read_records(self.path):
                self._take(record)

    @property
    def ungraded(self) -> list[str]:
        """Drawn ids without a grade yet, in order."""
        return [id for id in self.drawn if id not in self.grades]

    def draw(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Record that these calls were drawn, before their grades are known."""
        new = [{"drawn": row["id"], "text_hash": row.get("text_hash")} for row in rows]
        self._append(new)
        self.drawn.update((row["drawn"], row["text_hash"]) for row in new)

    def grade(self, grades: Mapping[str, tuple[float, float]], grader: str, scale: Scale) -> None:
        """Keep grades of drawn calls: id -> quality of the strong and of the weak answer.

        Raises:
            ValueError: the kept grades have a different scale; the two can't be mixed.
        """
        if self.scale is not None and self.scale != scale:
            low, high = self.scale
            raise ValueError(
                f"the grades in {self.path} are on a scale of {low:g} to {high:g}, the new ones on "
                f"{scale[0]:g} to {scale[1]:g}: they can't be averaged. Give --kept with another file."
            )
        rows = [
            {"graded": id, "strong": strong, "weak": weak, "grader": grader, "scale": list(scale)}
            for id, (strong, weak) in grades.items()
        ]
        if rows:
            self._append(rows)
            self.grades.update(grades)
            self.graders.add(grader)
            self.scale = scale

    def _append(self, rows: list[dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # One write, synced to disk before the grades are used: they are paid for.
        with self.path.open("ab") as stream:
            stream.write("".join(json.dumps(row) + "\n" for row in rows).encode("ascii"))
            stream.flush()
            os.fsync(stream.fileno())

    def _take(self, record: Record) -> None:
        values = record.values
        if "drawn" in values:
            self.drawn[record.text("drawn")] = values.get("text_hash")
            return
        id = record.text("graded")
        scale = values.get("scale")
        numbers = [values.get("strong"), values.get("weak"), *(scale if isinstance(scale, list) else [])]
        if len(numbers) != 4 or not all(map(_is_number, numbers)):
            raise DataError(f"{record.place}: not a grade that `routellm check` wrote: fix or remove it.")
        strong, weak, low, high = map(float, numbers)
        if self.scale not in (None, (low, high)):
            raise DataError(f"{record.place}: a different scale than the grades before it.")
        self.grades[id] = (strong, weak)
        self.graders.add(str(values.get("grader")))
        self.scale = (low, high)


def read_grades(
    path: str | os.PathLike[str],
    drawn: Mapping[str, str | None],
    strong: str,
    weak: str,
    options: ReadingOptions = NO_OPTIONS,
) -> dict[str, tuple[float, float]]:
    """Read grades of drawn calls: rows of `id`, or of `prompt`, with `scores` of both models or sides.

    Args:
        path: rows in any format.
        drawn: id -> hash of the scored text.
        strong: the strong model's name; the word "strong" works too.
        weak: the weak model's name, or "weak".
        options: how to read the file.

    Returns:
        id -> quality of the strong and of the weak answer; rows about other calls are left out.

    Raises:
        DataError: a row has neither id nor prompt, or lacks a score.
    """
    from routellm_core.routing.decision_log import text_hash

    by_hash: dict[str, list[str]] = {}
    for id, hashed in drawn.items():
        if hashed is not None:
            by_hash.setdefault(hashed, []).append(id)
    found: dict[str, tuple[float, float]] = {}
    for record in read_records(path, options):
        if "id" in record.values:
            ids = [record.text("id")]
        else:
            ids = by_hash.get(text_hash(record.text("prompt")) or "", [])
        wanted = [id for id in ids if id in drawn]
        if wanted:
            qualities = _quality(record, strong, "strong"), _quality(record, weak, "weak")
            found.update((id, qualities) for id in wanted)
    return found


def _quality(record: Record, model: str, side: str) -> float:
    scores = record.values.get("scores", record.values)
    if not isinstance(scores, Mapping):
        record.refuse("scores", "an object of model -> number")
    value = scores.get(model, scores.get(side))
    try:
        number = record.number(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            f"{record.place}: the score of {model!r} (or {side!r}) is {value!r}, expected a finite number."
        )
    return number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
