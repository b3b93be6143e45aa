"""Odd files: each command says in one line which file, row and field is wrong, or reads on and counts it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from routellm_core.commands.cli import main

from tests.core.odd_files import BAD_LABELS, LACKING, ODD_FILES, calls

PAIR = ["--strong", "gpt-4o", "--weak", "gpt-4o-mini"]

OF_LOGS: dict[str, Callable[[str], list[str]]] = {
    "savings": lambda file: [file, *PAIR],
    "score": lambda file: [file],
    "calibrate": lambda file: ["--prompts", file, "--strong-share", "0.3", "--no-scores"],
    "label": lambda file: [
        *["--prompts", file, *PAIR, "--judge", "gpt-4o", "--out", "judged", "--log", "asked", "--dry-run"]
    ],
}

OF_LABELS: dict[str, Callable[[str], list[str]]] = {
    "adapt": lambda file: ["--labels", file, *PAIR, "--out", "out"],
    "evaluate": lambda file: ["--benchmark", file, *PAIR, "--no-scores"],
    "calibrate": lambda file: ["--labels", file, *PAIR, "--max-loss", "0.1", "--no-scores"],
}


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(os.listdir()) == 1  # nothing was written beside the file
    lines_said = printed.err.splitlines()
    assert lines_said[-1].startswith(f"routellm {words[0]}: error: ")
    assert ".." not in lines_said[-1].replace("...", "")
    return lines_said[-1]


@pytest.mark.parametrize("name", ODD_FILES)
@pytest.mark.parametrize("command", OF_LOGS)
def test_where_a_log_is_read(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    odd = ODD_FILES[name]
    odd.make(Path(odd.file))
    assert odd.said in refused([command, *OF_LOGS[command](odd.file)], capsys)


@pytest.mark.parametrize("name", ODD_FILES)
@pytest.mark.parametrize("command", OF_LABELS)
def test_where_labels_are_read(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    odd = ODD_FILES[name]
    odd.make(Path(odd.file))
    said = odd.said if odd.said_of_labels is None else odd.said_of_labels
    assert said in refused([command, *OF_LABELS[command](odd.file)], capsys)


@pytest.mark.parametrize("name", BAD_LABELS)
@pytest.mark.parametrize("command", OF_LABELS)
def test_labels_that_are_none(name: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    make, said = BAD_LABELS[name]
    make(Path("f.jsonl"))
    assert said in refused([command, *OF_LABELS[command]("f.jsonl")], capsys)


@pytest.mark.parametrize("name", LACKING)
def test_what_a_log_lacks_is_counted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    make, said = LACKING[name]
    make(Path("f.jsonl"))
    assert main(["savings", "f.jsonl", *PAIR]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("encoding", "newline"),
    [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-16-be", "\n"), ("utf-16-le", "\r\n")],
)
def test_encodings_and_line_ends_change_nothing(
    encoding: str, newline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    calls()(Path("f.jsonl"))
    assert main(["savings", "f.jsonl", *PAIR]) == 0
    expected = capsys.readouterr()
    Path("f.jsonl").write_bytes(Path("f.jsonl").read_text().replace("\n", newline).encode(encoding))
    assert main(["savings", "f.jsonl", *PAIR]) == 0
    assert capsys.readouterr() == expected


def test_few_prompts_and_few_labels_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("f.csv").write_text("prompt,gpt-4o,gpt-4o-mini\nWhat?,1,0\n")
    assert main(["evaluate", "--benchmark", "f.csv", *PAIR, "--no-scores"]) == 0
    said = capsys.readouterr().err
    assert "f.csv: read 1 label (CSV with commas)" in said
    assert "f.csv: only 1 prompt: too few to tell routers apart" in said
    assert main(["calibrate", "--prompts", "f.csv", "--strong-share", "0.3", "--no-scores"]) == 0
    printed = capsys.readouterr().out
    assert " of 1 prompt to strong\nonly 1 prompt: too few to estimate a share\n" in printed


def test_a_price_that_is_missing_or_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    calls()(Path("f.jsonl"))
    own = ["savings", "f.jsonl", "--strong", "a", "--weak", "b", "--prices", "a=2,2"]
    for more, status, said in (
        ([], 2, "no price is known for the weak model 'b': give --prices b=INPUT,OUTPUT"),
        (["b=-1,1"], 2, "prices['b']: price input is -1.0, expected a number of at least 0"),
        (["b=x"], 3, "--prices 'b=x': expected MODEL=INPUT,OUTPUT"),
        (["none.json"], 3, "--prices 'none.json' is neither a file nor MODEL=INPUT,OUTPUT"),
    ):
        assert main([*own, *more]) == status
        assert said in capsys.readouterr().err
