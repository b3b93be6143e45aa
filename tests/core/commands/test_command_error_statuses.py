"""Every status that the help documents, of every command that can end with it, by an input that fails so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from routellm_core.commands.cli import COMMANDS, main
from routellm_core.embedders.openai import OpenAIEmbedder
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from examples.stand_in import StandInModel, StandInServer
from tests.core.commands.every_command import ARGUMENTS, PAIR

pytestmark = pytest.mark.usefixtures("files")

EMBEDDER = "text-embedding-3-small"


@pytest.fixture
def server() -> Iterator[StandInServer]:
    """Models of which "dead" takes no key, and "picky" and the embedder no prompt."""
    pytest.importorskip("openai", reason="openai is not installed")
    models = [StandInModel("big"), StandInModel("small"), StandInModel("judge", answer="So.\n[[A=4 B=4]]")]
    models += [StandInModel("dead", fail_with=(401, 10**6)), StandInModel("picky", fail_with=(400, 10**6))]
    models.append(StandInModel(EMBEDDER, embedding_size=1536, fail_with=(400, 10**6)))
    with StandInServer(models) as found:
        yield found


def status(*words: str) -> object:
    try:
        return main(words)
    except SystemExit as error:  # argparse's own
        return error.code


def told(capsys: pytest.CaptureFixture[str], command: str) -> str:
    """The last line on standard error, which is the only one that says error."""
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "error: " in line] == lines[-1:]
    assert lines[-1].startswith(f"routellm {command}: error: ")
    return lines[-1]


def words_of(command: str) -> list[str]:
    of_label = ["--log", "judging.jsonl"] if command == "label" else []
    return [*command.split(), *ARGUMENTS[command], *of_label]


def test_every_command_is_tried() -> None:
    assert {command.split()[0] for command in ARGUMENTS} == set(COMMANDS)


BAD_ARGUMENTS = {
    "score": ["--encoding", "klingon"],
    "explain": ["--parts", "many"],
    "savings": ["--strong-share", "2"],
    "label": ["--max-cost", "-1"],
    "golden": ["--field", "prompt"],
    "clean": ["--near-duplicates", "5"],
    "tiers": ["--tiers", "0"],
    "adapt": ["--weak", "big"],
    "train mf": ["--weak", "big"],
    "train bert": ["--steps", "0"],
    "train sw_ranking": ["--weak", "big"],
    "train new_model": ["--model", ""],
    "calibrate": ["--strong-share", "2"],
    "check": ["--sample", "-1"],
    "outcome": ["--log"],
    "evaluate": ["--weak", "big"],
}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_2_is_an_argument(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*words_of(command), "--nonsense") == 2
    assert "unrecognized arguments: --nonsense (see routellm" in capsys.readouterr().err
    assert status(*words_of(command), *BAD_ARGUMENTS[command]) == 2
    told(capsys, command.split()[0])


UNUSABLE = {
    "absent.jsonl": "absent.jsonl",
    "garbage.jsonl": "garbage.jsonl",
    "empty.jsonl": "holds no",
    "other.jsonl": "",
    "base": "base is not a file",
}
"""What is read instead of each command's file -> what the message says of it."""


@pytest.mark.parametrize("unusable", UNUSABLE)
@pytest.mark.parametrize("command", sorted(ARGUMENTS.keys() - {"explain"}))
def test_3_is_a_file_without_anything_of_use(
    command: str, unusable: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("garbage.jsonl").write_bytes(bytes(range(256)) * 8)
    Path("empty.jsonl").write_text("")
    Path("other.jsonl").write_text('{"color": 3}\n' * 3)
    read = ["prompts", "labels", "answers", "battles", "new", "decisions"]
    own = {f"{name}.jsonl" for name in read}
    words = [unusable if word in own else word for word in words_of(command)]
    assert unusable in words
    assert status(*words) == 3
    message = told(capsys, command.split()[0])
    assert UNUSABLE[unusable] in message
    assert unusable in message
    assert "'scores'" not in message or command not in ("adapt", "train new_model")
    assert not {Path(name) for name in ("OUT", "judged.jsonl", "graded.jsonl", "todo.jsonl")} & {
        *Path.cwd().iterdir()
    }


def test_3_is_a_router_that_is_damaged_too(capsys: pytest.CaptureFixture[str]) -> None:
    (Path("base") / "config.json").write_text("{")
    for command in ("score", "explain", "savings", "calibrate", "evaluate"):
        assert status(*words_of(command), "--router", "base") == 3
        told(capsys, command)


@pytest.mark.parametrize("command", ["label", "golden", "clean", "adapt", "calibrate", "check"])
def test_3_is_a_place_that_cant_be_written_to(
    command: str, server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_of(command)
    at = words.index("--out") + 1 if "--out" in words else len(words)
    place = "prompts.jsonl" if command == "adapt" else "base"
    paid = ["--base-url", server.openai_url] if command == "label" else []
    assert status(*words[:at], *(["--out"] if at == len(words) else []), place, *words[at + 1 :], *paid) == 3
    assert place in told(capsys, command)
    assert server.calls() == {}
    if command in ("golden", "clean", "calibrate", "check"):
        words = [*words[:at], *(["--out"] if at == len(words) else []), "no/such/x.json", *words[at + 1 :]]
        assert status(*words) == 3
        assert told(capsys, command).endswith("no/such/x.json: the folder no/such does not exist.")


def test_4_is_no_gain(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("savings", "labels.jsonl", *PAIR, "--prices", "big=1,1", "small=1,1") == 4
    assert "small is not cheaper than big" in told(capsys, "savings")
    rows = [
        {"prompt": f"Question {n} of chance?", "scores": {"big": 1, "small": n * 7 % 3 % 2}}
        for n in range(30)
    ]
    Path("chance.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert status("adapt", "--labels", "chance.jsonl", *PAIR, "--out", "new", "--require-gain") == 4
    told(capsys, "adapt")
    assert not Path("new").exists()


READING = {
    "score": "--router",
    "explain": "--router",
    "savings": "--router",
    "calibrate": "--router",
    "evaluate": "--router",
    "adapt": "--from",
    "train mf": "--from",
    "train sw_ranking": "--from",
    "train new_model": "--from",
}
"""Commands that read prompts with a router -> how it is given."""


@pytest.mark.parametrize("command", READING)
def test_5_is_a_provider_that_reads_no_prompt(
    command: str, server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    embedder = OpenAIEmbedder(EMBEDDER, base_url=server.openai_url)
    MatrixFactorizationRouter(
        embedder,
        ["strong", "weak"],
        np.eye(2),
        np.ones((2, 1536)),
        strong="strong",
        weak="weak",
        score_quantiles=np.linspace(0.0, 1.0, 11),
    ).save("dead")
    assert status("--allow-host", "127.0.0.1", *words_of(command), READING[command], "dead") == 5
    assert f"the embedding model '{EMBEDDER}'" in told(capsys, command.split()[0])


def test_5_is_a_model_that_does_not_answer(server: StandInServer, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--base-url", server.openai_url]
    for judge, said in (("dead", "can't be asked (401"), ("picky", "refused by picky: 400")):
        assert status(*words_of("label"), *at, "--judge", judge) == 5
        message = told(capsys, "label")
        assert said in message
        assert "nothing is lost: run the same command again" in message
        assert status(*words_of("check"), *at, "--judge", judge) == 5
        message = told(capsys, "check")
        assert said in message
        assert "Grades so far are kept" in message


def test_6_is_the_cap(server: StandInServer, capsys: pytest.CaptureFixture[str]) -> None:
    prices = ["--prices", *(f"{name}=1000,1000" for name in ("big", "small", "judge"))]
    for command in ("label", "check"):
        given = [*words_of(command), "--base-url", server.openai_url, "--judge", "judge", *prices]
        assert status(*given, "--max-cost", "0.5") == 6
        assert "the cap on spend is reached" in told(capsys, command)
