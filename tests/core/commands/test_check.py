"""`routellm check`, as a user runs it: by people's grades, by a judge, repeatedly, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routellm_core.calibration.record import Calibration
from routellm_core.commands.cli import main
from routellm_core.routing.decision_log import DecisionLog

from examples.stand_in import StandInModel, StandInServer

PROMPTS = [f"What is {number} plus {number}?" for number in range(60)]


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty weak calls and twenty strong ones."""
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open("decisions.jsonl", log_text=True)
    for number, prompt in enumerate(PROMPTS):
        row = {"id": f"d{number}", "route": "weak" if number < 40 else "strong", "reason": "score"}
        log.write(
            {**row, "router": "r", "threshold": 0.5, "models": {"strong": "big", "weak": "small"}}, prompt
        )
    log.close()


def check(*arguments: str) -> int:
    return main(["check", "--log", "decisions.jsonl", *arguments])


def grades(path: str, weak: float = 1.0) -> None:
    drawn = [json.loads(line) for line in Path("todo.jsonl").read_text().splitlines()]
    rows = [{"id": row["id"], "scores": {"big": 1.0, "small": weak}} for row in drawn]
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert check("--json", *arguments) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_calls_are_drawn_graded_and_kept_for_the_next_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--sample", "25", "--out", "todo.jsonl", "--max-loss", "0.05") == 0
    printed = capsys.readouterr().out
    assert "40 of 60 scored calls went to weak (66.7%)" in printed
    assert "no call is graded yet" in printed
    assert "wrote 25 calls to grade to todo.jsonl" in printed
    assert all(
        json.loads(line)["text"] in PROMPTS[:40] for line in Path("todo.jsonl").read_text().splitlines()
    )

    grades("grades.jsonl")
    assert check("--grades", "grades.jsonl", "--max-loss", "0.05") == 0
    printed = capsys.readouterr().out
    assert "25 graded weak calls lose 0.0000 on average" in printed
    assert "neither confirmed nor refuted; about " in printed

    assert report(capsys)["graded"] == 25
    more = report(capsys, "--sample", "10", "--out", "todo.jsonl")
    assert (more["drawn"], more["ungraded"]) == (35, 10)
    assert len(Path("todo.jsonl").read_text().splitlines()) == 10
    # what waits for a grade is not drawn again, nor more in its place
    assert report(capsys, "--sample", "10")["drawn"] == 35


def test_a_broken_promise_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Calibration("r", 0.5, target={"max_loss": 0.02, "confidence": 0.9}).save("calibration.json")
    assert check("--sample", "40", "--out", "todo.jsonl") == 0
    grades("grades.jsonl", weak=0.0)
    capsys.readouterr()
    assert check("--grades", "grades.jsonl", "--calibration", "calibration.json") == 0
    assert "the promise of a loss of at most 0.02 is BROKEN" in capsys.readouterr().out


def test_calls_at_another_threshold_say_nothing_of_the_calibration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Calibration("r", 0.4, target={"max_loss": 0.02, "confidence": 0.9}).save("calibration.json")
    assert check("--calibration", "calibration.json") == 2
    assert (
        "no call was made with the router, pair and threshold of calibration.json, and 60 with others"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sample", "-1"], "--sample is -1, expected a whole number of at least 0"),
        (["--max-loss", "0"], "--max-loss is 0.0, expected a number above 0"),
        (["--confidence", "1.5"], "--confidence is 1.5"),
        (["--log", "none.jsonl"], "none.jsonl is not a file"),
        (["--judge", "j", "--grades", "f"], "drop one of them"),
    ],
)
def test_bad_input_is_told_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(*arguments) == (3 if "none.jsonl" in arguments else 2)
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_promise_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Calibration("r", 0.5, target={"quality": 0.9}).save("calibration.json")
    assert check("--calibration", "calibration.json") == 2
    assert "promises no max_loss, only quality" in capsys.readouterr().err


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInServer]:
    pytest.importorskip("openai", reason="openai is not installed")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    grader = StandInModel("grader", latency=0.001, answer="So.\n[[A=4 B=4]]")
    with StandInServer(
        [grader, *(StandInModel(name, latency=0.001) for name in ("big", "small", "gpt-4o", "gpt-4o-mini"))]
    ) as running:
        yield running


def test_a_judge_grades_what_was_drawn_and_logged_answers_are_not_asked_for(
    server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    log = DecisionLog.open("decisions.jsonl", log_text=True)
    row = {"id": "shadowed", "route": "weak", "reason": "score", "router": "r", "threshold": 0.5}
    answers = {"strong": "It is 0.", "weak": "Zero."}
    log.write({**row, "models": {"strong": "big", "weak": "small"}, "answers": answers}, "Nought?")
    log.close()
    judge = ["--judge", "grader", "--base-url", server.openai_url]
    assert check("--sample", "41", *judge) == 0
    printed = capsys.readouterr()

    assert printed.err == ""
    assert "41 graded weak calls lose 0.0000" in printed.out
    assert dict(server.calls()) == {"big": 40, "small": 40, "grader": 82}
    assert check("--sample", "5", *judge) == 0
    assert sum(server.calls().values()) == 162


def test_a_judge_that_fails_keeps_what_it_graded(
    server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = ["--prices", *(f"{name}=1000,1000" for name in ("big", "small", "grader"))]
    judge = ["--judge", "grader", "--base-url", server.openai_url, *prices]
    assert check("--sample", "30", *judge, "--max-cost", "20") == 6
    printed = capsys.readouterr()
    graded = int(printed.out.split(" graded weak calls")[0].splitlines()[-1])
    assert 0 < graded < 30
    assert f"Grades so far are kept and counted: continue with --sample {30 - graded}." in printed.err
    assert check("--sample", str(30 - graded), *judge, "--max-cost", "1000") == 0
    assert "30 graded weak calls" in capsys.readouterr().out


def test_a_judge_needs_the_text(server: StandInServer, capsys: pytest.CaptureFixture[str]) -> None:
    log = DecisionLog.open("hashed.jsonl")
    log.write({"id": "a", "route": "weak", "reason": "score", "router": "r", "threshold": 0.5}, "Hello?")
    log.close()
    judge = ["--strong", "big", "--weak", "small", "--judge", "grader", "--base-url", server.openai_url]
    assert main(["check", "--log", "hashed.jsonl", "--sample", "1", *judge]) == 2
    assert "log with log_text=True" in capsys.readouterr().err


def test_grades_of_other_names_and_marks_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--sample", "5", "--out", "todo.jsonl") == 0
    ids = [json.loads(line)["id"] for line in Path("todo.jsonl").read_text().splitlines()]
    table = "call;big;small\n" + "".join(f"{id};1,0;0,5\n" for id in ids)
    Path("graded.csv").write_text(table)
    known = ["--grades", "graded.csv", "--delimiter", ";", "--decimal", ","]
    assert check(*known) == 3
    assert check(*known, "--field", "id=call") == 0, capsys.readouterr().err


def test_list_prices_serve_a_judge(server: StandInServer, capsys: pytest.CaptureFixture[str]) -> None:
    models = ["--strong", "gpt-4o", "--weak", "gpt-4o-mini", "--judge", "grader", "--prices", "grader=1,2"]
    assert check("--sample", "2", *models, "--base-url", server.openai_url, "--max-cost", "1") == 0
    said = capsys.readouterr().err
    assert said.count("gpt-4o: 2.5 in, 10 out per million tokens (list price as of ") == 1
    assert "gpt-4o-mini: 0.15 in" in said
    assert "grader: 1 in, 2 out per million tokens (as you gave it)" in said
