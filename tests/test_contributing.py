"""CONTRIBUTING.md: each file that it names exists, and its order of imports is the one that is checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_each_file_that_it_names_exists() -> None:
    named = [name for name in re.findall(r"`([\w./]+)`", TEXT) if "/" in name or name.endswith(".py")]
    missing = [
        name
        for name in named
        if "NAME" not in name
        and not (ROOT / name).exists()
        and not (ROOT / "core/routellm_core" / name).exists()
    ]
    assert len(named) > 20
    assert not missing


def test_the_order_of_imports_is_the_one_that_is_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each.get("containers") == ["routellm_core"]]
    told = TEXT.partition("inside core, ")[2].partition(". ")[0]
    assert [re.findall(r"\w+", layer) for layer in told.split("→")] == [
        layer.split(" | ") for layer in layers
    ]


def test_each_folder_has_its_line_in_one_of_the_two_maps() -> None:
    """Folders of tests lie as the packages do, so the map names but those that hold something else."""
    tops = (
        "core/routellm_core",
        "core/training_data",
        "docs",
        "examples",
        "langchain_routellm",
        "llamaindex_routellm",
    )
    folders = {
        file.parent.relative_to(ROOT).as_posix()
        for top in tops
        for file in (ROOT / top).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things live")[2]
    rows = re.findall(r"^\|.*", readme, flags=re.MULTILINE) + re.findall(r"^\|.*", TEXT, flags=re.MULTILINE)
    named = {
        name.rstrip("/").removeprefix(".../") for row in rows for name in re.findall(r"`([\w./]+/)`", row)
    }
    named |= {f"core/routellm_core/{name}" for name in named}
    assert len(folders) > 30
    assert not folders - named
