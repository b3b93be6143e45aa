"""Fine-tuning a tiny encoder: it learns, stops early, resumes exactly, and leaves nothing behind."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.preferences.reading.battles import read_battles
from routellm_core.routers.bert import BertRouter
from routellm_core.training.fine_tuning.rows import ModelClasses, read_outcomes
from routellm_core.training.held_out import held_out
from routellm_core.training.training_folder import NAME

from tests.core.killed import kill_once
from tests.tiny_models import bert_network, write_network

torch = pytest.importorskip("torch", reason="training needs the extra train")
pytest.importorskip("transformers", reason="training needs the extra train")
pytest.importorskip("accelerate", reason="training needs the extra train")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_network(bert_network(), tmp_path / "base")


def battles(folder: Path, *, learnable: bool = True) -> Path:
    """60 battles: whoever is asked for a proof loses to the strong model, or nobody knows who wins."""
    rng = random.Random(0)
    rows = []
    for number in range(60):
        hard = number % 2 == 0 if learnable else rng.random() < 0.5
        text = f"{'Prove' if number % 2 == 0 else 'Hello'} {number}"
        winner = "model_a" if hard else ("tie" if number % 3 else "model_b")
        rows.append({"prompt": text, "model_a": "big", "model_b": "small", "winner": winner})
    path = folder / "battles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arguments(base: Path, data: Path, out: Path, **changes: Any) -> list[str]:
    options = {
        "base": base,
        "battles": data,
        "strong": "big",
        "weak": "small",
        "out": out,
        "max-length": 32,
        "steps": 60,
        "interval": 10,
        "learning-rate": 0.003,
        "held-out": 0.3,
        "patience": 100,
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return ["train", "bert", *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


def metrics(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return read


def test_it_learns_what_there_is_to_learn(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "router"
    assert main(arguments(base, battles(tmp_path), out)) == 0
    router = load_router(out)
    report = metrics(out)

    assert isinstance(router, BertRouter)
    assert router.max_length == 32
    hard, easy = router.score(["Prove 1000", "Hello 1000"])
    assert hard > 0.7 > 0.3 > easy
    assert router.score_quantiles is not None
    assert len(router.score_quantiles) == 1001
    assert report["metrics"]["held_out_loss"] < 0.7 * report["metrics"]["constant_loss"]
    assert report["metrics"]["held_out_accuracy"] > 0.6
    assert report["data"]["rows_by_label"] == {"strong wins": 30, "tie": 20, "weak wins": 10}
    assert report["metrics"]["held_out_loss"] == min(
        row["held_out_loss"] for row in report["metrics"]["history"]
    )


def test_the_reported_loss_is_that_of_the_saved_weights(base: Path, tmp_path: Path) -> None:
    data, out = battles(tmp_path, learnable=False), tmp_path / "router"
    main(arguments(base, data, out, learning_rate=0.02))
    report = metrics(out)["metrics"]
    outcomes = read_outcomes(list(read_battles(data)), [], ModelClasses(("big",), ("small",)))
    chosen = held_out([row.prompt for row in outcomes], 0.3, 0)
    rows = [row for row, is_out in zip(outcomes, chosen, strict=True) if is_out]
    network = load_router(out).network  # type: ignore[attr-defined]
    losses = []
    for row in rows:
        encoded = network.tokenizer(row.prompt, return_tensors="pt", truncation=True, max_length=32)
        with torch.no_grad():
            logits = network.model(input_ids=encoded["input_ids"]).logits
        losses.append(float(torch.nn.functional.cross_entropy(logits, torch.tensor([row.label]))))

    # an earlier look was the best one, so the weights of the last step are others
    assert report["best_step"] < report["steps"]
    assert np.mean(losses) == pytest.approx(report["held_out_loss"], abs=1e-5)


def test_what_it_leaves_is_no_pickle_and_names_no_folder(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "router"
    main(arguments(base, battles(tmp_path), out, steps=10))

    assert not (out / NAME).exists()
    for path in out.iterdir():
        assert path.suffix in (".json", ".safetensors", ".md"), path
        assert str(tmp_path).encode() not in path.read_bytes(), path
    card = (out / "MODEL_CARD.md").read_text()
    assert "is to be preferred over that of small" in card
    assert "battles.jsonl" in card
    assert f"| held_out_loss | {metrics(out)['metrics']['held_out_loss']:.6g} |" in card


def test_the_kept_weights_are_those_of_the_best_look(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "router"
    data = battles(tmp_path, learnable=False)
    main(arguments(base, data, out, learning_rate=0.02, patience=2, steps=500))
    report = metrics(out)["metrics"]

    # nothing can be learned: it stops long before its last step, after two worse looks
    assert report["steps"] == report["best_step"] + 20 < 500
    again = tmp_path / "again"
    main(arguments(base, data, again, learning_rate=0.02, patience=2, steps=500))
    weights = "network.model.safetensors"
    assert (again / weights).read_bytes() == (out / weights).read_bytes()
    other = tmp_path / "other"
    main(arguments(base, data, other, learning_rate=0.02, patience=2, steps=500, seed=1))
    assert (other / weights).read_bytes() != (out / weights).read_bytes()


def test_the_global_random_state_is_the_callers(base: Path, tmp_path: Path) -> None:
    def state() -> list[Any]:
        numbers = np.random.get_state()  # noqa: NPY002
        return [random.getstate(), numbers[1].tolist(), numbers[2], torch.random.get_rng_state().tolist()]

    before = state()
    main(arguments(base, battles(tmp_path), tmp_path / "router", steps=10))

    assert state() == before


def test_a_killed_training_resumes_to_the_same_router(base: Path, tmp_path: Path) -> None:
    data, out = battles(tmp_path), tmp_path / "killed"
    words = arguments(base, data, out, steps=150)
    kill_once(words, lambda: any((out / NAME).glob("checkpoint-*/complete")))
    # one that was being written when the process ended
    (out / NAME / "checkpoint-140").mkdir()
    (out / NAME / "checkpoint-140/trainer_state.json").write_text("{")
    assert not (out / "config.json").exists()
    written = [path.name for path in (out / NAME).rglob("*") if path.is_file() and "140" not in str(path)]
    assert not [name for name in written if name.endswith((".bin", ".pt", ".pth", ".pkl"))]

    assert main(words) == 2
    assert main([*words, "--resume"]) == 0
    assert main(arguments(base, data, tmp_path / "whole", steps=150)) == 0

    assert metrics(out)["metrics"]["resumed_from"] >= 10
    weights = "network.model.safetensors"
    assert (out / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()
    assert metrics(out)["metrics"]["history"] == metrics(tmp_path / "whole")["metrics"]["history"]
    assert not (out / NAME).exists()
