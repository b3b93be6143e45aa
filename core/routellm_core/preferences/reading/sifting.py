"""Sifting: the usable rows of a source together with every row that is not, and why; nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Generic, TypeVar

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.frames import frame_records
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError, Record, RowError, read_rows

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")


@dataclass(frozen=True)
class Sifted(Generic[T]):
    """What a source held.

    Attributes:
        items: n, in the source's order.
        records: n, the row that each item was made from.
        rejected: the rows that could not be used, each with its place, reason and content.
    """

    items: tuple[T, ...]
    records: tuple[Record, ...]
    rejected: tuple[RowError, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """Reason -> how many rows were rejected for it, the most frequent first."""
        return dict(Counter(error.reason for error in self.rejected).most_common())

    def strict(self) -> tuple[T, ...]:
        """Return the items of a source that must hold nothing else.

        Raises:
            RowError: the first rejected row; names the place, the field and the value.
        """
        if self.rejected:
            raise self.rejected[0]
        return self.items


def sift_battles(
    source: str | PathLike[str] | pandas.DataFrame, *, with_prompts: bool = True
) -> Sifted[Battle]:
    """Read battles and count the rows that are none, where `read_battles` raises at the first.

    Args:
        source: JSON Lines, a JSON array or CSV, plain or .gz, or a pandas frame; in any layout of
            `Battle.from_record`.
        with_prompts: False for votes alone; prompts are then "".

    Raises:
        DataError: the source as a whole is missing, damaged or not UTF-8, or holds no battle at all.
    """
    return sift(source, lambda record: Battle.from_record(record, with_prompt=with_prompts), "battle")


def sift_labels(source: str | PathLike[str] | pandas.DataFrame) -> Sifted[Label]:
    """Read labels and count the rows that are none, where `read_labels` raises at the first.

    Raises:
        DataError: the source as a whole is missing, damaged or not UTF-8, or holds no label at all.
    """
    return sift(source, Label.from_record, "label")


def sift(source: str | PathLike[str] | pandas.DataFrame, make: Callable[[Record], T], what: str) -> Sifted[T]:
    """Make something of every row; `make` raises a RowError for a row that can't be used.

    Raises:
        DataError: the source as a whole can't be read, or no row of it can be used.
    """
    rows: Iterable[Record | RowError]
    if isinstance(source, str | PathLike):
        rows, origin = read_rows(source), str(source)
    else:
        rows, origin = frame_records(source), "frame"
    items: list[T] = []
    records: list[Record] = []
    rejected: list[RowError] = []
    for row in rows:
        if isinstance(row, RowError):
            rejected.append(row)
            continue
        try:
            items.append(make(row))
        except RowError as error:
            # A traceback holds on to the frames of its making, and what they hold.
            rejected.append(error.with_traceback(None))
        else:
            records.append(row)
    sifted = Sifted(tuple(items), tuple(records), tuple(rejected))
    if not items:
        why = ", ".join(f"{count} for {reason!r}" for reason, count in sifted.reasons.items())
        raise DataError(f"{origin} holds no {what}{f': rows were rejected, {why}' if why else ''}.")
    return sifted
