"""Binary tables: rows of Parquet, Excel and SQLite files; the first two need the extra files."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from routellm_core.preferences.reading.frames import frame_records
from routellm_core.preferences.reading.records import DataError, Record, RowError
from routellm_core.preferences.reading.source import Source

_BATCH = 1024

_EXTRA = "needs the extra files: pip install 'routellm-plugins[files]'"


def parquet_rows(source: Source) -> Iterator[Record | RowError]:
    """Yield the rows of a Parquet file, a batch at a time; a missing value is a missing field.

    Raises:
        DataError: the file is damaged.
        ImportError: pyarrow is not installed; names the extra.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ImportError(f"{source.origin} is Parquet: reading it {_EXTRA}") from error
    number = 0
    try:
        with ParquetFile(source.path or io.BytesIO(source.stream.read())) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    number += 1
                    present = {name: value for name, value in values.items() if value is not None}
                    yield Record(present, f"{source.origin}: row {number}")
    except (ArrowException, OSError) as error:
        raise DataError(f"{source.origin} can't be read ({error}) after {number} rows.") from error


def excel_rows(source: Source) -> Iterator[Record | RowError]:
    """Yield the rows of a workbook's first sheet.

    Raises:
        DataError: the file is damaged.
        ImportError: pandas or openpyxl is not installed; names the extra.
    """
    try:
        import openpyxl  # noqa: F401  # what pandas reads .xlsx with
        import pandas
    except ImportError as error:
        raise ImportError(f"{source.origin} is an Excel file: reading it {_EXTRA}") from error
    try:
        frame = pandas.read_excel(io.BytesIO(source.stream.read()), dtype=object, engine="openpyxl")
    except Exception as error:  # zipfile's, XML parsers' and openpyxl's own
        raise DataError(f"{source.origin} can't be read as an Excel file ({error}).") from error
    yield from frame_records(frame, source.origin)


def sqlite_rows(source: Source) -> Iterator[Record | RowError]:
    """Yield the rows of the project's own decision log in SQLite, decisions and then outcomes.

    Raises:
        DataError: the database is damaged, or holds other tables.
    """
    import sqlite3

    if source.path is None:
        raise DataError(f"{source.origin} is an SQLite database: unpack it and give its path.")
    address = f"{source.path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            tables = {
                name for (name,) in database.execute("select name from sqlite_master where type='table'")
            }
            if "decisions" not in tables:
                raise DataError(
                    f"{source.origin} is an SQLite database without a table decisions, so not a decision "
                    f"log; it has {sorted(tables)}. Export the table you need as CSV."
                )
            for table in ("decisions", "outcomes"):
                if table in tables:
                    rows = database.execute(f"select rowid, row from {table} order by rowid")
                    for number, text in rows:
                        yield _parsed(text, f"{source.origin}: {table} {number}")
    except sqlite3.Error as error:
        raise DataError(f"{source.origin} can't be read ({error}).") from error


def _parsed(text: Any, place: str) -> Record | RowError:
    try:
        values = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        return RowError(place, "not JSON", f"not JSON ({error}).", str(text))
    if isinstance(values, dict):
        return Record(values, place)
    return RowError(place, "not a JSON object", "not a JSON object.", str(text))
