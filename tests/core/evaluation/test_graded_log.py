"""`routellm evaluate --from-log`: the graded calls of a decision log are a benchmark."""

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.evaluation.graded_log import graded_log
from routellm_core.preferences.grading.kept_grades import KeptGrades

from tests.core.logged_calls import write_calls

TEXTS = [f"{'Prove' if n % 2 else 'Say'} number {n}, and tell us why." for n in range(30)]
PAIR = ["--strong", "big", "--weak", "small"]


def graded(where: str, *, log_text: bool = True) -> str:
    ids = write_calls(where, load_router("default"), TEXTS, 1.0, log_text=log_text)
    kept = KeptGrades(f"{where.removeprefix('sqlite:///')}.checks.jsonl")
    kept.draw([{"id": id} for id in ids[:20]])
    kept.grade({id: (1.0, float(n % 2 == 0)) for n, id in enumerate(ids[:20])}, "tests", (0.0, 1.0))
    return where


@pytest.mark.parametrize("name", ["decisions.jsonl", "sqlite:///decisions.db"])
def test_routers_are_compared_on_the_graded_calls(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = graded_log(graded(name), "big", "small")
    assert list(found.prompts) == TEXTS[:20]
    assert found.weak.tolist() == [1.0, 0.0] * 10
    assert found.strong.tolist() == [1.0] * 20

    assert main(["evaluate", "--from-log", name, *PAIR, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)[0]["prompts"] == 20
    assert "all were for weak" in printed.err


def test_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_calls("d.jsonl", load_router("default"), TEXTS, 1.0)
    for words, status, said in (
        (["--from-log", "d.jsonl", *PAIR], 3, "d.jsonl.checks.jsonl holds no grade"),
        (
            ["--from-log", graded("silent.jsonl", log_text=False), *PAIR],
            3,
            "has no text of its 20 graded calls",
        ),
        (["--from-log", "d.jsonl"], 2, "name its models with --strong and --weak"),
        (PAIR, 2, "--benchmark and --from-log are both missing"),
    ):
        assert main(["evaluate", *words]) == status
        assert said in capsys.readouterr().err
