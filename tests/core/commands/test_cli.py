"""The console script, run as a user runs it: in this process where that suffices, in a child where not."""

import importlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.commands.cli import COMMANDS, Progress, main
from routellm_core.commands.train import KINDS

PROMPTS = ["What is 2+2?", "Prove Fermat's last theorem.", "Write a haiku about rain."]

PAIR = ["--strong", "a", "--weak", "b"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    return path


def test_score_prints_one_number_per_prompt(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--router", "default", str(prompts)]) == 0
    printed = [float(line) for line in capsys.readouterr().out.splitlines()]

    assert printed == pytest.approx(load_router("default").score(PROMPTS), abs=1e-6)


def test_score_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(PROMPTS)))
    assert main(["score", "--json"]) == 0
    printed = [json.loads(line)["score"] for line in capsys.readouterr().out.splitlines()]

    assert printed == load_router("default").score(PROMPTS).tolist()


def test_train_makes_a_router_for_the_users_pair(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "mf", "--labels", str(labels), "--strong", "big", "--weak", "small"]
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 0
    assert main([*arguments, "--out", str(tmp_path / "b")]) == 0
    router = load_router(tmp_path / "a")

    assert "strong big, weak small" in capsys.readouterr().out
    assert np.diff(router.score(["Say hello.", "Prove this theorem."])) > 0
    weights = "model.safetensors"
    assert (tmp_path / "a" / weights).read_bytes() == (tmp_path / "b" / weights).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "routellm: error: the following arguments are required: command"),
        (["scroe"], "invalid choice: 'scroe'"),
        (["score", "absent.jsonl"], "routellm score: error: absent.jsonl does not exist"),
        (["score", "--router", "defualt", "PROMPTS"], "unknown router 'defualt'"),
        (["calibrate", "--prompts", "PROMPTS", "--strong-share", "1.5"], "--strong-share is 1.5, expected"),
        (["calibrate", "--prompts", "PROMPTS", "--strong-share", "nan"], "--strong-share is nan, expected"),
        (["calibrate", "--prompts", "PROMPTS", "--strong-share", "much"], "invalid float value: 'much'"),
        (
            ["calibrate", "--prompts", "PROMPTS"],
            "--prompts alone say nothing about quality: give --strong-share or",
        ),
        (
            ["calibrate", "--strong-share", "0.3"],
            "one of the arguments --prompts --from-log --labels is required",
        ),
        (["evaluate", "--benchmark", "mmul"], "'mmul' is neither a file nor one of mmlu"),
        (["evaluate", "--benchmark", "mmlu", "--data", "absent"], "absent holds no routellm_evals/"),
        (["evaluate", "--benchmark", "PROMPTS"], "name its models with --strong and --weak"),
        (
            ["evaluate", "--benchmark", "PROMPTS", *PAIR],
            "prompts.jsonl:1: field 'scores'",
        ),
        (["train", "mf", *PAIR, "--out", "x"], "give --battles, --labels or both"),
        (
            [
                "train",
                "mf",
                "--labels",
                "PROMPTS",
                "--strong",
                "a",
                "--weak",
                "b",
                "--out",
                "x",
                "--from",
                "random",
            ],
            "--from is 'random', a RandomRouter: it has no embedder",
        ),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main([str(prompts) if word == "PROMPTS" else word for word in arguments])
    except SystemExit as error:
        code = error.code
    printed = capsys.readouterr()

    assert code in (2, 3)
    assert printed.out == ""
    assert message in printed.err
    assert len([line for line in printed.err.splitlines() if ": read " not in line]) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])

    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "usage: routellm " + command in printed
    assert f"example:\n  routellm {command}" in printed
    assert "a row" in printed or command in ("explain", "outcome")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_training_has_an_example(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", kind, "--help"])

    printed = capsys.readouterr().out
    assert f"example:\n  routellm train {kind} " in printed
    assert "a row: {" in printed


def test_the_rows_in_the_help_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        module = importlib.import_module(f"routellm_core.commands.{command}")
        row = module.EXAMPLE.partition("a row")[2].partition(": ")[2]
        if row:
            assert isinstance(json.JSONDecoder().raw_decode(row)[0], dict)


def test_progress_is_a_line_a_minute_where_nobody_watches() -> None:
    stream, now = io.StringIO(), 0.0
    say = Progress(stream, lambda: now)
    for second in range(0, 200, 10):
        now = float(second)
        say(f"{second} s")

    assert stream.getvalue().split("\n") == ["60 s", "120 s", "180 s", ""]


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    many = tmp_path / "many.txt"
    many.write_text("hello\n" * 20_000)
    command = f'"{sys.executable}" -m routellm_core.commands.cli score "{many}" | head -n 1'
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, timeout=120)

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == f"{many}: read 20,000 rows as plain lines of text\n"


HOSTILE = "\x1b]52;c;Zm9v\x07\x9b2J\u202e"


def savings_of(log: Path, model: str) -> list[str]:
    """Write a log whose models have hostile names, and return the command that prints them."""
    models = [model, f"cheap {model}"]
    rows = [
        {"prompt": f"Why is {number} odd?", "model": models[number % 2], "response": "So."}
        | {"usage": {"prompt_tokens": 9, "completion_tokens": 5}, "time": "2026-11-01T00:00:00Z"}
        for number in range(40)
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    prices = log.with_name("prices.json")
    prices.write_text(json.dumps({name: {"input": 1.0, "output": 2.0} for name in models}), "utf-8")
    return ["savings", str(log), "--strong", models[0], "--weak", models[1], "--prices", str(prices)]


def test_a_terminal_obeys_nothing_that_stands_in_a_file(
    prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream, arguments in (
        ("stdout", savings_of(prompts, HOSTILE)),
        ("stderr", ["score", str(prompts.parent / f"{HOSTILE}.jsonl")]),
    ):
        monkeypatch.setattr(sys, stream, terminal := Terminal())
        main(arguments)
        shown = terminal.getvalue()
        assert "\\x1b]52" in shown
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)


def test_a_file_gets_what_stands_there(monkeypatch: pytest.MonkeyPatch, prompts: Path) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    main(savings_of(prompts, HOSTILE))

    assert HOSTILE in out.getvalue()
