"""Ctrl-C in every command, wherever it stands: one line, the status of an interrupt, and no traceback."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from routellm_core.commands.cli import COMMANDS, main
from routellm_core.routing.decision_log import DecisionLog

from examples.stand_in import StandInModel, StandInServer
from tests.core.hostile_checkpoints import write_small
from tests.tiny_models import bert_network, write_network

PAIR = ["--strong", "big", "--weak", "small"]
PRICES = ["--prices", "big=10,30", "small=1,2"]
COUNT = 40
PLACES = 8
"""How many moments of each command are tried, evenly spaced over the functions that it calls."""

ARGUMENTS: dict[str, list[str]] = {
    "score": ["prompts.jsonl"],
    "explain": ["--text", "Prove it."],
    "savings": ["labels.jsonl", *PAIR, *PRICES, "--labels", "labels.jsonl"],
    "label": [*PAIR, *PRICES, "--judge", "judge", "--prompts", "prompts.jsonl", "--out", "judged.jsonl"],
    "golden": ["choice", "answers.jsonl", "--out", "graded.jsonl"],
    "clean": ["--battles", "battles.jsonl", "--out", "cleaned.jsonl"],
    "tiers": ["--battles", "battles.jsonl"],
    "adapt": ["--labels", "labels.jsonl", *PAIR, "--out", "OUT"],
    "train mf": ["--battles", "battles.jsonl", *PAIR, "--out", "OUT"],
    "train bert": [
        "--battles",
        "battles.jsonl",
        *PAIR,
        "--base",
        "bert",
        "--out",
        "OUT",
        "--steps",
        "2",
        "--max-length",
        "64",
    ],
    "train sw_ranking": ["--battles", "battles.jsonl", *PAIR, "--out", "OUT"],
    "train new_model": [
        "--from",
        "base",
        "--model",
        "small",
        "--labels",
        "new.jsonl",
        "--out",
        "OUT",
    ],
    "calibrate": ["--labels", "labels.jsonl", *PAIR, *PRICES, "--strong-share", "0.3"],
    "check": ["--log", "decisions.jsonl", "--sample", "5", "--out", "todo.jsonl"],
    "outcome": ["d3", "1", "--log", "decisions.jsonl"],
    "evaluate": ["--benchmark", "labels.jsonl", *PAIR, *PRICES],
}


def write_rows(path: str, rows: list[dict[str, Any]]) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    texts = [f"{'Prove' if n % 4 < 2 else 'Say'} number {n}, and tell us why." for n in range(COUNT)]
    write_rows("prompts.jsonl", [{"prompt": text} for text in texts[:6]])
    scores = [{"big": 1.0, "small": float(n % 4 >= 2)} for n in range(COUNT)]
    write_rows("labels.jsonl", [{"prompt": t, "scores": s} for t, s in zip(texts, scores, strict=True)])
    write_rows(
        "new.jsonl", [{"prompt": t, "scores": {"small": n % 2, "weak": 1}} for n, t in enumerate(texts)]
    )
    names = {"model_a": "big", "model_b": "small"}
    winners = ["model_a" if n % 4 < 2 else ("tie", "model_b")[n % 2] for n in range(COUNT)]
    write_rows(
        "battles.jsonl", [{"prompt": t, **names, "winner": w} for t, w in zip(texts, winners, strict=True)]
    )
    write_rows("answers.jsonl", [{"prompt": t, "expected": "B", "answers": {"big": "B"}} for t in texts])
    write_small(Path("base"))
    log = DecisionLog.open("decisions.jsonl", log_text=True)
    models = {"strong": "big", "weak": "small"}
    for number, text in enumerate(texts):
        row = {"id": f"d{number}", "route": "weak", "reason": "score", "router": "r", "threshold": 0.5}
        log.write({**row, "models": models}, text)
    log.close()


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(
        [StandInModel("big"), StandInModel("small"), StandInModel("judge", answer="[[A]]")]
    ) as found:
        yield found


def calls_of_ours(run: Callable[[], int], interrupt_at: int | None = None) -> tuple[int, int]:
    """Run, interrupted at a call of one of our functions; return the exit status and the calls made."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event == "call" and "routellm_core" in frame.f_code.co_filename:
            count += 1
            if count == interrupt_at:
                signal.raise_signal(signal.SIGINT)

    sys.setprofile(seen)
    try:
        return run(), count
    finally:
        sys.setprofile(None)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", ARGUMENTS)
def test_an_interrupt_is_one_line(
    command: str, server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "train bert":
        pytest.importorskip("accelerate", reason="this kind needs the extra train")
        write_network(bert_network(), Path("bert"))
    words = [*command.split(), *ARGUMENTS[command]]

    def run(attempt: int) -> int:
        of_label = ["--log", f"log{attempt}.jsonl", "--base-url", server.openai_url]
        given = [f"out{attempt}" if word == "OUT" else word for word in words]
        return main([*given, *(of_label if command == "label" else [])])

    run(0)  # what is imported, and kept from then on, is no call
    status, calls = calls_of_ours(lambda: run(1))
    assert status == 0, capsys.readouterr().err
    places = 2 if command == "train bert" else PLACES  # it takes a second each time
    for place in range(places):
        capsys.readouterr()
        status, _ = calls_of_ours(partial(run, 2 + place), 2 + calls * place // places)
        said = capsys.readouterr().err.splitlines()
        assert (status, "interrupted" in said[-1]) == (130, True), said
        assert said[-1].startswith("routellm")
        assert not any("Traceback" in line or "Exception ignored" in line for line in said)


def test_no_command_is_left_out() -> None:
    assert {command.split()[0] for command in ARGUMENTS} == set(COMMANDS)
