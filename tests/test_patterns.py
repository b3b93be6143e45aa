"""No pattern of the project takes more than linear time, whatever text it is given."""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import langchain_routellm
import llamaindex_routellm
import routellm_core

from tests.worst_inputs import worst_inputs

LENGTH = 8_000
SUSPECT = 0.003
"""Seconds that a linear pattern seldom takes for such a text; what takes longer is measured again."""

METHODS = ("match", "search", "fullmatch", "findall", "finditer", "sub", "split")


def sources() -> dict[str, Path]:
    found = {}
    for package in (routellm_core, langchain_routellm, llamaindex_routellm):
        root = Path(package.__file__ or "").parent
        for path in sorted(root.rglob("*.py")):
            if re.search(r"^import re$", path.read_text(encoding="utf-8"), re.MULTILINE):
                parts = path.relative_to(root.parent).with_suffix("").parts
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


SOURCES = sources()


def calls(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            yield node.value, node.attr


def patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from (found for item in [*value, *value.values()] for found in patterns_in(item))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (found for item in value for found in patterns_in(item))
    elif isinstance(value, type) and value.__module__ in SOURCES:
        yield from patterns_in({name: item for name, item in vars(value).items()})


def patterns() -> list[Any]:
    """Every compiled pattern of a module, with the methods that the module uses on it."""
    found = []
    for module, path in SOURCES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = [(owner.id, method) for owner, method in calls(tree) if isinstance(owner, ast.Name)]
        for name, value in vars(importlib.import_module(module)).items():
            for number, pattern in enumerate(patterns_in(value)):
                own = {method for owner, method in used if owner == name}
                # One in a list is called by another name: by any method that the module uses.
                methods = sorted(own or {method for _, method in used})
                found.append(pytest.param(pattern, methods, id=f"{module}:{name}:{number}"))
    return found


def seconds(pattern: re.Pattern[str], method: str, text: str) -> float:
    call = getattr(pattern, method)
    before = time.thread_time()
    if method == "sub":
        call("", text)
    elif method == "finditer":
        for _ in call(text):
            pass
    else:
        call(text)
    return time.thread_time() - before


def is_linear(pattern: re.Pattern[str], method: str, shape: int, text: str) -> bool:
    taken = seconds(pattern, method, text)
    if taken < SUSPECT:
        return True
    # Four times the text: four times the time, or sixteen and more. The machine may have had other work, so
    # the shortest of three counts.
    longer = next(islice(worst_inputs(pattern, 4 * LENGTH), shape, None))
    taken = min(taken, *(seconds(pattern, method, text) for _ in range(2)))
    return any(seconds(pattern, method, longer) < 8 * taken for _ in range(3))


@pytest.mark.parametrize(("pattern", "methods"), patterns())
def test_a_pattern_takes_linear_time(pattern: re.Pattern[str], methods: list[str]) -> None:
    assert methods, "a pattern that is never used"
    for shape, text in enumerate(worst_inputs(pattern, LENGTH)):
        for method in methods:
            assert is_linear(pattern, method, shape, text), (method, text[:40], text[-10:])


@pytest.mark.parametrize("module", SOURCES)
def test_every_pattern_is_compiled_once_and_can_be_found(module: str) -> None:
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    inline = [
        f"re.{method}" for owner, method in calls(tree) if isinstance(owner, ast.Name) and owner.id == "re"
    ]
    assert not inline
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    compiled = [
        function.name
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "compile"
    ]
    assert not compiled


@pytest.mark.parametrize("text", ["<abc>.*?</abc>", r"answer\s*:?\s*B"])
def test_the_search_for_worst_inputs_finds_what_is_quadratic(text: str) -> None:
    pattern = re.compile(text, re.DOTALL)
    attacks = enumerate(worst_inputs(pattern, LENGTH))
    assert any(not is_linear(pattern, "search", shape, attack) for shape, attack in attacks)
