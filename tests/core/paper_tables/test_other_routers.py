"""The section of docs/results.md on routers of other packages: measured where installed, named where not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.paper_tables import other_routers
from routellm_core.paper_tables.other_routers import OtherRouter
from routellm_core.paper_tables.page import OTHERS_HEADING, others_of, others_section, with_others

PAGE = (Path(__file__).parents[3] / "docs/results.md").read_text()


def missing() -> other_routers.Order:
    raise ImportError("no module of that name")


def test_what_is_not_installed_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lengths(prompts: Sequence[str]) -> Any:
        return np.array([float(len(prompt)) for prompt in prompts])

    others = (
        OtherRouter("installed", "numpy", lambda: lengths),
        OtherRouter("broken", "numpy", missing),
        OtherRouter("absent", "no-such-package-here", lambda: lengths),
    )
    monkeypatch.setattr(other_routers, "OTHERS", others)
    rng = np.random.default_rng(0)
    prompts = [f"question {'x' * number}" for number in range(50)]
    small = Benchmark("x", prompts, np.zeros(50), (rng.random(50) < 0.5).astype(float))
    monkeypatch.setattr(other_routers, "load_benchmark", lambda name, data: small)
    said: list[str] = []
    lines = other_routers.rows(Path("."), said.append)

    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        "default (ships)",
        "prompt length",
        f"installed {np.__version__}",
    ]
    assert lines[4].split("|")[2:] == lines[3].split("|")[2:]
    assert said == [
        "broken is left out: pip install numpy",
        "absent is left out: pip install no-such-package-here",
    ]


def test_the_section_takes_its_own_place_alone() -> None:
    made = others_section(["| a |", "|---|"], date(2026, 1, 2))
    page = with_others("# Title\n\ntext\n", made)

    assert page.startswith("# Title\n\ntext\n\n## Routers of others\n\nMade on 2026-01-02 by")
    assert others_of(page) == f"{made.rstrip()}\n"
    assert with_others(page, made) == page
    assert others_of("# Title\n") == ""


def figures(row: str) -> list[tuple[float, float, float]]:
    found = re.findall(r"([\d.]+) \(([\d.]+)-([\d.]+)\)", row)
    return [(float(value), float(low), float(high)) for value, low, high in found]


def test_what_the_page_says_of_the_others_is_what_its_table_shows() -> None:
    table = re.findall(r"^\| (.+?) \| (\d\.\d+ .*)\|$", PAGE.partition(OTHERS_HEADING)[2], flags=re.MULTILINE)
    rows = {name: figures(row) for name, row in table}
    default = rows.pop("default (ships)")
    (trained,) = re.findall(r"default \(ships\) (\| .*)$", PAGE.split(OTHERS_HEADING)[0], flags=re.MULTILINE)

    assert len(rows) == 5
    assert figures(trained) == default[:3]  # both tables are of one router
    for column in (0, 3, 4):  # MMLU and everyday prompts
        assert all(row[column][2] < default[column][1] for row in rows.values())
    for name in ("prompt length", "langchain-model-router, heuristic 0.1.0"):
        assert abs(rows[name][1][0] - default[1][0]) < 0.02
    higher = [name for name, row in rows.items() if row[2][0] > default[2][0] + 0.02]
    assert {name.split(",")[0] for name in higher} == {"LiteLLM", "cascadeflow"}
    above = re.findall(r", ([+-][\d.]+) to ([+-][\d.]+)", "".join(row for _, row in table))
    assert len(above) == 15
    certain = [name for name, (low, _) in zip(rows, above[2::3], strict=True) if float(low) > 0]
    assert [name.rsplit(" ", 1)[0] for name in certain] == ["LiteLLM, heuristic"]  # on MT-Bench
    assert all(float(high) > 0 for _, high in above[2::3])
    assert all(float(high) < 0 for _, high in above[0::3])
