"""One content as files of many forms."""

import csv
import io
import json
from typing import Any

import pytest

TEXTS = ["Why is the café in Zürich closed?", "How far is the moon?"]
OBJECTS = [{"prompt": text} for text in TEXTS]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in OBJECTS)
PLAIN = "".join(f"{text}\n" for text in TEXTS)


def table(delimiter: str = ",", field: str = "prompt", end: str = "\n") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([["id", field], *([number, prompt] for number, prompt in enumerate(TEXTS))])
    return text.getvalue()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the extra files")
    from pyarrow.parquet import write_table

    stream = io.BytesIO()
    write_table(pyarrow.Table.from_pylist(rows), stream)
    return stream.getvalue()


def excel(rows: list[dict[str, Any]]) -> bytes:
    pandas = pytest.importorskip("pandas", reason="Excel needs the extra files")
    pytest.importorskip("openpyxl", reason="Excel needs the extra files")
    stream = io.BytesIO()
    pandas.DataFrame(rows).to_excel(stream, index=False)
    return stream.getvalue()


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


LISTS = "".join(json.dumps({"prompt": messages(text)}) + "\n" for text in TEXTS)
