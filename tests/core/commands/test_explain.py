"""`routellm explain`: the parts of a score, for people and for programs."""

import json
from pathlib import Path

import pytest

from routellm_core.commands.cli import main

from tests.core.labelled_prompts import labelled, write_labels

PAIR = ["--strong", "big", "--weak", "small"]
TEXT = "Eva has 12 shells and gives a third of them to each of 2 friends, twice. How many are left?"


def adapted(folder: Path, *arguments: str) -> str:
    labels = write_labels(folder / "labels.jsonl", labelled(60))
    out = str(folder / "mine")
    assert main(["adapt", "--labels", labels, *PAIR, "--out", out, *arguments]) == 0
    return out


def test_parts_add_up_to_the_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = adapted(tmp_path)
    capsys.readouterr()
    assert main(["explain", "--text", TEXT, "--router", out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert sum(part["amount"] for part in found["parts"]) == pytest.approx(
        found["score"] - found["average"], abs=1e-6
    )
    assert found["router"] == "mine"
    assert found["kind"] == "word_problem"
    assert found["supported"] is True
    assert {part["what"] for part in found["parts"]} == {"word", "feature", "router"}
    assert found["neighbours"] == []


def test_people_read_the_largest_parts_and_the_rest_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = adapted(tmp_path)
    capsys.readouterr()
    assert main(["explain", "--text", TEXT, "--router", out, "--parts", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith("mine: score 0.")
    assert "percentile" in lines[0]
    assert len(lines) == 6
    assert lines[-1].endswith("smaller parts")


def test_the_nearest_labels_are_shown_if_they_were_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = adapted(tmp_path, "--keep-prompts")
    kept = labelled(60)[7].prompt
    capsys.readouterr()
    assert main(["explain", "--text", kept, "--router", out, "--json"]) == 0
    nearest = json.loads(capsys.readouterr().out)["neighbours"][0]

    assert nearest["prompt"] == kept
    assert nearest["similarity"] == pytest.approx(1.0)
    assert nearest["winner"] in ("strong", "weak", "tie")


def test_prompts_are_not_kept_unless_asked_for(tmp_path: Path) -> None:
    out = Path(adapted(tmp_path))

    assert not any(b"How many" in file.read_bytes() for file in out.rglob("*") if file.is_file())


def test_a_router_whose_score_is_no_sum_gives_its_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--text", TEXT, "--router", "random", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["parts"] == []
    assert found["average"] is None
    assert 0.0 <= found["percentile"] <= 100.0


@pytest.mark.parametrize("text", [TEXT, "你好, Welt!", "", "What is it?\nA. one\nB. two\nAnswer:"])
def test_the_parts_of_the_router_that_ships_add_up(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--text", text, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert sum(part["amount"] for part in found["parts"]) == pytest.approx(
        found["score"] - found["average"], abs=1e-6
    )
