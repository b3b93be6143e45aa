"""A file gets its name once it is whole; what is no plain file stays what it is."""

import os
import stat
import threading
from pathlib import Path

import pytest

from routellm_core.checkpoints.whole_file import check_writable, replaced_whole


def test_a_block_that_fails_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    with pytest.raises(TypeError), replaced_whole(path) as stream:
        stream.writelines([b"half", "and no bytes"])  # type: ignore[list-item]  # what fails here
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_who_has_the_older_file_open_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "model.npy"
    path.write_text("older")
    with path.open() as reader:
        with replaced_whole(path) as stream:
            stream.write(b"newer")
        assert reader.read() == "older"
    assert path.read_text() == "newer"


def test_what_cant_be_written_is_known_before_by_its_own_name(tmp_path: Path) -> None:
    for path, kind in ((tmp_path, IsADirectoryError), (tmp_path / "no" / "x.json", FileNotFoundError)):
        with pytest.raises(kind) as told:
            check_writable(path)
        assert told.value.filename == str(path)
    with pytest.raises(FileNotFoundError) as told, replaced_whole(tmp_path / "no" / "x.json"):
        pass
    assert told.value.filename == str(tmp_path / "no" / "x.json")
    (tmp_path / "older").write_text("older")
    check_writable(tmp_path / "older")
    check_writable(tmp_path / "newer")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["older"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    with replaced_whole(path) as stream:
        stream.write(b"a report")
    reader.join(10)
    assert read == [b"a report"]
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(tmp_path.iterdir()) == [path]
