"""`routellm adapt`: what it takes, prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.preferences.reading.labels import Label

from tests.core.labelled_prompts import labelled, write_labels, write_rows

PAIR = ["--strong", "big", "--weak", "small"]


@pytest.fixture
def labels(tmp_path: Path) -> str:
    return write_labels(tmp_path / "labels.jsonl", labelled(60, easy_fail=True))


def test_it_prints_what_the_labels_say_and_writes_a_router(
    labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert main(["adapt", "--labels", labels, *PAIR, "--out", str(out)]) == 0
    printed = capsys.readouterr().out

    assert "read 60 scores of both: 60 prompts" in printed
    assert all(f"\n{row}" in printed for row in ("adapted ", "default ", "prompt length ", "chance "))
    assert "better than default by" in printed
    assert "Another 100 labels are likely to add" in printed
    assert load_router(out).name == "mine"
    card = (out / "MODEL_CARD.md").read_text()
    assert "A router of kind adapted" in card
    assert all(str(tmp_path) not in (out / name).read_text() for name in ("metrics.json", "MODEL_CARD.md"))


def test_what_it_writes_serves_every_command(
    labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "mine")
    other = write_labels(tmp_path / "other.jsonl", labelled(60, seed=1))
    assert main(["adapt", "--labels", labels, *PAIR, "--out", out, "--name", "march"]) == 0
    assert main(["score", other, "--router", out]) == 0
    assert main(["calibrate", "--prompts", other, "--router", out, "--strong-share", "0.3"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--benchmark", other, *PAIR, "--router", out, "--json"]) == 0

    assert "march" in {row["router"] for row in json.loads(capsys.readouterr().out)}


def test_csv_columns_that_are_no_models_are_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        f'"{x.prompt}",{x.scores["big"]},{x.scores["small"]},id-{n},{n}' for n, x in enumerate(labelled(40))
    ]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["prompt,big,small,id,latency_ms", *rows]))

    assert main(["adapt", "--labels", str(path), *PAIR, "--out", str(tmp_path / "mine")]) == 0
    assert "read 40 scores of both" in capsys.readouterr().out


def test_several_files_of_several_kinds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = write_labels(tmp_path / "both.jsonl", labelled(30))
    weak = write_rows(
        tmp_path / "weak.jsonl",
        [{"prompt": x.prompt, "scores": {"small": x.scores["small"]}} for x in labelled(30, seed=1)],
    )
    battles = write_rows(
        tmp_path / "battles.jsonl",
        [
            {
                "prompt": x.prompt,
                "model_a": "small",
                "model_b": "big",
                "winner": "tie" if x.scores["small"] else "model_b",
            }
            for x in labelled(30, seed=2)
        ],
    )

    assert main(["adapt", "--labels", both, weak, battles, *PAIR, "--out", str(tmp_path / "mine")]) == 0
    assert (
        "read 30 battles, 30 scores of both, 30 scores of weak alone: 90 prompts" in capsys.readouterr().out
    )


def test_a_router_is_not_overwritten_unless_forced(
    labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    command = ["adapt", "--labels", labels, *PAIR, "--out", str(out)]
    assert main(command) == 0
    before = (out / "config.json").read_bytes()
    capsys.readouterr()

    assert main([*command, "--name", "other"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "config.json").read_bytes() == before
    assert main([*command, "--name", "other", "--force"]) == 0
    assert load_router(out).name == "other"


def test_a_required_gain_that_is_missing_is_an_exit_status_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = [Label(x.prompt, {"big": 1.0, "small": float(n % 2)}) for n, x in enumerate(labelled(40))]
    path = write_labels(tmp_path / "labels.jsonl", noise)
    out = tmp_path / "mine"

    assert main(["adapt", "--labels", path, *PAIR, "--out", str(out), "--require-gain"]) == 4
    assert "nothing written" in capsys.readouterr().err
    assert not out.exists()


def test_a_required_gain_that_is_there_is_written(labels: str, tmp_path: Path) -> None:
    assert main(["adapt", "--labels", labels, *PAIR, "--out", str(tmp_path / "m"), "--require-gain"]) == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": "x", "scores": {"big": float("nan"), "small": 0}}] * 20, "score of 'big' is nan"),
        ([{"scores": {"big": 1, "small": 0}}] * 20, "field 'prompt' is missing"),
        ([{"prompt": "", "scores": {"big": 1, "small": 0}}] * 20, "field 'prompt' is ''"),
        ([{"prompt": f"{n}", "scores": {"huge": n % 2}} for n in range(20)], "the models are 'huge'"),
        ([{"prompt": "x", "scores": {"big": 1, "small": 0}}], "1 distinct prompts"),
        ([{"prompt": f"{n}", "scores": {"big": 0, "small": n % 2}} for n in range(20)], "swapped"),
    ],
)
def test_bad_labels_are_refused_and_nothing_is_written(
    rows: list[dict[str, object]], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "labels.jsonl", rows)
    out = tmp_path / "mine"

    assert main(["adapt", "--labels", path, *PAIR, "--out", str(out)]) == 3
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_a_name_that_is_none_is_refused(
    name: str, labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["adapt", "--labels", labels, *PAIR, "--out", str(tmp_path / "m"), "--name", name]) == 2
    assert "expected one line of 1 to 100 characters" in capsys.readouterr().err


def test_conversations_are_read_by_the_text_that_the_router_would_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": x.prompt}],
            "scores": x.scores,
        }
        for x in labelled(40)
    ]
    path = write_rows(tmp_path / "chat.jsonl", rows)
    plain = write_labels(tmp_path / "plain.jsonl", labelled(40))
    for source, out in ((path, "one"), (plain, "two")):
        assert main(["adapt", "--labels", source, *PAIR, "--out", str(tmp_path / out), "--name", "x"]) == 0

    assert (tmp_path / "one/config.json").read_bytes() == (tmp_path / "two/config.json").read_bytes()


def test_rows_that_are_no_labels_are_skipped_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [x.to_dict() for x in labelled(40)] + [
        {"prompt": "", "scores": {"big": 1}},
        {"prompt": "x", "scores": {"big": None}},
    ]
    path = write_rows(tmp_path / "labels.jsonl", rows)

    assert main(["adapt", "--labels", path, *PAIR, "--out", str(tmp_path / "mine")]) == 0
    assert "1 rows skipped" in capsys.readouterr().err
