"""JSON Lines: written whole or not at all, and equal rows as equal bytes."""

import json
from pathlib import Path

import pytest

from routellm_core.preferences.reading.json_lines import write_json_lines


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_json_lines(path, [{"a": "é \ud83d"}]) == 1
    before = path.read_bytes()
    with pytest.raises(TypeError, match="set"):
        write_json_lines(path, [{"a": 1}, {"a": {1}}])

    assert path.read_bytes() == before
    assert json.loads(before) == {"a": "é \ud83d"}
    assert list(tmp_path.iterdir()) == [path]
    for hour, name in enumerate(("1.jsonl.gz", "2.jsonl.gz")):
        monkeypatch.setattr("time.time", lambda hour=hour: 1e9 + 3600 * hour)
        write_json_lines(tmp_path / name, [{"a": 1}])
    assert (tmp_path / "1.jsonl.gz").read_bytes() == (tmp_path / "2.jsonl.gz").read_bytes()
