"""Frame: rows of a pandas data frame as records; pandas itself is not needed to read one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from routellm_core.preferences.reading.records import DataError, Record

if TYPE_CHECKING:
    import pandas


def frame_records(frame: pandas.DataFrame, origin: str = "frame") -> Iterator[Record]:
    """Read the rows of a frame; a missing value (None, NaN, NA, NaT) is a missing field.

    Args:
        frame: column names become fields; the index gives a row's place.
        origin: for error messages.

    Raises:
        DataError: the object is not a data frame.
    """
    if not all(hasattr(frame, name) for name in ("columns", "index", "itertuples")):
        raise DataError(f"{origin} is a {type(frame).__name__}, expected a pandas data frame.")
    names = [str(name) for name in frame.columns]
    for label, row in zip(frame.index, frame.itertuples(index=False, name=None), strict=True):
        values = {name: _plain(value) for name, value in zip(names, row, strict=True) if not _missing(value)}
        yield Record(values, f"{origin}: row {label}")


def _missing(value: Any) -> bool:
    # NaN and NaT differ from themselves; pandas.NA has no truth value. Lists and arrays are never missing.
    if value is None:
        return True
    if hasattr(value, "__len__"):
        return False
    try:
        return bool(value != value)
    except TypeError:
        return True


def _plain(value: Any) -> Any:
    # numpy's numbers, booleans and arrays become Python's, which JSON can write.
    return value.tolist() if hasattr(value, "tolist") else value
