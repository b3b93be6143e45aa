"""`python -m examples.monthly`: from a log to a router in use, offline, by the steps of docs/operation.md."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from routellm_core import load_router
from routellm_core.calibration.record import Calibration

PAGE = (Path(__file__).parents[1] / "docs/operation.md").read_text()


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ROUTELLM_STRONG", "ROUTELLM_WEAK"):
        monkeypatch.delenv(name, raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["monthly", *arguments])
    runpy.run_module("examples.monthly", run_name="__main__")


def test_the_recipe_of_the_page_runs_offline_and_ends_in_a_better_router(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run(monkeypatch, str(tmp_path))
    printed = capsys.readouterr().out

    steps = re.findall(r"^\$ routellm (\w+)", printed, flags=re.MULTILINE)
    month = PAGE.partition("## Once a month")[2].partition("\n## ")[0]
    assert steps == re.findall(r"^\d\. `routellm (\w+)", month, flags=re.MULTILINE)
    assert "adapted is better than default by" in printed
    assert "held_out.jsonl: default is worse than router by" in printed
    calibration = Calibration.load(tmp_path / "calibration.json")
    assert calibration.strong_share == pytest.approx(0.3, abs=0.02)
    assert f"In use from now on: router 'router', threshold {calibration.threshold:.3f}" in printed
    assert load_router(tmp_path / "router").fingerprint == calibration.fingerprint
    # what was learned from is apart from what it is compared on
    learned, held_out = (
        (tmp_path / name).read_text().splitlines() for name in ("learn.jsonl", "held_out.jsonl")
    )
    assert not set(learned) & set(held_out)


def test_real_models_are_asked_about_a_log_of_ones_own_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some-key")
    with pytest.raises(SystemExit, match=r"decisions\.jsonl is missing: give the folder of your application"):
        run(monkeypatch, str(tmp_path))
