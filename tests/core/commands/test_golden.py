"""`routellm golden`: each model's mean, and what was refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.json_lines import write_json_lines

WHY = "Why does the sky look blue at noon and red in the evening?"


def rows(path: Path) -> list[Any]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_golden_prints_each_models_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out, rejected = (tmp_path / name for name in ("in.jsonl", "out.jsonl", "rejected.jsonl"))
    good = {"prompt": WHY, "expected": "B", "answers": {"big": "B", "small": "hm"}}
    write_json_lines(source, [good, {**good, "expected": "A"}, {**good, "expected": "?"}])
    arguments = ["golden", "choice", str(source), "--out", str(out), "--rejected", str(rejected)]
    assert main(arguments) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    assert "big 2 0.500 0" in printed
    assert "small 2 0.000 2" in printed
    assert printed[-2:] == ["rejected, expected: not one letter: 1", f"wrote 2 labels to {out}"]
    assert [row["scores"] for row in rows(out)] == [{"big": 1.0, "small": 0.0}, {"big": 0.0, "small": 0.0}]
    assert [row["reason"] for row in rows(rejected)] == ["expected: not one letter"]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"]["small"] == {"answers": 2, "mean": 0, "unparsed": 2}
    assert main(["golden", "choice", str(source), "--out", str(source)]) == 2
    assert len(rows(source)) == 3


def test_fields_of_other_names_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.jsonl"
    write_json_lines(source, [{"question": WHY, "expected": "B", "answers": {"big": "B"}}])
    arguments = ["golden", "choice", str(source), "--out", str(out), "--format", "jsonl"]
    assert main([*arguments, "--field", "prompt=question"]) == 0
    assert "read 1 graded answer (JSON Lines)" in capsys.readouterr().err
    assert [row["prompt"] for row in rows(out)] == [WHY]
    assert main(arguments) == 3
