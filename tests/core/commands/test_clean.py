"""`routellm clean`, run as a user runs it."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from routellm_core.commands.cli import main
from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.preferences.reading.labels import read_labels

WHY = "Why does the sky look blue at noon and red in the evening?"
HOW = "How many apples are left when Ann eats two of her five and Ben brings three more of his own?"
BATTLE = {"prompt": WHY, "model_a": "x", "model_b": "y", "winner": "model_a", "id": 7}
BATTLES: list[dict[str, Any]] = [
    BATTLE,
    {**BATTLE, "model_a": "y", "model_b": "x", "id": 8},  # the same comparison, the other way round
    {**BATTLE, "model_b": "z", "winner": "tie (bothbad)"},
    {**BATTLE, "prompt": "Why?"},
    {**BATTLE, "prompt": HOW},
    {**BATTLE, "winner": "nobody"},
]
EXACT = ["--near-duplicates", "1"]


@pytest.fixture
def battles(tmp_path: Path) -> Path:
    path = tmp_path / "battles.jsonl"
    write_json_lines(path, BATTLES)
    return path


def rows(path: Path) -> list[Any]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_row_is_in_one_of_the_two_files(
    battles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    against = tmp_path / "questions.jsonl"
    write_json_lines(against, [{"turns": [HOW, "And then?"]}])
    out, rejected = tmp_path / "out.jsonl", tmp_path / "rejected.jsonl"
    arguments = ["clean", "--battles", str(battles), "--against", str(against), "--out", str(out), *EXACT]
    assert main([*arguments, "--rejected", str(rejected)]) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    kept = [{"id": 7, **BATTLES[0]}, {**BATTLES[2], "winner": "tie", "both_bad": True}]
    assert rows(out) == kept
    assert [battle.both_bad for battle in read_battles(out)] == [False, True]
    assert [(row["reason"], row["place"]) for row in rows(rejected)] == [
        ("winner: not 'model_a' or 'model_b' or 'tie'", f"{battles}:6"),
        ("exact duplicate", f"{battles}:2"),
        ("shorter than 16 characters", f"{battles}:4"),
        ("overlaps with an evaluation prompt (13 words in a row)", f"{battles}:5"),
    ]
    assert [row["row"] for row in rows(rejected)] == [BATTLES[place] for place in (5, 1, 3, 4)]
    assert "rows read 6" in printed
    assert "kept 2" in printed
    assert "dropped, exact duplicate 1" in printed
    assert printed[-1] == f"wrote {out} and {rejected}"


def test_json_holds_the_same_counts(
    battles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["clean", "--battles", str(battles), "--out", str(tmp_path / "o.jsonl.gz"), "--json", *EXACT]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)

    assert (report["read"], report["kept"]) == (6, 3) == (6, len(rows(tmp_path / "o.jsonl.gz")))
    assert report["dropped"] == {"exact duplicate": 1, "shorter than 16 characters": 1}
    assert sum(report["rejected"].values()) == 1
    assert (report["before"]["labels"], report["after"]["labels"]) == (5, 3)


def test_labels_are_cleaned_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "labels.jsonl", tmp_path / "out.jsonl"
    label = {"prompt": WHY, "scores": {"x": 1.0, "y": 0.0}, "category": "physics", "source": "mine"}
    write_json_lines(
        source, [label, label, {**label, "scores": {"x": 1.0, "z": 0.5}}, {**label, "scores": 3}]
    )
    assert main(["clean", "--labels", str(source), "--out", str(out), *EXACT]) == 0

    assert rows(out) == [label, {**label, "scores": {"x": 1.0, "z": 0.5}}]
    assert len(list(read_labels(out))) == 2
    assert "rejected, scores: not an object" in capsys.readouterr().out
    write_json_lines(source, [label, *({**label, "scores": {"x": value}} for value in ("good", "bad"))])
    assert main(["clean", "--labels", str(source), "--out", str(out), "--json", *EXACT]) == 0
    assert json.loads(capsys.readouterr().out)["rejected"] == {"scores: not a finite number": 2}


def test_similarity_alone_finds_what_is_said_in_another_order(battles: Path, tmp_path: Path) -> None:
    against, out = tmp_path / "against.txt", tmp_path / "out.jsonl"
    against.write_text(" ".join(sorted(HOW.split())) + "\n")
    arguments = ["clean", "--battles", str(battles), "--against", str(against), "--out", str(out), *EXACT]
    assert main(arguments) == 0
    assert HOW not in {row["prompt"] for row in rows(out)}
    assert main([*arguments, "--similarity", "0"]) == 0
    assert HOW in {row["prompt"] for row in rows(out)}


def test_similarity_is_of_the_words_and_not_of_an_exams_form(battles: Path, tmp_path: Path) -> None:
    # Which of the router's features a text has, such as its last word "Answer:", says nothing of its content.
    asked = f"{HOW} {WHY} Which of the two questions is the harder one for a child of seven years, and why so"
    write_json_lines(battles, [{**BATTLE, "prompt": asked}, {**BATTLE, "prompt": WHY}])
    against, out = tmp_path / "against.jsonl", tmp_path / "out.jsonl"
    write_json_lines(against, [{"prompt": " ".join(sorted(asked.split())) + "\nAnswer:"}])
    arguments = ["clean", "--battles", str(battles), "--against", str(against), "--out", str(out), *EXACT]
    assert main(arguments) == 0

    assert [row["prompt"] for row in rows(out)] == [WHY]


def test_languages_are_written_beside_the_row(battles: Path, tmp_path: Path) -> None:
    pytest.importorskip("lingua", reason="languages need the extra clean")
    out = tmp_path / "out.jsonl"
    arguments = ["clean", "--battles", str(battles), "--out", str(out), "--tag-languages", *EXACT]
    assert main(arguments) == 0

    assert Counter(row["language_tag"] for row in rows(out)) == {"en": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--battles", "IN", "--out", "IN"], "is an input and can't be written too"),
        (["--battles", "IN", "--out", "x", "--rejected", "x"], "give two different files"),
        (["--battles", "IN", "--against", "x", "--out", "x"], "is an input and can't be written too"),
        (["--battles", "IN", "--out", "x", "--similarity", "2"], "--similarity is 2.0, expected"),
        (["--battles", "IN", "--out", "x", "--near-duplicates", "0"], "similarity is 0.0, expected"),
        (["--battles", "IN", "--against", "absent", "--out", "x"], "absent does not exist"),
        (["--out", "x"], "one of the arguments --battles --labels is required"),
        (["--battles", "IN", "--labels", "IN", "--out", "x"], "not allowed with"),
        (
            ["--battles", "IN", "--against", "IN", "--out", "x", "--embedder-of", "random"],
            "it has no embedder",
        ),
    ],
)
def test_bad_arguments_change_no_file(
    arguments: list[str],
    message: str,
    battles: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = battles.read_bytes()
    try:
        code: object = main(["clean", *(str(battles) if word == "IN" else word for word in arguments)])
    except SystemExit as stopped:
        code = stopped.code

    assert code in (2, 3)
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [battles.name]
    assert battles.read_bytes() == before
