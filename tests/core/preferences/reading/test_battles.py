"""Battles from Chatbot Arena's published layouts and from frames; each refused row is named, or counted."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.records import DataError, Record, RowError
from routellm_core.preferences.reading.sifting import sift_battles

FLAT = {"prompt": "Why is the sky blue?", "model_a": "x", "model_b": "y", "winner": "model_a"}
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Why is the sky blue?"},
    {"role": "assistant", "content": "It scatters."},
    {"role": "user", "content": "What scatters?"},
]
CONVERSATIONS = {
    "question_id": "q1",
    "model_a": "x",
    "model_b": "y",
    "winner": "tie (bothbad)",
    "judge": "arena_user_1",
    "conversation_a": TURNS,
    "conversation_b": [TURNS[1], {"role": "assistant", "content": "Rayleigh."}],
    "turn": 1,
    "language": "English",
}
PREFERENCE = {
    "id": 30192,
    "model_a": "x",
    "model_b": "y",
    "prompt": '["Why is the sky blue?", "What scatters?"]',
    "response_a": '["It scatters.", "Light."]',
    "response_b": '["Rayleigh.", null]',
    "winner_model_a": 0,
    "winner_model_b": 1,
    "winner_tie": 0,
}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(*rows: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def saved(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


CONVERSATION_BATTLE = Battle("Why is the sky blue?", "x", "y", "tie", both_bad=True)
PREFERENCE_BATTLE = Battle("Why is the sky blue?", "x", "y", "model_b")


@pytest.mark.parametrize(
    ("name", "text", "battle"),
    [
        ("33k.jsonl", lines(CONVERSATIONS), CONVERSATION_BATTLE),
        ("33k.jsonl.gz", lines(CONVERSATIONS), CONVERSATION_BATTLE),
        ("33k.json", json.dumps([CONVERSATIONS], indent=1), CONVERSATION_BATTLE),
        (
            "33k.csv",
            as_csv({name: json.dumps(v) if isinstance(v, list) else v for name, v in CONVERSATIONS.items()}),
            CONVERSATION_BATTLE,
        ),
        ("55k.csv", as_csv(PREFERENCE), PREFERENCE_BATTLE),
        ("55k.csv.gz", as_csv(PREFERENCE), PREFERENCE_BATTLE),
        ("55k.jsonl", lines(PREFERENCE), PREFERENCE_BATTLE),
        ("55k.json", json.dumps([PREFERENCE]), PREFERENCE_BATTLE),
    ],
)
def test_the_published_layouts_are_read_as_they_come(
    tmp_path: Path, name: str, text: str, battle: Battle
) -> None:
    path = saved(tmp_path, name, text)

    assert list(read_battles(path)) == [battle]
    sifted = sift_battles(path)
    assert sifted.items == (battle,)
    assert sifted.rejected == ()


@pytest.mark.parametrize(
    ("winner", "expected"),
    [
        ("model_a", ("model_a", False)),
        ("tie", ("tie", False)),
        ("tie (bothbad)", ("tie", True)),
        ("tie_both_bad", ("tie", True)),
    ],
)
def test_both_kinds_of_tie_are_kept_apart_and_train_alike(winner: str, expected: tuple[str, bool]) -> None:
    battle = read_one({**CONVERSATIONS, "winner": winner})

    assert (battle.winner, battle.both_bad) == expected
    assert battle.target == (0.5 if battle.winner == "tie" else 1.0)


@pytest.mark.parametrize(("flag", "both_bad"), [(True, True), ("true", True), (False, False), (None, False)])
def test_a_flag_of_its_own_tells_a_bad_tie(flag: object, both_bad: bool) -> None:
    battle = read_one({**FLAT, "winner": "tie", "both_bad": flag})

    assert battle.both_bad is both_bad
    assert Battle.from_record(record(battle.to_dict())) == battle
    assert Battle.rest_of(record({**FLAT, "both_bad": flag, "id": 1})) == {"id": 1}


def record(values: dict[str, Any]) -> Record:
    return Record(values, "here")


def read_one(values: dict[str, Any]) -> Battle:
    return Battle.from_record(record(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({**FLAT, "both_bad": True}, "field 'both_bad' is True, expected false where a model won"),
        ({**FLAT, "winner": "tie", "both_bad": "maybe"}, "'both_bad' is 'maybe', expected true or false"),
        ({**FLAT, "winner": None}, "field 'winner' is None, expected 'model_a' or"),
        ({**PREFERENCE, "winner_tie": 1}, "exactly one of winner_model_a, winner_model_b, winner_tie"),
        ({**PREFERENCE, "winner_model_b": 0}, "exactly one of"),
        ({**PREFERENCE, "winner_model_b": "yes"}, "field 'winner_model_b' is 'yes', expected 0 or 1"),
        ({**PREFERENCE, "prompt": "[]"}, "expected a list of turns"),
        ({**PREFERENCE, "prompt": "[null]"}, "field 'prompt' is '.null.', expected text"),
        ({**PREFERENCE, "prompt": '["Why'}, "expected a list of turns"),
        ({**PREFERENCE, "prompt": '["Why \\ud83d?"]'}, "expected text without lone surrogates"),
        ({**CONVERSATIONS, "conversation_b": TURNS[2:]}, "the same first turn as conversation_a"),
        ({**CONVERSATIONS, "conversation_a": []}, "expected a list of turns with role and content"),
        ({**CONVERSATIONS, "conversation_a": ["Why?"]}, "expected a list of turns with role and content"),
        ({**CONVERSATIONS, "conversation_a": "Why?"}, "expected a list of turns with role and content"),
        (
            {k: v for k, v in CONVERSATIONS.items() if k != "conversation_b"},
            "field 'conversation_b' is missing",
        ),
    ],
)
def test_what_no_battle_can_be_made_of_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RowError, match=message) as refused:
        read_one(values)

    assert str(refused.value).startswith("here: field ")
    assert refused.value.row == values


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(RowError) as refused:
        read_one({**CONVERSATIONS, "conversation_a": ["chat " * 1000]})

    assert len(str(refused.value)) < 300


def test_sifting_counts_each_rejected_row_by_its_reason(tmp_path: Path) -> None:
    bad = [
        {**FLAT, "model_b": "x"},
        {**FLAT, "winner": "model_c"},
        {**FLAT, "winner": "nobody"},
        {key: value for key, value in FLAT.items() if key != "prompt"},
        [1],
    ]
    path = saved(tmp_path, "b.jsonl", lines(FLAT, *bad) + "{no json\n" + lines(PREFERENCE))
    sifted = sift_battles(path)

    assert [battle.winner for battle in sifted.items] == ["model_a", "model_b"]
    assert [row.place for row in sifted.records] == [f"{path}:1", f"{path}:8"]
    winner = "winner: not 'model_a' or 'model_b' or 'tie'"
    assert sifted.reasons == {
        winner: 2,
        "model_b: not a model other than model_a": 1,
        "prompt: missing": 1,
        "not a JSON object": 1,
        "not JSON": 1,
    }
    assert next(iter(sifted.reasons)) == winner
    assert [error.row for error in sifted.rejected] == [*bad[:4], "[1]", "{no json"]
    assert [error.place for error in sifted.rejected] == [f"{path}:{line}" for line in range(2, 8)]


def test_sifting_counts_ragged_csv_rows(tmp_path: Path) -> None:
    path = saved(tmp_path, "b.csv", as_csv(FLAT) + "Why?,x,y\nWhy?,x,y,model_b\nWhy?,x,y,tie,more\n")
    sifted = sift_battles(path)

    assert [battle.winner for battle in sifted.items] == ["model_a", "model_b"]
    assert sifted.reasons == {"with more or fewer fields than the header": 2}
    assert json.loads(json.dumps(sifted.rejected[1].row))[""] == ["more"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.jsonl", b"", "holds no battle"),
        ("empty.csv", b"", "holds no battle"),
        ("header.csv", b"prompt,model_a,model_b,winner\n", "holds no battle"),
        (
            "columns.csv",
            b"question,a,b\nWhy?,x,y\n",
            "holds no battle: rows were rejected, 1 for 'winner: missi",
        ),
        ("latin.jsonl", lines(FLAT).encode() * 9 + "caf\xe9".encode("latin-1"), "Save it as UTF-8"),
        ("utf16.csv", as_csv(FLAT).encode("utf-16")[:-1], "as utf-16-le .truncated data"),
        ("b.parquet", b"PAR1\x00", "b.parquet can.t be read"),
        ("b.json", b'[{"prompt": ', "not JSON"),
        ("cut.jsonl.gz", gzip.compress(lines(FLAT).encode() * 50)[:-9], "ended before the end-of-stream"),
        ("torn.jsonl.gz", b"", "can't be read .Error -3 while decompressing"),
    ],
)
def test_a_damaged_file_is_an_error_for_strict_and_for_sifting_readers(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    if name.startswith("torn"):
        packed = bytearray(gzip.compress(bytes(range(256)) * 400, compresslevel=9))
        packed[40:60] = b"\xff" * 20
        content = bytes(packed)
    path.write_bytes(content)

    with pytest.raises(DataError, match=message):
        sift_battles(path)
    if "holds no battle" not in message:
        with pytest.raises(DataError, match=message):
            list(read_battles(path))


def test_the_real_battles_are_all_read(data_folder: Path) -> None:
    sifted = sift_battles(data_folder / "train/judge_battles.jsonl.gz")
    votes = sift_battles(data_folder / "train/arena_votes.csv.gz", with_prompts=False)

    assert len(sifted.items) == 43_859
    assert sifted.rejected == votes.rejected == ()
    assert sum(battle.both_bad for battle in sifted.items) == 4_318
    assert len(votes.items) == 25_938
    assert Counter(battle.both_bad for battle in votes.items)[True] > 0
