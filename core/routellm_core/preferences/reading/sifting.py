"""Sifting: the usable rows of a source, and every other row with the reason; nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from typing import TYPE_CHECKING, Generic, TypeVar

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.frames import frame_records
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.log_reading import matching_layout
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.outcome_labels import is_decision, outcome_rows
from routellm_core.preferences.reading.records import DataError, Record, RowError
from routellm_core.preferences.reading.rows import opened_rows, plain_text_message

if TYPE_CHECKING:
    import pandas

T = TypeVar("T")

_OWN_ROWS = ("table", "arena", "messages", "sharegpt")
"""Layouts that rows of labels may have."""


@dataclass(frozen=True)
class Sifted(Generic[T]):
    """The content of a source.

    Attributes:
        items: n, in the source's order.
        records: n, the row that each item was made from.
        rejected: the rows that could not be used, each with its place, reason and content.
        container: how the source was read, such as "JSON Lines".
    """

    items: tuple[T, ...]
    records: tuple[Record, ...]
    rejected: tuple[RowError, ...]
    container: str = ""

    def sentence(self, what: str) -> str:
        """Return one line on what was read and skipped; `what` names the items, in the plural."""
        named = what.removesuffix("s") if len(self.items) == 1 else what
        line = f"read {len(self.items):,} {named} ({self.container})"
        if not self.rejected:
            return line
        reasons = ", ".join(f"{count:,} {reason!r}" for reason, count in self.reasons.items())
        return f"{line}; {len(self.rejected):,} rows skipped: {reasons}"

    @property
    def reasons(self) -> dict[str, int]:
        """Reason -> how many rows were rejected for it, the most frequent first."""
        return dict(Counter(error.reason for error in self.rejected).most_common())

    def strict(self) -> tuple[T, ...]:
        """Return the items of a source, all of whose rows must be usable.

        Raises:
            RowError: the first rejected row; names the place, the field and the value.
        """
        if self.rejected:
            raise self.rejected[0]
        return self.items


def sift_battles(
    source: str | PathLike[str] | pandas.DataFrame,
    options: ReadingOptions = NO_OPTIONS,
    *,
    with_prompts: bool = True,
) -> Sifted[Battle]:
    """Read battles and count unusable rows, where `read_battles` raises at the first.

    Args:
        source: a file in any format and any layout of `Battle.from_record`, or a pandas frame.
        options: how to read the file.
        with_prompts: False for votes only; prompts are then "".

    Raises:
        DataError: the source as a whole is missing or damaged, or holds no battle at all.
    """
    return sift(
        source, lambda record: Battle.from_record(record, with_prompt=with_prompts), "battle", options
    )


def sift_labels(
    source: str | PathLike[str] | pandas.DataFrame,
    options: ReadingOptions = NO_OPTIONS,
    *,
    models: Sequence[str] = (),
    required: Sequence[str] = (),
) -> Sifted[Label]:
    """Read labels and count unusable rows, where `read_labels` raises at the first.

    Args:
        source: a file in any format, or a pandas frame.
        options: how to read the file.
        models: see `Label.from_record`.
        required: models that every usable row has a score for.

    Raises:
        DataError: the source as a whole is missing or damaged, or holds no label at all.
    """

    def made(record: Record) -> Label:
        label = Label.from_record(record, models)
        for model in required:
            if model not in label.scores:
                message = f"there is no score of {model!r}, only of {sorted(label.scores)}."
                raise RowError(record.place, f"no score of {model}", message, record.values)
        return label

    return sift(source, made, "label", options)


def sift(
    source: str | PathLike[str] | pandas.DataFrame,
    make: Callable[[Record], T],
    what: str,
    options: ReadingOptions = NO_OPTIONS,
) -> Sifted[T]:
    """Make an item from every row; `make` raises a RowError for a row that can't be used.

    Raises:
        DataError: the source as a whole can't be read, or no row of it can be used; with strict options, also
            one row that can't.
    """
    if not isinstance(source, str | PathLike):
        return _sifted(frame_records(source), make, what, "frame", "a frame", options)
    with opened_rows(source, options) as rows:
        if rows.plain:
            raise DataError(plain_text_message(source))
        first = next(rows.rows, None)
        if first is None or not is_decision(first):
            every = chain([] if first is None else [first], rows.rows)
            return _sifted(every, make, what, str(source), rows.container, options)
        container = f"{rows.container}, outcomes in a decision log"
    return _sifted(outcome_rows(source, options), make, what, str(source), container, options)


def _sifted(
    rows: Iterable[Record | RowError],
    make: Callable[[Record], T],
    what: str,
    origin: str,
    container: str,
    options: ReadingOptions,
) -> Sifted[T]:
    items: list[T] = []
    records: list[Record] = []
    rejected: list[RowError] = []
    for row in rows:
        try:
            if isinstance(row, RowError):
                raise row
            items.append(make(row))
        except RowError as error:
            if options.strict:
                raise
            # A traceback keeps its frames, and everything in them, alive.
            rejected.append(error.with_traceback(None))
        else:
            records.append(row)
    sifted = Sifted(tuple(items), tuple(records), tuple(rejected), container)
    if not items:
        why = ", ".join(f"{count} for {reason!r}" for reason, count in sifted.reasons.items())
        example = f" The first: {rejected[0]}" if rejected else ""
        remedy = _remedy(rejected, what) if rejected else ""
        raise DataError(
            f"{origin} holds no {what}{f': rows were rejected, {why}.{example}{remedy}' if why else '.'}"
        )
    return sifted


def _remedy(rejected: Sequence[RowError], what: str) -> str:
    """Return what to do with a log of calls that is given for labels; "" for anything else."""
    row = rejected[0].row
    layout = matching_layout(Record(row, "")) if isinstance(row, Mapping) and what == "label" else None
    if layout is None or layout.name in _OWN_ROWS:
        return ""
    return f" It looks like {layout.title}: have its calls labelled with routellm label --from-log."
