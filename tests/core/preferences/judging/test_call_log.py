"""The log of paid calls: what is written stays, a torn end is mended, damage is refused."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from routellm_core.preferences.judging.call_log import CallLog, call_key
from routellm_core.preferences.judging.responder import Answer, Message
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.prices import TokenUsage

from tests.core.scripted_models import ScriptedModel

USAGE = TokenUsage(10, 5, 2)


def start(key: str) -> dict[str, Any]:
    return {"event": "start", "key": key, "model": "m", "most": asdict(TokenUsage(100, 50))}


def answer(key: str, text: str = "yes") -> dict[str, Any]:
    row = {"event": "answer", "key": key, "model": "m", "text": text, "usage": asdict(USAGE)}
    return {**row, "counted": True, "truncated": False}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with CallLog(tmp_path / "new" / "log.jsonl") as log:
        for key in "ab":
            log.append(start(key))
            log.append(answer(key, f"{key}: é \ud800\n"))
    return tmp_path / "new" / "log.jsonl"


def test_what_was_written_is_read_by_the_next_run(path: Path) -> None:
    with CallLog(path) as log:
        assert log.answer("a") == Answer("a: é \ud800\n", USAGE, False)
        assert log.answer("c") is None
        assert (len(log), log.interrupted) == (2, 0)
        assert dict(log.used) == {"m": TokenUsage(20, 10, 4)}
        log.append(answer("c"))
        assert log.answer("c") == Answer("yes", USAGE, False)
        assert log.answer("b") == Answer("b: é \ud800\n", USAGE, False)


def test_who_only_looks_changes_nothing(path: Path) -> None:
    torn = path.read_bytes() + json.dumps(start("c")).encode() + b'\n{"event": "answer", "key": "'
    path.write_bytes(torn)
    with CallLog(path, changing=False) as log:
        assert (len(log), log.answer("a"), log.answer("c")) == (
            2,
            Answer("a: é \ud800\n", USAGE, False),
            None,
        )

    assert path.read_bytes() == torn
    assert list(path.parent.iterdir()) == [path]


def test_a_row_torn_at_any_byte_is_cut_off_and_the_rest_stays(path: Path) -> None:
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last + 1, len(whole) - 1):
        path.write_bytes(whole[:end])
        with CallLog(path) as log:
            assert log.answer("a") is not None
            # "b" was asked and its answer lost: it may have been charged.
            assert (log.answer("b"), log.interrupted) == (None, 1)
            assert dict(log.lost) == {"m": TokenUsage(100, 50)}
            log.append(answer("b"))
        assert all(json.loads(line) for line in path.read_bytes().splitlines())
        with CallLog(path) as log:
            assert (len(log), log.interrupted) == (2, 0)
            assert dict(log.lost) == {"m": TokenUsage(100, 50)}


def test_a_whole_row_that_lacks_its_line_break_is_kept(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    with CallLog(path) as log:
        assert log.answer("b") == Answer("b: é \ud800\n", USAGE, False)
        log.append(answer("c"))
    with CallLog(path) as log:
        assert len(log) == 3


def test_a_failed_call_is_not_in_flight(path: Path) -> None:
    with CallLog(path) as log:
        log.append(start("c"))
        log.append({"event": "failed", "key": "c", "model": "m", "error": "429"})
    with CallLog(path) as log:
        assert (log.interrupted, dict(log.lost)) == (0, {})


@pytest.mark.parametrize(
    "damage",
    [
        b"not json\n",
        b"[1]\n",
        b'{"event": "answer", "key": "x"}\n',
        b'{"event": "paid", "key": "x", "model": "m"}\n',
        b'{"event": "start", "key": "x", "model": "m", "most": {"input": "1", "output": 1}}\n',
        b'{"event": "start", "key": "x", "model": "m", "most": {}}\n',
        b"\xff\xfe\n",
    ],
)
def test_damage_in_the_middle_is_named_and_nothing_is_changed(path: Path, damage: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    content = b"".join([*lines[:2], damage, *lines[2:]])
    path.write_bytes(content)

    with pytest.raises(DataError, match=r"log\.jsonl:3: not a row of a log of calls"):
        CallLog(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "usage", [{"input": 1.5, "output": 1, "cached_input": 0}, {"input": -1}, [], None, 7]
)
def test_usage_of_an_older_log_that_cant_be_true_counts_as_the_most(path: Path, usage: Any) -> None:
    rows = [start("c"), {**answer("c"), "usage": usage}, start("d"), {**answer("d"), "text": ["parts"]}]
    with path.open("a") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)

    with CallLog(path) as log:
        assert dict(log.used) == {"m": TokenUsage(100 + 3 * 10, 50 + 3 * 5, 3 * 2)}
        assert log.answer("c") == Answer("yes", TokenUsage(), False)
        assert log.answer("d") == Answer("", USAGE, False)


@pytest.mark.parametrize("line", [b"[" * 50_000 + b"]" * 50_000, b"x" * 3_000])
def test_a_line_of_any_length_or_depth_is_refused(
    path: Path, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routellm_core.preferences.judging.call_log.LONGEST_ROW", 200_000)
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(DataError, match=r"log\.jsonl:1: not a row"):
        CallLog(path)
    path.write_bytes(b"x" * 300_000)
    with pytest.raises(DataError, match=r"log\.jsonl:1: not a row"):
        CallLog(path)


def test_a_run_cut_off_at_any_byte_loses_the_calls_in_flight_alone(path: Path) -> None:
    whole = path.read_bytes()
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        rows = [json.loads(row) for row in whole[:end].split(b"\n")[:-1]]
        answered = {row["key"] for row in rows if row["event"] == "answer"}
        with CallLog(path) as log:
            # a row whose line break alone is missing is whole
            assert answered <= {key for key in "ab" if log.answer(key)}
            assert log.interrupted <= 1


def test_a_second_run_is_refused_while_the_first_is_going(path: Path) -> None:
    pytest.importorskip("fcntl", reason="this system has no file locks of this kind")
    with CallLog(path), pytest.raises(DataError, match="in use by another run"):
        CallLog(path)
    CallLog(path).__exit__(None, None, None)


def test_a_row_is_on_the_disk_when_append_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    with CallLog(path) as log:
        log.append(start("c"))
        assert synced == [path.stat().st_size]


def test_calls_differ_by_model_limit_messages_and_attempt() -> None:
    message: list[Message] = [{"role": "user", "content": "Why?"}]
    keys = {
        call_key(ScriptedModel("m"), message),
        call_key(ScriptedModel("n"), message),
        call_key(ScriptedModel("m", max_tokens=9), message),
        call_key(ScriptedModel("m"), [*message, *message]),
        call_key(ScriptedModel("m"), message, 1),
    }
    assert len(keys) == 5
    assert call_key(ScriptedModel("m", "other answer"), message) in keys
