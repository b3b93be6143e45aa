"""Odd files: each is read for what it is, or refused with a message that says what to do; none in silence."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.prompts import read_asked, read_prompts
from routellm_core.preferences.reading.records import DataError

from tests.core.file_forms import LINES, LISTS, OBJECTS, PLAIN, TEXTS, excel, messages, parquet, table

READABLE: dict[str, tuple[str, Callable[[], str | bytes], str]] = {
    "an array in .json": ("p.json", lambda: json.dumps(OBJECTS), "a table of prompts (JSON)"),
    "a pretty array": ("p.json", lambda: json.dumps(OBJECTS, indent=2), "(JSON)"),
    "a pretty array named .jsonl": ("p.jsonl", lambda: json.dumps(OBJECTS, indent=2), "(JSON)"),
    "a pretty array named .txt": ("p.txt", lambda: json.dumps(OBJECTS, indent=2), "(JSON)"),
    "an array without a suffix": ("p", lambda: json.dumps(OBJECTS), "(JSON)"),
    "an array under a key": ("p.json", lambda: json.dumps({"data": OBJECTS, "page": 1}), "(JSON Lines)"),
    "a pretty object with an array": ("p.json", lambda: json.dumps({"rows": OBJECTS}, indent=1), "(JSON)"),
    "pretty objects in a row": (
        "p.json", lambda: "\n".join(json.dumps(row, indent=1) for row in OBJECTS), "(JSON)"),
    "JSON Lines": ("p.jsonl", lambda: LINES, "(JSON Lines)"),
    "JSON Lines named .ndjson": ("p.ndjson", lambda: LINES, "(JSON Lines)"),
    "JSON Lines named .csv": ("p.csv", lambda: LINES, "(JSON Lines)"),
    "JSON Lines named .log": ("p.log", lambda: LINES, "(JSON Lines)"),
    "blank lines between": ("p.jsonl", lambda: "\n" + LINES.replace("\n", "\r\n\r\n"), "(JSON Lines)"),
    "a byte-order mark": ("p.jsonl", lambda: b"\xef\xbb\xbf" + LINES.encode(), "(JSON Lines)"),
    "UTF-16": ("p.jsonl", lambda: LINES.encode("utf-16"), "(JSON Lines)"),
    "UTF-16 without a mark": ("p.csv", lambda: table().encode("utf-16-le"), "(CSV with commas)"),
    "UTF-16, big end first": ("p.csv", lambda: table().encode("utf-16-be"), "(CSV with commas)"),
    "UTF-32": ("p.txt", lambda: PLAIN.encode("utf-32"), "plain lines of text"),
    "gzip": ("p.jsonl.gz", lambda: gzip.compress(LINES.encode()), "(JSON Lines)"),
    "gzip without .gz": ("p.jsonl", lambda: gzip.compress(LINES.encode()), "(JSON Lines)"),
    "a gzipped table": ("p.csv.gz", lambda: gzip.compress(table(";").encode()), "(CSV with semicolons)"),
    "plain named .gz": ("p.jsonl.gz", lambda: LINES, "(JSON Lines)"),
    "CSV": ("p.csv", table, "(CSV with commas)"),
    "CSV of Windows": ("p.csv", lambda: table(end="\r\n"), "(CSV with commas)"),
    "CSV without a suffix": ("p", table, "(CSV with commas)"),
    "semicolons": ("p.csv", lambda: table(";"), "(CSV with semicolons)"),
    "sep=": ("p.csv", lambda: "sep=;\r\n" + table(";", end="\r\n"), "(CSV with semicolons)"),
    "tabs in .csv": ("p.csv", lambda: table("\t"), "(CSV with tabs)"),
    "tabs in .tsv": ("p.tsv", lambda: table("\t"), "(CSV with tabs)"),
    "tabs in .txt": ("p.txt", lambda: table("\t"), "(CSV with tabs)"),
    "bars": ("p.csv", lambda: table("|"), "(CSV with bars)"),
    "a header in capitals": ("p.csv", lambda: table(field="Prompt"), "(CSV with commas)"),
    "a header of two words": ("p.csv", lambda: table(field="User Message"), "(CSV with commas)"),
    "a column question": ("p.csv", lambda: table(field="question"), "(CSV with commas)"),
    "a mark before the header": ("p.csv", lambda: b"\xef\xbb\xbf" + table(field="Question").encode(), "(CSV"),
    "empty columns of Excel": ("p.csv", lambda: table().replace("\n", ",,\n"), "(CSV with commas)"),
    "empty rows of Excel": ("p.csv", lambda: table() + ",\n,\n", "(CSV with commas)"),
    "one column": ("p.csv", lambda: "prompt\n" + PLAIN, "(CSV with commas)"),
    "Parquet": ("p.parquet", lambda: parquet(OBJECTS), "(Parquet)"),
    "Parquet named .json": ("p.json", lambda: parquet(OBJECTS), "(Parquet)"),
    "Parquet in gzip": ("p.parquet.gz", lambda: gzip.compress(parquet(OBJECTS)), "(Parquet)"),
    "Parquet of messages": ("p.parquet", lambda: parquet([{"messages": messages(t)} for t in TEXTS]),
                            "lists of messages (Parquet)"),
    "Excel": ("p.xlsx", lambda: excel(OBJECTS), "(an Excel sheet)"),
    "Excel of another name": ("p.bin", lambda: excel(OBJECTS), "(an Excel sheet)"),
    "plain lines": ("p.txt", lambda: PLAIN, "plain lines of text"),
    "plain lines of Windows": ("p.txt", lambda: PLAIN.replace("\n", "\r\n"), "plain lines of text"),
    "prompts that are messages": ("p.jsonl", lambda: LISTS, "(JSON Lines)"),
    "messages as JSON in CSV": (
        "p.csv",
        lambda: "prompt\n" + "".join('"' + json.dumps(messages(t)).replace('"', '""') + '"\n' for t in TEXTS),
        "(CSV with commas)",
    ),
    "a list of messages a line": ("p.jsonl", lambda: "".join(json.dumps(messages(t)) + "\n" for t in TEXTS),
                                  "lists of messages (JSON Lines)"),
    "ShareGPT": (
        "p.json",
        lambda: json.dumps([{"conversations": [{"from": "human", "value": t}]} for t in TEXTS]),
        "ShareGPT conversations (JSON)",
    ),
    "rows that are damaged between": (
        "p.jsonl", lambda: LINES.replace("\n", '\n{"prompt": \n[1]\n'), "4 skipped"),
    "rows without a prompt between": (
        "p.jsonl", lambda: LINES.replace("\n", '\n{"prompt": ""}\n{"prompt": null}\n'), "4 skipped: 4 empty"),
    "ragged rows between": ("p.csv", lambda: table() + "1,2,3\n4\n", "2 skipped: 2 with more or fewer"),
}  # fmt: skip


@pytest.mark.parametrize("what", READABLE)
def test_what_can_be_read_is_read_and_said(what: str, tmp_path: Path) -> None:
    name, content, words = READABLE[what]
    made = content()
    path = tmp_path / name
    path.write_bytes(made if isinstance(made, bytes) else made.encode())
    asked = read_asked(path)

    assert asked.texts == TEXTS
    assert words in asked.report.sentence()


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "Windows-1252": ("p.csv", table().encode("cp1252"), r"looks like Windows-1252.*--encoding windows-1252"),
    "Windows-1252 in lines": ("p.txt", PLAIN.encode("cp1252"), "'Why is the café"),
    "half of UTF-16": ("p.csv", table().encode("utf-16")[:-1], "as utf-16-le .truncated data"),
    "nothing": ("p.jsonl", b"", "holds no row"),
    "nothing in .txt": ("p.txt", b"\n \n", "holds no prompt: it is empty"),
    "a header alone": ("p.csv", b"prompt\n", "holds no row"),
    "an empty array": ("p.json", b"[]", "holds no row"),
    "an array without an end": (
        "p.json",
        json.dumps(OBJECTS).encode()[:-1],
        "cut off after row 2",
    ),
    "an array that is cut": ("p.json", json.dumps(OBJECTS, indent=1).encode()[:-9], "not JSON after row 1"),
    "an array of numbers": ("p.json", b"[1, 2]", "the first row: .*a JSON number, expected an object"),
    "a zip": ("p.zip", b"PK\x03\x04\0\0", "is a zip archive: unpack it"),
    "bzip2": ("p.jsonl.bz2", b"BZh91AY", "is bzip2: save it as JSON Lines"),
    "Zstandard": ("p.zst", b"\x28\xb5\x2f\xfd", "is Zstandard"),
    "a PDF": ("p.txt", b"%PDF-1.7", "is PDF"),
    "a picture": ("p.csv", b"\x89PNG\r\n", "is a PNG picture"),
    "an old workbook": ("p.xls", b"\xd0\xcf\x11\xe0\0", "is an old Excel or Word file"),
    "a pickle": ("p.pkl", b"\x80\x04\x95\0", "a Python pickle, which is never loaded"),
    "bytes": ("p", bytes(range(256)), "is not text: it holds a NUL byte at 0"),
    "cut gzip": ("p.jsonl.gz", gzip.compress(LINES.encode())[:-9], "can't be read"),
    "cut Parquet": ("p.parquet", b"PAR1\0\0", "can't be read"),
    "a cut workbook": ("p.xlsx", b"PK\x03\x04\0\0", "can't be read as an Excel file"),
    "another database": ("p.db", b"SQLite format 3\0" + bytes(84), "can't be read|without a table decisions"),
    "no known column": ("p.csv", b"a,b\n1,2\n", r"has 'a', 'b'\. Name it with --field prompt=THEIRS"),
    "no header": ("p.csv", "\n".join(TEXTS).encode(), "no known prompt field"),
    "two columns of one name": ("p.csv", b"prompt,prompt\na,b\n", "two columns are named 'prompt'"),
    "deep brackets": ("p.jsonl", b"[" * 100_000, "not JSON"),
    "deep objects": ("p.jsonl", b'{"a":' * 100_000 + b"\n", "not JSON"),
    "a number": ("p.jsonl", b"7\n8\n", "a JSON number, expected an object"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_an_error_that_says_why(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, message = REFUSED[what]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError, match=message):
        read_prompts(path)
    assert main(["score", str(path)]) != 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (table(field="utterance").encode(), {"fields": {"prompt": "utterance"}}),
        (table("~").encode(), {"delimiter": "~"}),
        (table().encode("cp1252"), {"encoding": "windows-1252"}),
        (table().encode("utf-16"), {"encoding": "utf-16"}),
        (table("\t").encode(), {"delimiter": "tab"}),
        (table().encode(), {"container": "csv"}),
    ],
)
def test_what_is_said_of_a_file_counts(content: bytes, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert read_prompts(path, ReadingOptions(**options)) == TEXTS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": "ab"}, "delimiter is 'ab', expected one character"),
        ({"decimal": ";"}, "decimal is ';'"),
        ({"encoding": "utf-9"}, "encoding is 'utf-9'"),
        ({"container": "docx"}, "container is 'docx'"),
    ],
)
def test_what_can_not_be_said_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReadingOptions(**options)


def test_a_field_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(table())

    with pytest.raises(
        DataError, match=r"no field 'ask', which --field names; its first row has 'id', 'prompt'"
    ):
        read_prompts(path, ReadingOptions(fields={"prompt": "ask"}))


def test_plain_lines_that_look_like_json_stand_for_themselves(tmp_path: Path) -> None:
    lines = ["[INST] Say hello [/INST]", "{name}, how are you?", '["a", "b"] is what in Python?']
    path = tmp_path / "p.txt"
    path.write_text("\n".join(lines))

    assert read_prompts(path) == lines


@pytest.mark.parametrize("start", [b'{"prompt": "', b"", b"prompt,id\n", b"[1, "])
def test_a_line_longer_than_any_row_is_refused_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr("routellm_core.preferences.reading.source.LONGEST_LINE", 100_000)
    monkeypatch.setattr("routellm_core.preferences.reading.json_values.LONGEST_VALUE", 100_000)
    path = tmp_path / "prompts.jsonl.gz"
    path.write_bytes(gzip.compress(start + b"a" * 50_000_000))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"holds a line of more than 100000 |has more than 100000 |not JSON"):
        read_prompts(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20_000_000
