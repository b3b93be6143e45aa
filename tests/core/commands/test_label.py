"""`routellm label`, as a user runs it: the files it writes, what it refuses, and a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed")

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.labels import read_labels

from examples.stand_in import Prompt, StandInModel, StandInServer
from tests.core.scripted_models import prefers

PROMPTS = [f"What is {number} plus {number}?" for number in range(12)]
MODELS = ("big", "small", "judge", "grader")
LONG = 600.0


def by_content(prompt: Prompt) -> str:
    return prefers("[big]")(prompt.user)


@pytest.fixture
def server() -> Iterator[StandInServer]:
    scripts: dict[str, Any] = {"judge": by_content, "grader": "So.\n[[A=4 B=4]]"}
    with StandInServer(
        StandInModel(name, latency=0.002, answer=scripts.get(name)) for name in MODELS
    ) as running:
        yield running


@pytest.fixture
def arguments(server: StandInServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.chdir(tmp_path)
    Path("prompts.jsonl").write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    named = ["--strong", "big", "--weak", "small", "--judge", "judge", "--base-url", server.openai_url]
    files = ["--prompts", "prompts.jsonl", "--out", "battles.jsonl", "--log", "log.jsonl"]
    return ["label", *named, *files, "--concurrency", "4"]


def asked(server: StandInServer) -> Counter[tuple[str, str]]:
    bodies = [request.body for request in server.requests]
    return Counter((str(body["model"]), json.dumps(body["messages"])) for body in bodies)


def test_prompts_become_battles_that_the_other_commands_read(
    arguments: list[str], capsys: pytest.CaptureFixture[str], server: StandInServer
) -> None:
    assert main([*arguments, "--prices", "big=1,1", "--limit", "10"]) == 0
    printed = capsys.readouterr()
    battles = list(read_battles("battles.jsonl"))

    assert [battle.prompt for battle in battles] == PROMPTS[:10]
    assert {(battle.model_a, battle.model_b, battle.winner) for battle in battles} == {
        ("big", "small", "model_a")
    }
    assert "wrote battles.jsonl: 10 battles, 10 won by big, 0 by small, 0 ties" in printed.out
    assert "both orders agree on 100.0%" in printed.out
    assert "40 calls made, 0 taken from the log" in printed.out
    assert "read 12 rows as a table of prompts (JSON Lines)" in printed.err

    assert main([*arguments, "--limit", "10", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["battles"], summary["made"], summary["reused"]) == (10, 0, 40)
    assert summary["winners"] == {"strong": 10, "weak": 0, "tie": 0}
    assert sum(server.calls().values()) == 40


def test_answers_that_were_cut_are_counted(
    arguments: list[str], capsys: pytest.CaptureFixture[str], server: StandInServer
) -> None:
    assert main([*arguments, "--max-answer-tokens", "2"]) == 0
    assert "24 answers were cut off: see --max-answer-tokens" in capsys.readouterr().out
    assert {body["max_tokens"] for body in server.bodies("big")} == {2}
    assert {body["max_tokens"] for body in server.bodies("judge")} == {1024}


def test_grades_become_labels(arguments: list[str]) -> None:
    Path("references.jsonl").write_text(json.dumps({"prompt": PROMPTS[0], "reference": "It is 0."}))
    given = [
        *arguments,
        "--judge",
        "grader",
        "--grades-out",
        "labels.jsonl",
        "--references",
        "references.jsonl",
    ]
    assert main(given) == 0

    assert [dict(label.scores) for label in read_labels("labels.jsonl")] == [{"big": 4.0, "small": 4.0}] * 12
    assert Path("log.jsonl").read_text().count("[[A=4 B=4]]") == 24


def test_a_reached_cap_writes_what_there_is_and_says_how_to_go_on(
    arguments: list[str], capsys: pytest.CaptureFixture[str], server: StandInServer
) -> None:
    prices = ["--prices", *(f"{name}=1000,1000" for name in MODELS)]
    assert main([*arguments, *prices, "--max-cost", "6"]) == 6
    printed = capsys.readouterr()
    first = len(list(read_battles("battles.jsonl")))

    assert "\nroutellm label: error: the cap on spend is reached: " in printed.err
    assert "run the same command again to continue" in printed.err
    assert f"{first} of 12 prompts are judged" in printed.err
    assert first < 12
    assert main([*arguments, *prices, "--max-cost", "500"]) == 0
    assert len(list(read_battles("battles.jsonl"))) == 12
    assert set(asked(server).values()) == {1}


def test_a_kill_in_the_middle_loses_nothing_and_pays_nothing_twice(
    arguments: list[str], server: StandInServer
) -> None:
    # The judge answers nine times and then holds every call, so that the kill meets calls in flight.
    server.delay_next("judge", 0.0, times=9)
    server.delay_next("judge", LONG, times=1_000)
    command = [sys.executable, "-m", "routellm_core.commands.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while server.calls()["judge"] < 9 + 4 and time.monotonic() < deadline:
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    while sum(server.disconnects.values()) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    before, cut = asked(server), dict(server.disconnects)
    answered = sum(before.values()) - 4
    assert cut == {"judge": 4}
    # And as if the last row had been torn by the kill.
    with open("log.jsonl", "ab") as log:
        log.write(b'{"event": "answer", "key": "')
    server.reset()

    done = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    summary = json.loads(done.stdout)
    both = before + asked(server)
    assert len(list(read_battles("battles.jsonl"))) == 12
    assert (summary["reused"], summary["interrupted"]) == (answered, 4)
    # 12 prompts, four calls each; only the four calls that were cut off were made again.
    assert len(both) == 48
    assert sorted(both.values()) == [1] * 44 + [2] * 4
    assert {model for (model, _), count in both.items() if count == 2} == {"judge"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--max-cost", "5"], "--max-cost needs --prices"),
        (
            ["--max-cost", "5", "--prices", "big=1,2"],
            "the price of every model: none is given for 'small', 'judge'",
        ),
        (["--max-cost", "0", "--prices", "big=1,2"], "the cap on spend is 0.0"),
        (["--weak", "big"], "--strong and --weak are both 'big'"),
        (["--concurrency", "0"], "concurrency is 0"),
        (["--limit", "0"], "--limit is 0"),
        (["--log", "battles.jsonl"], "--log and --out are both battles.jsonl"),
        (["--out", "prompts.jsonl"], "--out and --prompts are both prompts.jsonl"),
        (["--judge-key-env", "ABSENT_KEY", "--base-url", ""], "the key for judge is missing"),
        (["--judge", "absent"], "absent can't be asked (404"),
        (["--prompts", "absent.jsonl"], "absent.jsonl does not exist"),
        (["--references", "prompts.jsonl"], "field 'reference' is missing"),
        (["--patience", "-1"], "patience is -1"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    kept = Path("prompts.jsonl").read_bytes()
    assert main([*arguments, *more]) in (2, 3, 5)
    printed = capsys.readouterr()

    assert message in printed.err
    notes = (": read ", "calls to make")
    assert len([line for line in printed.err.splitlines() if not any(note in line for note in notes)]) == 1
    assert Path("prompts.jsonl").read_bytes() == kept


def test_an_interrupt_is_told_as_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("routellm_core.commands.label.judge_in_new_loop", interrupted)
    assert main(arguments) == 130
    assert "interrupted. Nothing is lost" in capsys.readouterr().err


def test_a_key_shows_up_nowhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    written = "".join(path.read_text() for path in Path(".").iterdir() if path.suffix == ".jsonl")
    assert "sk-test-key" not in written + "".join(capsys.readouterr())


def test_a_few_prompts_that_represent_the_others_are_judged(
    server: StandInServer, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--select", "3"]) == 0
    chosen = [battle.prompt for battle in read_battles("battles.jsonl")]
    capsys.readouterr()
    calls = len(server.requests)

    assert len(set(chosen)) == 3
    assert set(chosen) <= set(PROMPTS)
    # The same ones again: nothing is paid for twice.
    assert main([*arguments, "--select", "3"]) == 0
    assert len(server.requests) == calls
    assert main([*arguments, "--select", "0"]) == 2
    assert "--select is 0, expected a whole number of at least 1" in capsys.readouterr().err
