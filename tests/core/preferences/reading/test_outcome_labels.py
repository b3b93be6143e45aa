"""What the commands make of the project's own decision log, as JSON Lines and in SQLite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.preferences.reading.layouts.decision_log import log_files
from routellm_core.preferences.reading.sifting import sift_labels

from tests.core.labelled_prompts import labelled
from tests.core.logged_calls import write_answers, write_calls, write_outcomes

PAIR = ["--strong", "big", "--weak", "small"]
LABELS = labelled(80, easy_fail=True)
TEXTS = [label.prompt for label in LABELS]


@pytest.fixture(params=["decisions.jsonl", "sqlite:///decisions.db"])
def log(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log of calls, half of them for strong, with an outcome for each."""
    monkeypatch.chdir(tmp_path)
    router = load_router("default")
    scores = sorted(router.score(TEXTS))
    write_calls(request.param, router, TEXTS, float(scores[len(scores) // 2]))
    where: str = request.param
    return where


def told(log: str) -> None:
    """Log how good each answer was, by the labels."""
    rows = [row for row in map(json.loads, _lines(log)) if "outcome_of" not in row]
    quality = {label.prompt: label.scores for label in LABELS}
    model = {"strong": "big", "weak": "small"}
    write_outcomes(log, {row["id"]: quality[row["text"]][model[row["route"]]] for row in rows})


def _lines(log: str) -> list[str]:
    from routellm_core.routing.logged_decisions import read_decisions

    return [json.dumps(row) for row in read_decisions(log)]


def test_savings_knows_what_each_model_answered_and_used(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["savings", log, *PAIR, "--prices", "big=10,30", "small=1,2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    calls = len(set(TEXTS))
    assert found["decisions"] == calls
    assert set(found["models"]) == {"big", "small"}
    assert found["calls_without_tokens"] == 0
    assert found["rows"][-1]["cost"] / found["rows"][0]["cost"] == pytest.approx(0.013 / 0.0012)


def test_its_outcomes_are_labels(log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(log)
    assert main(["adapt", "--from-log", log, *PAIR, "--out", "mine"]) == 0
    printed = capsys.readouterr()
    assert "outcomes in a decision log" in printed.err
    assert "scores of weak alone" in printed.out
    assert main(["adapt", "--labels", log, *PAIR, "--out", "again"]) == 0
    router, again = load_router(tmp_path / "mine"), load_router(tmp_path / "again")
    assert router.score(TEXTS[:5]).tolist() == again.score(TEXTS[:5]).tolist()


def test_a_log_without_outcomes_says_how_to_log_some(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapt", "--from-log", log, *PAIR, "--out", "mine"]) == 3
    assert "is a decision log without an outcome" in capsys.readouterr().err
    assert main(["adapt", *PAIR, "--out", "mine"]) == 2
    assert "--labels and --from-log are both missing" in capsys.readouterr().err


def test_outcomes_of_calls_without_a_text_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ids = write_calls("d.jsonl", load_router("default"), TEXTS, 0.5, log_text=False)
    write_outcomes("d.jsonl", dict.fromkeys(ids, 1.0))
    assert main(["adapt", "--from-log", "d.jsonl", *PAIR, "--out", "mine"]) == 3
    assert "log with log_text=True" in capsys.readouterr().err


def test_outcomes_of_calls_that_are_not_there_are_counted(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_outcomes(log, {"nobody": 1.0})
    assert main(["adapt", "--from-log", log, *PAIR, "--out", "mine"]) == 3
    assert "is an outcome of 'nobody', which is no call here" in capsys.readouterr().err
    told(log)
    write_outcomes(log, {"nobody": 0.5, "gone": 1.0})
    assert main(["adapt", "--from-log", log, *PAIR, "--out", "mine"]) == 0
    assert "2 rows skipped: 2 'no call of this id'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["savings", "calibrate", "score"])
@pytest.mark.parametrize("kind", ["no text", "later"])
def test_why_a_row_says_nothing_is_told(
    kind: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_calls("d.jsonl", load_router("default"), TEXTS[:3], 0.5, log_text=kind == "later")
    if kind == "later":
        path = Path("d.jsonl")
        path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    more = {
        "savings": [*PAIR, "--prices", "big=10,30", "small=1,2"],
        "calibrate": ["--strong-share", "0.3"],
        "score": [],
    }
    read = {"calibrate": ["--from-log", "d.jsonl"]}.get(command, ["d.jsonl"])
    assert main([command, *read, *more[command]]) == 3
    error = capsys.readouterr().err
    assert ("upgrade routellm-plugins" if kind == "later" else "log with log_text=True") in error
    assert ("3 of a later version" if kind == "later" else "3 whose text was not kept") in error


def test_a_calibration_is_made_on_what_was_asked(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--from-log", log, "--strong-share", "0.25", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["prompts"] == len(set(TEXTS))
    assert found["strong_share"] == pytest.approx(0.25, abs=0.03)


def test_a_sample_is_uniform_and_the_same_for_the_same_seed(
    log: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from argparse import Namespace

    from routellm_core.commands.label_questions import label_questions

    def sample(seed: int, count: int | None = 20) -> set[str]:
        options = Namespace(
            prompts=None, from_log=log, strong="big", weak="small", limit=None, select=None, sample=count,
            seed=seed, format=None, field=[], delimiter=None, decimal=None, encoding=None, strict=False,
        )  # fmt: skip
        return {question.text for question in label_questions(options).asked}

    drawn = [sample(seed) for seed in range(40)]
    assert sample(0) == drawn[0]
    assert {len(each) for each in drawn} == {20}
    # every call is drawn about equally often: 40 draws of a quarter of them
    assert set().union(*drawn) == sample(0, None)


def test_answers_of_a_shadow_sample_are_not_paid_again(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    texts = list(dict.fromkeys(TEXTS))
    write_answers(log, texts[:10], "It is 7.")
    # Answers with tools or a schema are none to the text alone, which `label` asks.
    write_answers(log, texts[:12], '[{"name": "add", "arguments": {}}]', "tools")
    files = ["--out", "battles.jsonl", "--log", "judged.jsonl", "--dry-run", "--json"]
    asked = [
        "--from-log",
        log,
        *PAIR,
        "--judge",
        "big",
        "--limit",
        "10",
        "--prices",
        "big=10,30",
        "small=1,2",
    ]
    assert main(["label", *asked, *files]) == 0
    printed = capsys.readouterr()
    assert "it holds 10 answers of big, 10 answers of small" in printed.err
    assert f"{len(texts)} decisions" in printed.err
    assert main(["savings", log, *PAIR, "--prices", "big=10,30", "small=1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"] == len(texts)


def test_a_log_that_was_rotated_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts, router = list(dict.fromkeys(TEXTS)), load_router("default")
    for part in (texts[:20], texts[20:50], texts[50:]):
        for number in (2, 1):
            older = Path(f"d.jsonl{f'.{number - 1}' if number > 1 else ''}")
            if older.exists():
                older.rename(f"d.jsonl.{number}")
        write_calls("d.jsonl", router, part, 0.5)
    write_outcomes("d.jsonl", {"d0": 1.0})
    assert main(["savings", "d.jsonl", *PAIR, "--prices", "big=10,30", "small=1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == len(texts)
    labels = sift_labels("d.jsonl").items
    # the ids are counted anew in each part
    assert [label.prompt for label in labels] == [texts[0], texts[20], texts[50]]


def test_another_file_of_such_a_name_is_no_part_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"prompt": "Why?"}\n')
    (tmp_path / "log.jsonl.1").write_text('{"prompt": "An older question?"}\n')
    assert log_files(path) == [path]
