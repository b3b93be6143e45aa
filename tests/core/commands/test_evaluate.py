"""`routellm evaluate`: routers compared on labels, in a table and a plot."""

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.training.adaptation import adapt

from tests.core.labelled_prompts import labelled, write_labels


def test_evaluate_compares_routers_on_labels(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_router("random").save(tmp_path / "mine")
    arguments = ["evaluate", "--router", "default", "--router", str(tmp_path / "mine")]
    arguments += ["--benchmark", str(labels), "--strong", "big", "--weak", "small"]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    names = ["default", "mine", "prompt length", "random", "oracle"]
    assert [(row["router"], row["baseline"]) for row in rows] == [
        (name, position > 1) for position, name in enumerate(names)
    ]
    assert all(f"{row['apgr']:.3f}" in table for row in rows)
    assert rows[3]["apgr"] == pytest.approx(0.5)
    assert rows[3]["cpt"] == pytest.approx({"0.2": 0.2, "0.5": 0.5, "0.8": 0.8})
    assert rows[4]["apgr"] >= max(row["apgr"] for row in rows[:4])
    assert rows[0]["weak_quality"] == 0.5


def test_evaluate_knows_what_the_category_alone_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(name: str, rows: list[dict[str, object]]) -> str:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(tmp_path / name)

    rows: list[dict[str, object]] = [
        {"prompt": f"{n}", "category": "hard" if n % 2 else "easy", "scores": {"big": 1, "small": 1 - n % 2}}
        for n in range(80)
    ]
    arguments = [
        "evaluate",
        "--benchmark",
        write("test.jsonl", rows[:50]),
        "--strong",
        "big",
        "--weak",
        "small",
    ]
    assert main([*arguments, "--train-labels", write("train.jsonl", rows[50:]), "--json"]) == 0
    found = {row["router"]: row["apgr"] for row in json.loads(capsys.readouterr().out)}

    assert found["category mean"] == pytest.approx(found["oracle"])
    for row in rows:
        del row["category"]
    write("test.jsonl", rows[:50])
    assert main([*arguments, "--train-labels", str(tmp_path / "train.jsonl")]) == 2
    assert "not every row of test.jsonl has a category" in capsys.readouterr().err


def test_evaluate_draws_a_plot(labels: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    plot = tmp_path / "curve.png"
    arguments = ["evaluate", "--benchmark", str(labels), "--strong", "big", "--weak", "small"]

    assert main([*arguments, "--plot", str(plot)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_evaluate_says_which_router_is_better_and_tells_two_of_one_name_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = adapt(labelled(60, easy_fail=True), strong="big", weak="small")
    for folder in ("one", "two"):
        made.save(tmp_path / folder, name="march")
    path = write_labels(tmp_path / "labels.jsonl", labelled(150, seed=1, easy_fail=True))
    arguments = ["evaluate", "--benchmark", path, "--strong", "big", "--weak", "small", "--no-scores"]
    for source in (str(tmp_path / "one"), "default", str(tmp_path / "two")):
        arguments += ["--router", source]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    first, second = (f"march ({tmp_path / folder})" for folder in ("one", "two"))
    assert f"labels.jsonl: {first} is better than default by 0." in table
    assert f"{first} and {second} do not differ measurably here: +0.000" in table
    assert [row["router"] for row in rows[:3]] == [first, "default", second]
    assert [found["than"] for found in rows[0]["differences"]] == ["default", second, "prompt length"]
    assert rows[0]["differences"][0]["interval"][0] > 0
