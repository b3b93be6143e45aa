"""What is built: one wheel with three packages, small, without tests, data or anybody's prompts."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("build", reason="the package build is not installed")
pytest.importorskip("hatchling", reason="hatchling is not installed")

ROOT = Path(__file__).parent.parent
MEBIBYTE = 1024 * 1024
MACHINE_PATH = re.compile(rb"/(?:home|root|Users|work|tmp)/\w")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "langchain_routellm",
        "llamaindex_routellm",
        "routellm_core",
    }
    assert {f"{package}/py.typed" for package in tops if "." not in package} <= set(wheel.namelist())


def test_the_default_router_is_small_and_complete(wheel: zipfile.ZipFile) -> None:
    files = {
        info.filename: info.file_size for info in wheel.infolist() if "/default_router/" in info.filename
    }
    names = {Path(name).name for name in files}
    assert names == {"config.json", "model.safetensors", "pieces.txt", "tokenizer.json", "MODEL_CARD.md"}
    assert sum(files.values()) <= 16 * MEBIBYTE


def test_no_path_of_a_machine_and_no_pickle(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        assert not name.endswith((".pkl", ".pickle", ".bin", ".pt"))
        content = wheel.read(name)
        assert MACHINE_PATH.search(content) is None, name


def test_no_prompt_of_the_data_is_in_it(wheel: zipfile.ZipFile, data_folder: Path) -> None:
    content = b"\n".join(wheel.read(name) for name in wheel.namelist())
    words = content.split()
    # A look-up that nearly no prompt passes, before the search through all bytes.
    beginnings = set(zip(words, words[1:], words[2:], strict=False))
    found = []
    for start in sorted({start for path in (data_folder / "train").glob("*.gz") for start in _starts(path)}):
        # The first words of a prompt, where they are more than any sentence of ours could share.
        if len(start) >= 48 and tuple(start.split()[1:4]) in beginnings and start in content:
            found.append(start)
    assert found == []


def _starts(path: Path) -> Iterator[bytes]:
    if path.name.endswith(".jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield " ".join(json.loads(line)["prompt"].split()[:12]).encode("utf-8", "replace")
