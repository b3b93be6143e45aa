"""House rules that a machine can hold: heads name what is there, tests lie and are named as their sources."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "core": ROOT / "core/routellm_core",
    "langchain": ROOT / "langchain_routellm",
    "llamaindex": ROOT / "llamaindex_routellm",
}
MODULES = sorted(path for package in PACKAGES.values() for path in package.rglob("*.py"))
TESTS = sorted(path for name in PACKAGES for path in (ROOT / "tests" / name).rglob("test_*.py"))
EVERY_TEST = sorted((ROOT / "tests").rglob("*.py"))

LONGEST = 300
"""Lines, where 250 would cut a class."""

CROSS_CUTTING = {
    "core": (),
    "langchain": ("agents", "examples", "standard_suites"),
    "llamaindex": ("agents", "chat_engines", "examples", "package", "query_engines"),
}
"""Subjects of tests that are about a whole package, or about the host around it."""

LAYOUT = {"__init__", "_version", "batches", "loading", "logits", "router", "settings"}
"""The modules of core that lie in no folder."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def sources(test: Path) -> set[str]:
    """Return the names that a test file may begin with: of the files and folders where it lies."""
    package, *folders = test.relative_to(ROOT / "tests").parent.parts
    there = PACKAGES[package].joinpath(*folders)
    names = {path.stem for path in there.glob("*.py")} | {path.name for path in there.glob("*/")}
    return (names | set(CROSS_CUTTING[package] if not folders else ())) - {"__init__", "__pycache__"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_head_in_camel_case_names_a_definition_of_its_file(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = re.match(r"([A-Z][a-z]+(?:[A-Z]\w*)+):", ast.get_docstring(tree) or "")
    # A file about a product, such as langsmith.py, may begin with its name.
    if named is not None and named[1].lower() != path.stem:
        assert named[1] in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def test_core_has_no_loose_module_but_those_of_the_layout() -> None:
    assert {path.stem for path in PACKAGES["core"].glob("*.py")} == LAYOUT


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_bears_the_name_of_one_of_the_standard_library(path: Path) -> None:
    assert path.stem in ("__init__", "__main__") or path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_a_test_file_is_named_after_its_source_in_the_same_folder(path: Path) -> None:
    subject = path.stem.removeprefix("test_")
    assert any(subject == name or subject.startswith(f"{name}_") for name in sources(path))


@pytest.mark.parametrize("path", [*MODULES, *EVERY_TEST], ids=relative)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", EVERY_TEST, ids=relative)
def test_no_helper_is_imported_from_a_test_module(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name.rpartition(".")[2].startswith("test_")] == []
