"""adapt(): what a router of a few labels does, and what it says of itself."""

import json
from pathlib import Path

import numpy as np
import pytest

from routellm_core import apgr, load_router
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.training.adaptation import adapt

from tests.core.labelled_prompts import labelled

PAIR = {"strong": "big", "weak": "small"}


def area(router: object, labels: list[Label]) -> float:
    scores = router.score([label.prompt for label in labels])  # type: ignore[attr-defined]
    weak, strong = (np.array([label.scores[model] for label in labels]) for model in ("small", "big"))
    return apgr(scores, weak, strong)


def test_it_orders_new_prompts_far_better_than_chance() -> None:
    adaptation = adapt(labelled(100), **PAIR)

    assert area(adaptation.router, labelled(400, seed=1)) > 0.68
    assert adaptation.report.gains_over_chance


def test_the_same_labels_give_the_same_bytes_in_whatever_order(tmp_path: Path) -> None:
    labels = labelled(60)
    adapt(labels, **PAIR).save(tmp_path / "one", name="mine")
    adapt(labels[::-1], **PAIR).save(tmp_path / "two", name="mine")

    for name in ("config.json", "model.safetensors", "tokenizer.json", "metrics.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_a_saved_router_scores_the_same_and_keeps_its_name(tmp_path: Path) -> None:
    adaptation = adapt(labelled(60), **PAIR)
    adaptation.save(tmp_path / "folder", name="march")
    loaded = load_router(tmp_path / "folder")
    prompts = [label.prompt for label in labelled(20, seed=2)]

    assert loaded.name == "march"
    assert loaded.fingerprint == adaptation.router.fingerprint
    assert loaded.score(prompts).tolist() == adaptation.router.score(prompts).tolist()


def test_grades_of_the_weak_model_alone_do_nearly_as_well() -> None:
    test = labelled(400, seed=1)
    weak_alone = [Label(label.prompt, {"small": label.scores["small"]}) for label in labelled(100)]
    adaptation = adapt(weak_alone, **PAIR)

    assert area(adaptation.router, test) > area(adapt(labelled(100), **PAIR).router, test) - 0.03
    assert adaptation.report.strong_assumed


def test_battles_and_ties_serve_as_labels() -> None:
    battles = []
    for label in labelled(150):
        gain = label.scores["big"] - label.scores["small"]
        winner = "tie" if gain == 0 else "model_b" if gain > 0 else "model_a"
        battles.append(Battle(label.prompt, "small", "big", winner))  # type: ignore[arg-type]

    assert area(adapt(battles, **PAIR).router, labelled(400, seed=1)) > 0.65


def test_mixed_kinds_of_label_and_any_scale_serve_together() -> None:
    both = [Label(x.prompt, {m: 1 + 9 * s for m, s in x.scores.items()}) for x in labelled(60)]
    weak = [Label(x.prompt, {"small": 1 + 9 * x.scores["small"]}) for x in labelled(60, seed=3)]
    won = [Battle(x.prompt, "big", "small", "model_a") for x in labelled(60, seed=4) if not x.scores["small"]]
    adaptation = adapt([*both, *weak, *won], **PAIR)

    assert adaptation.labels.scale == (1.0, 10.0)
    assert area(adaptation.router, labelled(400, seed=1)) > 0.68


def test_labels_that_hold_nothing_are_called_no_better_than_chance() -> None:
    rng = np.random.default_rng(5)
    noise = [Label(x.prompt, {"big": float(rng.random() < 0.8), "small": float(rng.random() < 0.5)})
             for x in labelled(80)]  # fmt: skip
    lines = adapt(noise, **PAIR).report.lines()

    assert "Not better than chance on these labels: add labels." in lines


def test_measured_on_noise_the_left_out_apgr_is_one_half_on_average() -> None:
    rng = np.random.default_rng(6)
    prompts = [label.prompt for label in labelled(60)]
    found = []
    for _ in range(30):
        noise = [
            Label(p, {"big": float(rng.random() < 0.9), "small": float(rng.random() < 0.5)}) for p in prompts
        ]
        found.append(adapt(noise, **PAIR).report.apgr["adapted"])

    assert np.mean(found) == pytest.approx(0.5, abs=0.03)


def test_the_left_out_apgr_foretells_that_of_new_prompts() -> None:
    found = [adapt(labelled(60, seed=seed), **PAIR) for seed in range(12)]
    test = labelled(600, seed=100)

    told = np.mean([adaptation.report.apgr["adapted"] for adaptation in found])
    assert told == pytest.approx(np.mean([area(adaptation.router, test) for adaptation in found]), abs=0.03)


def test_it_knows_the_kinds_that_were_labelled(tmp_path: Path) -> None:
    made = adapt(labelled(200), strong="big", weak="small").router
    made.save(tmp_path / "mine")
    question, foreign = labelled(1)[0].prompt, "Wie komme ich mit dem Zug nach Bern und was kostet es?"
    for router in (made, load_router(tmp_path / "mine")):
        assert router.knows(question) is True
        assert router.knows(foreign) is False
    assert load_router("random").knows(question) is None


def test_it_starts_from_a_router_of_ones_own(tmp_path: Path) -> None:
    adapt(labelled(200, seed=7), **PAIR).save(tmp_path / "first")
    second = adapt(labelled(10), **PAIR, base=tmp_path / "first")
    second.save(tmp_path / "second")
    loaded = load_router(tmp_path / "second")

    assert area(second.router, labelled(400, seed=1)) > 0.68
    assert loaded.score(["How many?"]).tolist() == second.router.score(["How many?"]).tolist()


def test_metrics_hold_what_is_printed_and_no_prompt(tmp_path: Path) -> None:
    adaptation = adapt(labelled(40), **PAIR)
    adaptation.save(tmp_path)
    written = (tmp_path / "metrics.json").read_text()
    metrics = json.loads(written)["metrics"]

    assert set(metrics["apgr"]) == {"adapted", "default", "prompt length", "chance"}
    assert metrics["differences"][0]["interval"] == list(adaptation.report.differences[0].interval)
    assert metrics["next_labels"]["labels"] == 100
    assert "How many" not in written


@pytest.mark.parametrize("count", [10, 3000])
def test_from_ten_labels_to_thousands(count: int) -> None:
    scores = adapt(labelled(count), **PAIR).router.score(["How many apples?", "", "日本語", "x" * 10_000])

    assert ((scores >= 0.0) & (scores <= 1.0)).all()
