"""Odd files: what makes each, and what a command says of it that reads a log, or labels."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

TEXTS = [f"Question {n} about a{'b' * (n % 7)} and {n * n}?" for n in range(30)]
USAGE = {"prompt_tokens": 12, "completion_tokens": 7}

Make = Callable[[Path], object]


def logged(
    text: str = TEXTS[0], model: str | None = "gpt-4o", usage: Any = USAGE, **more: Any
) -> dict[str, Any]:
    """A call of an OpenAI request log."""
    named = {} if model is None else {"model": model}
    answer = {"choices": [{"message": {"role": "assistant", "content": "Oslo."}}]}
    request = {**named, "messages": [{"role": "user", "content": text}]}
    return {"request": request, "response": {**named, **answer, "usage": usage}, **more}


def lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def calls(**changes: Any) -> Make:
    return lambda path: path.write_text(lines(logged(text, **changes) for text in TEXTS))


def labels(scores: Any) -> Make:
    return lambda path: path.write_text(lines({"prompt": text, "scores": scores} for text in TEXTS))


def text(content: str) -> Make:
    return lambda path: path.write_text(content)


def raw(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("log.jsonl", "{}")


def database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE things (name TEXT)")


CUT = gzip.compress(lines(map(logged, TEXTS)).encode())
A_LOG = "It looks like an OpenAI request log: have its calls labelled with routellm label --from-log."


class OddFile(NamedTuple):
    """A file that no command can use.

    Attributes:
        file: its name.
        make: writes it.
        said: of it, by commands that read a log or prompts.
        said_of_labels: by those that read labels; None for the same.
    """

    file: str
    make: Make
    said: str
    said_of_labels: str | None = None


def without_user(content: Any) -> str:
    role = "system" if isinstance(content, str) else "user"
    return lines([{**logged(), "request": {"messages": [{"role": role, "content": content}]}}])


ODD_FILES: dict[str, OddFile] = {
    "an empty file": OddFile("f.jsonl", text(""), "f.jsonl holds no row", "f.jsonl holds no label."),
    "blank lines": OddFile("f.jsonl", text("\n \n\t\n"), "f.jsonl holds no row", "f.jsonl holds no label."),
    "an empty array": OddFile("f.json", text("[]"), "f.json holds no row", "f.json holds no label."),
    "an empty object": OddFile(
        "f.json",
        text("{}"),
        "f.json:1, which has no field. Name it with --field",
        "f.json:1: field 'prompt' is missing, expected text; the row has no field.",
    ),
    "a header alone": OddFile(
        "f.csv", text("prompt,gpt-4o,gpt-4o-mini\n"), "f.csv holds no row", "f.csv holds no label."
    ),
    "one number": OddFile("f.json", text("42"), "f.json:1: the row is a JSON number, expected an object."),
    "nulls": OddFile("f.jsonl", text("null\nnull\n"), "f.jsonl:1: the row is null, expected an object."),
    "JSON in JSON": OddFile(
        "f.jsonl", text(json.dumps(json.dumps({"prompt": "x"})) + "\n"), "f.jsonl:1: the row is a JSON string"
    ),
    "an array cut off": OddFile(
        "f.json", text(json.dumps([logged(), logged()])[:-90]), "f.json: not JSON after row 1"
    ),
    "gzip cut off": OddFile(
        "f.jsonl.gz", raw(CUT[: len(CUT) // 2]), "f.jsonl.gz can't be read (Compressed file ended"
    ),
    "an archive": OddFile("f.jsonl", zipped, "f.jsonl is a zip archive: unpack it"),
    "a PDF": OddFile("f.jsonl", raw(b"%PDF-1.4\n%\xe2\xe3\n"), "f.jsonl is PDF: save it as JSON Lines"),
    "a web page": OddFile(
        "f.html", text("\n<!DOCTYPE html>\n<p>Hello</p>\n"), "f.html is a web page: save it"
    ),
    "another database": OddFile("f.db", database, "f.db is an SQLite database without a table decisions"),
    "a link to itself": OddFile("f.jsonl", lambda path: path.symlink_to(path), "f.jsonl does not exist"),
    "a quote left open": OddFile(
        "f.csv",
        text('prompt,gpt-4o,gpt-4o-mini\n"open, 1, 0\nNext, 1, 1\n'),
        "f.csv:3: the row has 1 field and the header 3, 'prompt', 'gpt-4o', 'gpt-4o-mini': is a quote left",
    ),
    "two columns of one name": OddFile(
        "f.csv", text("prompt,prompt,gpt-4o\na,b,1\n"), "f.csv: two columns are named 'prompt': rename one"
    ),
    "Windows-1252": OddFile(
        "f.csv",
        raw("prompt,gpt-4o,gpt-4o-mini\nWo ist das Café?,1,0\n".encode("cp1252")),
        "f.csv can't be read as utf-8 (invalid continuation byte): near",
    ),
    "nested without end": OddFile(
        "f.jsonl", text('{"prompt":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}\n"), "f.jsonl:1: not JSON"
    ),
    "rows in two wrappers": OddFile(
        "f.json",
        text(json.dumps({"status": "ok", "data": {"rows": [logged()]}})),
        "f.json:1, which has 'status', 'data'. Name it",
        "f.json:1: field 'prompt' is missing, expected text; the row has 'status', 'data'.",
    ),
    "no person's words": OddFile(
        "f.jsonl",
        text(without_user("Be brief.")),
        "1 without text. The first row that could not be used: f.jsonl:1",
        A_LOG,
    ),
    "pictures alone": OddFile(
        "f.jsonl",
        text(without_user([{"type": "image_url"}])),
        "1 empty. The first row that could not be used: f.jsonl:1",
        A_LOG,
    ),
}

BAD_LABELS: dict[str, tuple[Make, str]] = {
    "a log": (calls(), A_LOG),
    "a list": (labels([1, 0]), "f.jsonl:1: field 'scores' is [1, 0], expected an object of model -> number"),
    "a word": (
        labels({"gpt-4o": "good", "gpt-4o-mini": 1}),
        "f.jsonl:1: the score of 'gpt-4o' is 'good', expected a finite number",
    ),
    "no number": (
        labels({"gpt-4o": float("nan"), "gpt-4o-mini": 1}),
        "the score of 'gpt-4o' is nan, expected a finite number",
    ),
    "too large": (
        labels({"gpt-4o": 10**400, "gpt-4o-mini": 1}),
        f"is 1{'0' * 99}..., expected a finite number",
    ),
    "other names": (labels({"GPT-4o": 1, "GPT-4o-mini": 0}), "'GPT-4o', 'GPT-4o-mini'"),
    "a prompt that is none": (
        text(lines([{"prompt": 5, "scores": {"gpt-4o": 1, "gpt-4o-mini": 0}}])),
        "field 'prompt' is 5, expected text",
    ),
}

MODELS = ("gpt-4o", "gpt-4o-mini", "claude-x")
TIMES = ("0001-01-01", "9999-12-31", -5, 1e300, "yesterday", [], 1_700_000_000)
IMPOSSIBLE = "30 calls with impossible token counts: counted as calls without tokens; the first: f.jsonl:1: "

LACKING: dict[str, tuple[Make, str]] = {
    # what makes a log -> what `savings` says of it
    "no usage": (calls(usage=None), "the tokens of 30 calls are estimated"),
    "no count": (calls(usage={"prompt_tokens": None}), "the log lacks tokens in 30 of 30 calls"),
    "no model": (calls(model=None), "the log lacks the model in 30 of 30 calls"),
    "negative tokens": (calls(usage={"prompt_tokens": -5, "completion_tokens": 7}), IMPOSSIBLE),
    "absurd tokens": (calls(usage={"prompt_tokens": 10**18, "completion_tokens": 7}), IMPOSSIBLE),
    "tokens that are no number": (calls(usage=dict.fromkeys(USAGE, float("nan"))), IMPOSSIBLE),
    "three models": (
        text(lines(logged(text, MODELS[n % 3]) for n, text in enumerate(TEXTS))),
        "models in the log: gpt-4o 33%, gpt-4o-mini 33%, claude-x 33%",
    ),
    "one row": (text(lines([logged()])), "only 1 decision: too few to estimate a share"),
    "times that are none": (
        text(lines(logged(text, created_at=when) for text, when in zip(TEXTS, TIMES, strict=False))),
        "a day of times, so costs are not per month",
    ),
}
