"""`routellm calibrate` and what it can't use: one line that names the argument, the value and the remedy."""

import json
from pathlib import Path

import pytest

from routellm_core.commands.cli import main

PAIR = ["--strong", "big", "--weak", "small"]
PRICES = ["--prices", "strong=10,30", "weak=0.24,0.24"]


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "What is 2+2?"}\n{"prompt": "Prove it."}\n')
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.jsonl"
    rows = [
        {"prompt": f"{text} Case {n}.", "scores": {"big": 1, "small": small}}
        for n in range(200)
        for text, small in (("Prove this theorem.", 0), ("Say hello.", 1))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "LABELS"], "name its models with --strong and --weak"),
        (["--labels", "LABELS", "--strong", "big", "--weak", "tiny"], "no score of 'tiny'"),
        (["--labels", "LABELS", *PAIR, "--max-loss", "-1"], "max_loss is -1.0, expected a number above 0"),
        (
            ["--labels", "LABELS", *PAIR, "--quality", "95"],
            "quality is 95.0, expected a number above 0 and",
        ),
        (["--labels", "LABELS", *PAIR, "--max-loss", "0.1", "--gap", "0.5"], "not allowed with argument"),
        (["--labels", "LABELS", *PAIR, "--confidence", "90"], "confidence is 90.0"),
        (["--labels", "LABELS", *PAIR, "--scale", "1", "10"], "outside the grader's scale of 1 to 10"),
        (["--labels", "LABELS", "--strong", "small", "--weak", "big", "--gap", "0.5"], "Are they swapped"),
        (["--labels", "LABELS", *PAIR, "--recommend", "--out", "x"], "--recommend writes no file"),
        (["--labels", "absent.jsonl", *PAIR], "absent.jsonl does not exist"),
        (["--prompts", "PROMPTS", "--max-loss", "0.1"], "--prompts alone say nothing about quality"),
        (["--prompts", "PROMPTS", "--recommend"], "--recommend needs --labels"),
        (
            ["--prompts", "PROMPTS", "--budget", "1", "--prices", "strong=1,1"],
            "no price is known for the weak model: give --prices weak=INPUT,OUTPUT",
        ),
        (
            ["--prompts", "PROMPTS", "--budget", "1", "--prices", "strong=nan,1", "weak=1,1"],
            "prices['strong']: price input is nan, expected a number of at least 0",
        ),
        (["--prompts", "PROMPTS", "--budget", "1", "--strong-price", "1", "1"], "unrecognized arguments"),
        (["--prompts", "PROMPTS", "--budget", "0", *PRICES], "your prompts cost at least"),
        (
            ["--prompts", "PROMPTS", "--budget", "1", *PRICES, "--output-tokens", "-1"],
            "--output-tokens is -1",
        ),
        (["--prompts", "PROMPTS", "--labels", "LABELS"], "not allowed with argument"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, labels: Path, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"LABELS": str(labels), "PROMPTS": str(prompts)}
    try:
        code: object = main(["calibrate", *(files.get(word, word) for word in arguments)])
    except SystemExit as error:
        code = error.code
    printed = capsys.readouterr()

    assert code in (2, 3)
    assert printed.out == ""
    assert message in printed.err
    assert len([line for line in printed.err.splitlines() if ": read " not in line]) == 1
