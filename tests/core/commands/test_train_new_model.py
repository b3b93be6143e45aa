"""`routellm train new_model`: one model more from a few labels, and a pair with it."""

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from tests.core.hostile_checkpoints import write_small


@pytest.fixture
def base(tmp_path: Path) -> str:
    return str(write_small(tmp_path / "base"))


@pytest.fixture
def labels(tmp_path: Path) -> str:
    weak = "weak"
    rows = [
        {"prompt": f"{'Prove' if n % 2 else 'Say'} number {n}.", "scores": {"new": 1.0, weak: n % 3 > 0}}
        for n in range(24)
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps({**row, "scores": dict(row["scores"])}) + "\n" for row in rows))
    return str(path)


def test_a_new_model_joins_and_all_else_stays(base: str, labels: str, tmp_path: Path) -> None:
    out = tmp_path / "router"
    words = ["train", "new_model", "--from", base, "--model", "new", "--labels", labels]
    assert main([*words, "--out", str(out)]) == 0
    default, made = load_router(base), load_router(out)

    assert isinstance(default, MatrixFactorizationRouter)
    assert isinstance(made, MatrixFactorizationRouter)
    assert made.models == (*default.models, "new")
    assert made.score(["Prove it."]) == pytest.approx(default.score(["Prove it."]), abs=1e-12)


def test_it_may_be_a_side_of_the_routers_pair(base: str, labels: str, tmp_path: Path) -> None:
    out = tmp_path / "router"
    words = ["train", "new_model", "--from", base, "--model", "new", "--labels", labels, "--out", str(out)]
    assert main([*words, "--strong", "new"]) == 0
    made = load_router(out)

    assert isinstance(made, MatrixFactorizationRouter)
    assert made.strong == "new"
    # it wins or ties all of its comparisons
    assert (made.score(["Prove it.", "Say it."]) > 0.5).all()
    assert made.score_quantiles is not None
    assert len(made.score_quantiles) == 1001


def test_what_knows_no_models_is_refused(
    labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "new_model", "--model", "new", "--labels", labels, "--out", str(tmp_path / "router")]
    assert main([*words, "--from", "random"]) == 2
    assert "--from is 'random', a RandomRouter: it has no models." in capsys.readouterr().err
