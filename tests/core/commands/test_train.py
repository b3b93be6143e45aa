"""`routellm train KIND`: what each kind takes, what it refuses, and what it writes beside the router."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.commands.train import KINDS

from tests.core.labelled_prompts import write_rows
from tests.core.won_battles import PAIR, ROWS
from tests.tiny_models import bert_network, llama_network, write_network


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail; return its one line on standard error."""
    try:
        code: object = main(arguments)
    except SystemExit as error:
        code = error.code
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith("routellm")]
    assert code in (2, 3)
    assert (printed.out, len(lines)) == ("", 1)
    return lines[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_help_and_the_common_arguments(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", kind, "--help"])
    printed = capsys.readouterr().out

    assert stopped.value.code == 0
    assert f"usage: routellm train {kind}" in printed
    data = "labels" if kind == "new_model" else "battles"
    assert all(f"--{name}" in printed for name in (data, "strong", "weak", "out"))


def test_a_kind_is_asked_for_and_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the following arguments are required: kind" in refused(["train"], capsys)
    assert "invalid choice: 'svm'" in refused(["train", "svm", *PAIR], capsys)


def test_the_parser_needs_no_torch() -> None:
    code = (
        "import sys, routellm_core.commands.cli as cli; cli.parser(); "
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("kind", "absent"), [("bert", "torch"), ("causal_llm", "accelerate")])
def test_without_its_extra_a_kind_names_it(kind: str, absent: str, battles: str, tmp_path: Path) -> None:
    words = ["train", kind, "--battles", battles, *PAIR, "--base", "x", "--out", str(tmp_path / "out")]
    code = (
        f"import sys; sys.modules[{absent!r}] = None; "
        f"from routellm_core.commands.cli import main; main({words!r})"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)

    message = "routellm train: error: training needs an extra: pip install 'routellm-plugins[train]'"
    assert done.stderr.splitlines()[-1] == message


LABELS = [
    {"prompt": row["prompt"], "scores": {"big": 5, "small": 2 if n % 4 < 2 else 5}}
    for n, row in enumerate(ROWS)
]


@pytest.fixture
def bases(tmp_path: Path) -> dict[str, str]:
    pytest.importorskip("transformers", reason="these kinds need the extra torch")
    pytest.importorskip("accelerate", reason="these kinds need the extra train")
    return {
        "bert": str(write_network(bert_network(), tmp_path / "bert")),
        "causal_llm": str(write_network(llama_network(), tmp_path / "llama")),
    }


@pytest.mark.parametrize("kind", ["bert", "causal_llm"])
def test_labels_serve_as_well_as_battles(kind: str, bases: dict[str, str], tmp_path: Path) -> None:
    labels, out = write_rows(tmp_path / "labels.jsonl", LABELS), tmp_path / "router"
    words = ["train", kind, "--labels", labels, *PAIR, "--base", bases[kind], "--out", str(out)]
    words += ["--steps", "8", "--interval", "4", "--learning-rate", "0.01"]
    assert main([*words, "--max-length", "64" if kind == "bert" else "420"]) == 0
    report = json.loads((out / "metrics.json").read_text())

    assert load_router(out).score(["Prove it."]).shape == (1,)
    assert report["kind"] == kind
    assert (report["strong"], report["weak"], report["base"]) == (["big"], ["small"], Path(bases[kind]).name)
    assert report["data"]["files"] == ["labels.jsonl"]
    wanted = {"strong wins": 20, "tie": 20, "weak wins": 0}
    assert report["data"]["rows_by_label"] == (
        wanted if kind == "bert" else dict(zip("12345", (0, 20, 0, 0, 20), strict=True))
    )
    assert report["metrics"]["steps"] == 8
    assert (report["metrics"]["train_rows"], report["metrics"]["held_out_rows"]) == (36, 4)
    assert {"python", "torch", "transformers"} <= set(report["versions"])


@pytest.mark.parametrize("kind", ["mf", "bert", "causal_llm"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": "x", "model_a": "big", "winner": "tie"}], "field 'model_b' is missing, expected text"),
        (ROWS[:1] * 2, "wins all|1 distinct prompts"),
        ([row | {"model_b": "tiny"} for row in ROWS], "weak is 'small', which occurs"),
        ([row | {"winner": "model_b"} for row in ROWS], "wins none|loses all of its 40 comparisons"),
    ],
)
def test_bad_data_is_named_before_anything_is_trained(
    kind: str, rows: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "bad.jsonl", rows)
    words = ["train", kind, "--battles", path, *PAIR, "--out", str(tmp_path / "out")]
    line = refused([*words, *([] if kind == "mf" else ["--base", "nowhere"])], capsys)

    assert any(part in line for part in message.split("|")), line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["mf", "bert", "causal_llm"])
def test_scores_that_are_no_numbers_are_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "bad.jsonl", [{"prompt": "x", "scores": {"big": 1, "small": float("nan")}}])
    words = ["train", kind, "--labels", path, *PAIR, "--out", str(tmp_path / "out")]
    line = refused([*words, *([] if kind == "mf" else ["--base", "nowhere"])], capsys)

    assert "bad.jsonl:1: the score of 'small' is nan, expected a finite number" in line


@pytest.mark.parametrize("kind", ["bert", "causal_llm"])
@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--max-length", "100000"], "max_length is 100000, but"),
        (["--steps", "0"], "max_steps is 0, expected a whole number of at least 1"),
        (["--learning-rate", "nan"], "learning_rate is nan, expected a number above 0"),
        (["--held-out", "1.5"], "held-out share is 1.5"),
        (["--strong", "big,"], "strong is 'big, ', expected names"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    kind: str,
    extra: list[str],
    message: str,
    battles: str,
    bases: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [
        "train",
        kind,
        "--battles",
        battles,
        *PAIR,
        "--base",
        bases[kind],
        "--out",
        str(tmp_path / "out"),
    ]

    assert message in refused([*words, *extra], capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["bert", "causal_llm"])
def test_a_base_that_is_no_model_is_named(
    kind: str, battles: str, bases: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = ["train", kind, "--battles", battles, *PAIR, "--base", str(tmp_path / "empty")]

    assert "empty holds no config.json: it is not a transformers model" in refused(
        [*words, "--out", str(tmp_path / "out")], capsys
    )
