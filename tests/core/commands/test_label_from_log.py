"""`routellm label` on what an application has: conversations, contexts, paid answers; and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed")

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.labels import read_labels

from examples.stand_in import StandInServer

SYSTEM = {"role": "system", "content": "Answer from the context."}
RAG = {"role": "user", "content": "Context: the lease ends in May.\n\nQuestion: when does the lease end?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function"}]}
TOOL = {"role": "tool", "tool_call_id": "c1", "content": "17 leases"}
LATER = {"role": "user", "content": "Which leases end before 2031?"}
LOOP = {"role": "user", "content": "How many leases are there in the table?"}
ANSWERS = {"gpt-4o-2024-08-06": "The lease does end in May.", "gpt-4o-mini": "May."}


def call(messages: list[Any], model: str, answer: str | None) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": answer}}
    return {
        "request": {"model": model, "messages": messages},
        "response": {"model": model, "choices": [choice]},
    }


LOG = [
    call([SYSTEM, RAG], "gpt-4o-2024-08-06", ANSWERS["gpt-4o-2024-08-06"]),
    # Tools were used before this question, and are left out of it: its answer is not reused.
    call([SYSTEM, LOOP, CALLED, TOOL, LATER], "gpt-4o", "None of them."),
    call([SYSTEM, LOOP], "gpt-4o", "I look it up."),
    call([SYSTEM, LOOP, CALLED, TOOL], "gpt-4o", "There are 17."),
    call([SYSTEM, {"role": "user", "content": "Who signed the lease?"}], "another", "Nobody."),
]


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(["gpt-4o", "gpt-4o-mini", "local-judge"]) as running:
        yield running


@pytest.fixture
def arguments(server: StandInServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.chdir(tmp_path)
    Path("app.jsonl").write_text("".join(json.dumps(row) + "\n" for row in LOG))
    models = ["--strong", "gpt-4o", "--weak", "gpt-4o-mini", "--judge", "gpt-4o"]
    files = ["--from-log", "app.jsonl", "--out", "battles.jsonl", "--log", "log.jsonl"]
    return ["label", *models, *files, "--base-url", server.openai_url]


def asked(server: StandInServer, model: str) -> list[Any]:
    bodies = [body["messages"] for body in server.bodies(model)]
    return [messages for messages in bodies if "<<REQUEST" not in messages[-1]["content"]]


def test_contexts_and_system_prompts_are_kept_and_tools_left_out(
    arguments: list[str], server: StandInServer
) -> None:
    assert main(arguments) == 0

    weak = asked(server, "gpt-4o-mini")
    assert len(weak) == 4
    assert [SYSTEM, RAG] in weak
    assert [SYSTEM, LOOP, LATER] in weak
    assert all("tools" not in body for body in server.bodies("gpt-4o-mini"))
    judged = [body["messages"][-1]["content"] for body in server.bodies("gpt-4o")]
    assert sum("the lease ends in May" in text and "Answer from the context." in text for text in judged) == 2

    rows = [json.loads(line) for line in Path("battles.jsonl").read_text().splitlines()]
    assert rows[0]["messages"] == [SYSTEM, RAG]
    battles = {battle.prompt: battle.winner for battle in read_battles("battles.jsonl")}
    assert LATER["content"] in battles
    assert battles[rows[0]["prompt"]] == "tie"


def test_logged_answers_are_not_paid_again(
    arguments: list[str], server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr()

    # Of four questions one has an answer of strong that was given without tools.
    assert [SYSTEM, RAG] not in asked(server, "gpt-4o")
    assert len(asked(server, "gpt-4o")) == 3
    assert "it holds 1 answers of gpt-4o, 0 answers of gpt-4o-mini" in printed.err
    assert ", 0 taken from the log, 1 answers of app.jsonl used" in printed.out
    shown = [body["messages"][-1]["content"] for body in server.bodies("gpt-4o")]
    assert sum(ANSWERS["gpt-4o-2024-08-06"] in text for text in shown) == 2

    made = len(server.requests)
    assert main(arguments) == 0
    assert len(server.requests) == made


def test_answers_of_both_models_leave_the_judge_alone_to_pay(
    arguments: list[str], server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("app.jsonl").write_text(
        "".join(json.dumps(call([SYSTEM, RAG], model, answer)) + "\n" for model, answer in ANSWERS.items())
    )
    Path("more.jsonl").write_text(json.dumps({"messages": [SYSTEM, RAG]}) + "\n")
    assert main([*arguments, "--prompts", "more.jsonl"]) == 0

    assert dict(server.calls()) == {"gpt-4o": 2}
    assert [battle.winner for battle in read_battles("battles.jsonl")] == ["model_a"]
    assert "2 calls made, 0 taken from the log, 2 answers of app.jsonl used" in capsys.readouterr().out


def test_a_dry_run_says_what_it_costs_and_asks_nobody(
    arguments: list[str],
    server: StandInServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert main([*arguments, "--dry-run"]) == 0
    printed = capsys.readouterr().out

    assert "strong gpt-4o: 3 calls, about " in printed
    assert "weak gpt-4o-mini: 4 calls, about " in printed
    assert "judge gpt-4o: 8 calls, about " in printed
    assert "15 calls to make; 1 answers and verdicts are known already; about $" in printed
    assert "gpt-4o: 2.5 in, 10 out per million tokens (list price as of " in printed
    assert sum(server.calls().values()) == 0
    assert sorted(path.name for path in Path(".").iterdir()) == ["app.jsonl"]

    assert main([*arguments, "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["calls"], planned["held"]) == ({"strong": 3, "weak": 4, "judge": 8}, 1)
    assert main([*arguments, "--json"]) == 0
    printed_run = capsys.readouterr()
    done = json.loads(printed_run.out)
    assert done["made"] == 15
    assert done["spent"] < planned["most"]
    assert "15 calls to make" in printed_run.err
    assert main([*arguments, "--dry-run", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again == {"calls": {"strong": 0, "weak": 0, "judge": 0}, "held": 16, "cost": 0.0, "most": 0.0}


def test_list_prices_serve_where_none_are_given_and_a_missing_one_is_named(
    arguments: list[str], capsys: pytest.CaptureFixture[str], server: StandInServer
) -> None:
    assert main([*arguments, "--max-cost", "0.0001"]) == 6
    assert "the cap on spend is reached" in capsys.readouterr().err
    assert main([*arguments, "--judge", "local-judge", "--dry-run"]) == 0
    assert "unknown without a price for local-judge: give --prices" in capsys.readouterr().out
    assert main([*arguments, "--judge", "local-judge", "--max-cost", "5"]) == 2
    assert "none is given for 'local-judge'" in capsys.readouterr().err
    prices = ["--prices", "judge=1,1"]
    assert main([*arguments, "--judge", "local-judge", *prices, "--max-cost", "5"]) == 0
    assert "\ntotal cost 0.0" in capsys.readouterr().out


def test_grades_asked_for_later_do_not_pay_the_judge_again(
    arguments: list[str], server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    made = len(server.requests)
    assert main([*arguments, "--grades-out", "labels.jsonl"]) == 0

    assert len(server.requests) == made
    assert "log.jsonl holds verdicts without grades" in capsys.readouterr().err
    battles, labels = list(read_battles("battles.jsonl")), list(read_labels("labels.jsonl"))
    assert [dict(label.scores) for label in labels] == [
        {"gpt-4o": battle.target, "gpt-4o-mini": 1.0 - battle.target} for battle in battles
    ]
    # And the other way round: grades that are paid tell who won.
    graded = [*arguments, "--log", "graded.jsonl", "--grades-out", "labels.jsonl"]
    assert main(graded) == 0
    made = len(server.requests)
    assert main(graded[:-2]) == 0
    assert len(server.requests) == made


@pytest.mark.parametrize("graded", [False, True])
def test_what_it_writes_is_read_by_adapt_evaluate_and_calibrate(
    arguments: list[str], server: StandInServer, graded: bool
) -> None:
    easy = [{"prompt": f"What is {number}?"} for number in range(12)]
    hard = [
        {"prompt": "Prove at length that " + " ".join(f"w{i} x{i * n}" for i in range(20))} for n in range(12)
    ]
    rows = [
        call([{"role": "user", "content": row["prompt"]}], "gpt-4o", row["prompt"]) for row in easy + hard
    ]
    Path("app.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main([*arguments, *(["--grades-out", "labels.jsonl"] if graded else [])]) == 0
    written = "labels.jsonl" if graded else "battles.jsonl"
    pair = ["--strong", "gpt-4o", "--weak", "gpt-4o-mini"]

    assert main(["evaluate", "--benchmark", written, *pair]) == 0
    scale = ["--scale", "1", "5"] if graded else []
    assert main(["calibrate", "--labels", written, *pair, "--quality", "0.5", *scale]) == 0
    assert main(["adapt", "--labels", written, *pair, "--out", "own"]) == 0


def test_neither_prompts_nor_a_log_is_an_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    without = [word for word in arguments if word not in ("--from-log", "app.jsonl")]
    assert main(without) == 2
    assert "--prompts and --from-log are both missing" in capsys.readouterr().err
    assert main([*arguments, "--out", "app.jsonl"]) == 2
    assert "--out and --from-log are both app.jsonl" in capsys.readouterr().err
