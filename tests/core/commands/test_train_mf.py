"""`routellm train mf`: what held-out prompts choose, and what is written beside the router."""

import json
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.training.factorization.penalty_choice import (
    PENALTIES,
)

from tests.core.labelled_prompts import write_rows
from tests.core.won_battles import PAIR, ROWS


def test_mf_writes_metrics_and_a_card(
    battles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "router"
    assert main(["train", "mf", "--battles", battles, *PAIR, "--out", str(out)]) == 0
    report = json.loads((out / "metrics.json").read_text())
    found = report["metrics"]

    assert load_router(out).score(["Prove number 7."]) > load_router(out).score(["Say number 7."])
    assert [row["penalty"] for row in found["history"]] == list(PENALTIES)
    assert found["held_out_loss"] == min(row["held_out_loss"] for row in found["history"])
    assert report["settings"]["projection_penalty"] == found["penalty"]
    assert report["settings"]["max_iterations"] == found["iterations"]
    assert found["held_out"] == 4
    assert report["data"]["comparisons"] == 40
    assert f"held-out loss {found['held_out_loss']:.4f}" in capsys.readouterr().out
    card = (out / "MODEL_CARD.md").read_text()
    assert "matrix factorization over prompt embeddings" in card
    assert all(str(tmp_path) not in (out / name).read_text() for name in ("metrics.json", "MODEL_CARD.md"))


def test_mf_scores_are_the_pairs_win_rates(tmp_path: Path) -> None:
    rows = [
        row | {"prompt": f"{row['prompt']} {n}", "winner": "model_b" if n == 0 else "model_a"}
        for row in ROWS
        for n in range(10)
    ]
    path = write_rows(tmp_path / "battles.jsonl", rows)
    assert main(["train", "mf", "--battles", path, *PAIR, "--out", str(tmp_path / "router")]) == 0

    scores = load_router(tmp_path / "router").score([row["prompt"] for row in rows])
    assert scores.mean() == pytest.approx(0.9, abs=0.03)


def test_swapped_sides_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row | {"winner": "model_a" if n % 8 else "model_b"} for n, row in enumerate(ROWS)]
    path = write_rows(tmp_path / "battles.jsonl", rows)
    swapped = ["--strong", "small", "--weak", "big"]

    assert main(["train", "mf", "--battles", path, *swapped, "--out", str(tmp_path / "router")]) == 2
    assert "strong is 'small', which loses most of its 40 comparisons" in capsys.readouterr().err
    assert not (tmp_path / "router").exists()


def test_it_says_when_it_learned_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    rows = [row | {"winner": "model_a" if rng.random() < 0.7 else "model_b"} for row in ROWS]
    path = write_rows(tmp_path / "battles.jsonl", rows)

    assert main(["train", "mf", "--battles", path, *PAIR, "--out", str(tmp_path / "router")]) == 0
    assert "WARNING: the router learned nothing" in capsys.readouterr().out


def test_a_router_is_not_overwritten_unless_forced(
    battles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "mf", "--battles", battles, *PAIR, "--out", str(tmp_path / "router")]
    assert main(command) == 0
    assert main(command) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*command, "--force", "--name", "march"]) == 0
    assert load_router(tmp_path / "router").name == "march"
