"""Scores of slow routers are asked for once, and never mixed up."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.commands.cli import main
from routellm_core.evaluation.stored_scores import CHUNK, StoredScores, default_store
from routellm_core.router import Router, RouterError, Scores, check_prompts
from routellm_core.routers.random_router import RandomRouter


class Slow(Router):
    """Scores by length, remembers what it was asked, and fails where it is told to."""

    def __init__(self, version: int = 0, fails_after: int | None = None) -> None:
        self.version = version
        self.asked: list[str] = []
        self.fails_after = fails_after

    def score(self, prompts: Sequence[str]) -> Scores:
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise RouterError("out of memory")
        self.asked += check_prompts(prompts)
        return np.array([len(prompt) + self.version for prompt in prompts]) / 1e5

    def to_checkpoint(self) -> Checkpoint:
        return Checkpoint("slow", {"version": self.version})


PROMPTS = ["one", "three", "one", "seven!!", "caf\u00e9", "\ud800"]


def test_each_distinct_prompt_is_asked_once(tmp_path: Path) -> None:
    router, told = Slow(), []
    store = StoredScores(tmp_path / "deep/scores.sqlite3")
    first = store.score(router, PROMPTS, lambda done, total: told.append((done, total)))

    assert first == pytest.approx(Slow().score(PROMPTS))
    assert router.asked == ["one", "three", "seven!!", "caf\u00e9", "\ud800"]
    assert told == [(5, 5)]
    again = Slow()
    assert StoredScores(tmp_path / "deep/scores.sqlite3").score(again, PROMPTS).tolist() == first.tolist()
    assert again.asked == []
    assert store.score(again, [*PROMPTS, "new"])[-1] == pytest.approx(3e-5)
    assert again.asked == ["new"]


def test_another_router_has_scores_of_its_own(tmp_path: Path) -> None:
    store = StoredScores(tmp_path / "scores.sqlite3")
    store.score(Slow(), PROMPTS)

    assert store.score(Slow(version=1), PROMPTS) == pytest.approx(Slow(version=1).score(PROMPTS))


def test_a_failure_costs_one_chunk(tmp_path: Path) -> None:
    prompts = [f"prompt {number}" for number in range(3 * CHUNK)]
    store = StoredScores(tmp_path / "scores.sqlite3")
    with pytest.raises(RouterError, match="out of memory"):
        store.score(Slow(fails_after=2 * CHUNK), prompts)
    router = Slow()
    store.score(router, prompts)

    assert router.asked == prompts[2 * CHUNK :]


def test_no_prompt_is_in_the_file(tmp_path: Path) -> None:
    StoredScores(tmp_path / "scores.sqlite3").score(Slow(), ["a very secret prompt"])

    assert b"secret" not in (tmp_path / "scores.sqlite3").read_bytes()


class Quick(Slow):
    scores_inline = True


class Unsavable(Slow):
    def to_checkpoint(self) -> Checkpoint:
        raise TypeError("no")


@pytest.mark.parametrize("router", [Quick(), Unsavable()])
def test_where_nothing_is_gained_or_told_apart_nothing_is_kept(tmp_path: Path, router: Slow) -> None:
    store = StoredScores(tmp_path / "scores.sqlite3")
    store.score(router, ["a", "a"])
    store.score(router, ["a", "a"])

    assert router.asked == ["a"] * 4
    assert not (tmp_path / "scores.sqlite3").exists()
    slow = Slow()
    StoredScores(None).score(slow, ["a", "a"])
    assert slow.asked == ["a", "a"]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "scores.sqlite3").write_text("not a database, and long enough to be taken for one" * 30)
    with pytest.raises(OSError, match=r"scores\.sqlite3 can't be used .*remove it, or keep no scores"):
        StoredScores(tmp_path / "scores.sqlite3").score(Slow(), ["a"])


def test_a_router_that_answers_nonsense_is_not_stored(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(Slow, "score", lambda self, prompts: np.full(len(prompts), np.nan))
    with pytest.raises(RouterError, match="expected numbers in"):
        StoredScores(tmp_path / "scores.sqlite3").score(Slow(), ["a"])
    with sqlite3.connect(tmp_path / "scores.sqlite3") as store:
        assert store.execute("select count(*) from scores").fetchone() == (0,)
    store.close()


def test_the_users_cache_folder_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_store() == tmp_path / "routellm/scores.sqlite3"


def test_scores_of_a_slow_router_are_kept_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("one\ntwo\n")
    monkeypatch.setattr(RandomRouter, "scores_inline", False)
    arguments = ["calibrate", "--router", "random", "--prompts", str(prompts), "--strong-share", "0.5"]

    assert main([*arguments, "--no-scores"]) == 0
    assert not (tmp_path / "cache").exists()
    assert main(arguments) == 0
    assert (tmp_path / "cache/routellm/scores.sqlite3").exists()
