"""`routellm train mf --resume`: what a training that was cut off keeps, and what it refuses to mix."""

import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core.commands.cli import main
from routellm_core.training.factorization import embedding_parts, penalty_choice
from routellm_core.training.factorization.fit import fit_matrix_factorization
from routellm_core.training.training_folder import NAME

from tests.core.killed import kill_once


def battles(path: Path, count: int) -> Path:
    rows = [
        {
            "prompt": f"{'Prove' if number % 4 < 2 else 'Say'} number {number}.",
            "model_a": "big",
            "model_b": "small",
            "winner": "model_a" if number % 4 < 2 else ("tie", "model_b")[number % 2],
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def words(data: Path, out: Path, *more: str) -> list[str]:
    pair = ["--strong", "big", "--weak", "small"]
    return ["train", "mf", "--battles", str(data), *pair, "--out", str(out), *more]


def metrics(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "metrics.json").read_text())["metrics"]
    return found


def test_a_killed_training_resumes_to_the_same_router(tmp_path: Path) -> None:
    data, out = battles(tmp_path / "battles.jsonl", 4000), tmp_path / "killed"
    kill_once(words(data, out), (out / NAME / "fits.json").is_file)
    assert not (out / "config.json").exists()

    assert main(words(data, out)) == 2
    assert main(words(data, out, "--resume")) == 0
    assert main(words(data, tmp_path / "whole")) == 0

    assert 1 <= metrics(out)["resumed_from"] < 6
    assert metrics(out)["history"] == metrics(tmp_path / "whole")["history"]
    assert (out / "model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()
    assert not (out / NAME).exists()


def test_no_fit_is_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = battles(tmp_path / "battles.jsonl", 40), tmp_path / "router"
    tried: list[float] = []

    def fit(*args: Any, **watched: Any) -> Any:
        if len(tried) == 2:
            raise KeyboardInterrupt
        tried.append(args[3].projection_penalty)
        return fit_matrix_factorization(*args, **watched)

    monkeypatch.setattr(penalty_choice, "fit_matrix_factorization", fit)
    assert main(words(data, out)) == 130
    first, tried = tried, []
    assert main(words(data, out, "--resume")) == 130

    assert [*first, *tried] == list(penalty_choice.PENALTIES[:4])


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A training folder whose process ended before it chose a penalty."""

    def crash(*args: Any, **settings: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("routellm_core.training.factorization.train.choose_penalty", crash)
        assert main(words(battles(tmp_path / "battles.jsonl", 40), tmp_path / "out")) == 130
    assert list((tmp_path / "out" / NAME).glob("embeddings-*.npy"))
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("more", "key"),
    [(["--seed", "1"], "seed"), (["--held-out", "0.2"], "held_out_share"), (["--patience", "9"], "patience")],
)
def test_other_settings_do_not_resume_it(
    more: list[str], key: str, unfinished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = unfinished.parent / "battles.jsonl"
    assert main(words(data, unfinished, "--resume", *more)) == 2
    assert f"was started with {key}" in capsys.readouterr().err


def test_other_data_does_not_resume_it(unfinished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = unfinished.parent / "battles.jsonl"
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    # prompts and ratings stay as they were: only who won which of two prompts is another
    rows[0]["winner"], rows[3]["winner"] = rows[3]["winner"], rows[0]["winner"]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(words(data, unfinished, "--resume")) == 2
    assert "was started with data" in capsys.readouterr().err


def test_another_embedder_does_not_resume_it(unfinished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = unfinished.parent / "battles.jsonl"
    assert main(words(data, unfinished.parent / "first")) == 0
    config = unfinished.parent / "first/config.json"
    changed = json.loads(config.read_text())
    changed["settings"]["embedder"]["cue_weight"] += 1.0
    config.write_text(json.dumps(changed))
    assert main(words(data, unfinished, "--resume", "--from", str(config.parent))) == 2
    assert "was started with embedder" in capsys.readouterr().err


def test_without_anything_to_resume_it_begins(tmp_path: Path) -> None:
    data = battles(tmp_path / "battles.jsonl", 40)
    assert main(words(data, tmp_path / "out", "--resume")) == 0
    assert metrics(tmp_path / "out")["resumed_from"] == 0


@pytest.mark.parametrize(("option", "name"), [("--interval", "interval"), ("--patience", "patience")])
def test_settings_that_make_no_sense_are_named(
    option: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = battles(tmp_path / "battles.jsonl", 40)
    assert main(words(data, tmp_path / "out", option, "0")) == 2
    assert f"{name} is 0, expected a whole number of at least 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_part_holds_several_requests_of_an_embedding_api() -> None:
    assert embedding_parts.PART >= 4 * 2048
