"""In shadow mode a sample of calls is answered by weak too, in the background, within a cap, and logged."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from routellm_core import Decision
from routellm_core.routing import shadow_sample
from routellm_core.routing.decision_log import DecisionLog, new_decision_id
from routellm_core.routing.journal import Journal
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.sample_stats import SampleStats
from routellm_core.routing.shadow_sample import Sampled, ShadowSample
from routellm_core.routing.shown_answer import ShownAnswer
from routellm_core.routing.weak_calls import find_weak_calls

from tests.routers import FixedRouter

USAGE = TokenUsage(100, 0)
PRICE = Price(1e4, 0.0)
"""100 input tokens cost 1."""


def call(id: str | None = None, text: str = "why?") -> Decision:
    return Decision(
        "strong", 0.1, 0.5, "score", "FixedRouter", shadow_route="weak", id=id or new_decision_id(), text=text
    )


def journal(log: DecisionLog) -> Journal:
    return Journal((log,), FixedRouter(0.1), {"strong": "big", "weak": "small"})


COUNTER = RoutingCounter(Prices(PRICE, PRICE))


@pytest.fixture(autouse=True)
def from_zero() -> None:
    COUNTER.reset()


def counted() -> SampleStats:
    """What became of the test's calls."""
    return COUNTER.snapshot().sample


def sampled(log: DecisionLog, ask: Callable[[], ShownAnswer], decision: Decision | None = None) -> Sampled:
    return Sampled(decision or call(), ShownAnswer("strong's", USAGE), ask, journal(log), COUNTER)


def weaks() -> ShownAnswer:
    return ShownAnswer("weak's", USAGE)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog.open(tmp_path / "d.jsonl", log_text=True)


def test_the_sample_is_uniform_and_is_what_a_check_draws_first() -> None:
    sample = ShadowSample(0.05, "weak")
    taken = [decision for decision in (call() for _ in range(20_000)) if sample.takes(decision)]
    assert len(taken) == pytest.approx(1_000, abs=150)
    assert not sample.takes(Decision("strong", 0.1, 0.5, "score", "r"))
    assert not any(ShadowSample(0.0, "weak").takes(decision) for decision in taken)


def test_both_answers_are_logged_where_texts_are(log: DecisionLog, tmp_path: Path) -> None:
    sample, decision = ShadowSample(1.0, "weak", price=PRICE), call()
    sample.submit(sampled(log, weaks, decision))
    assert sample.flush()
    assert log.flush()
    (row,) = rows(tmp_path / "d.jsonl")
    assert row["answers_of"] == decision.id
    assert row["answers"] == {"strong": "strong's", "weak": "weak's"}
    assert (row["text"], row["cost"], row["tokens"]["weak"]["input"]) == ("why?", 1.0, 100)
    assert sample.spent == 1.0
    assert counted() == SampleStats(answered=1, cost=1.0)


def test_without_log_text_no_text_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    log, sample = DecisionLog.open(path), ShadowSample(1.0, "weak")
    sample.submit(sampled(log, weaks))
    assert sample.flush()
    assert log.flush()
    content = path.read_text()
    assert json.loads(content)["answers_of"]
    assert not any(text in content for text in ("why?", "strong's", "weak's"))


def test_the_cap_holds_whatever_comes_at_once(log: DecisionLog, caplog: pytest.LogCaptureFixture) -> None:
    sample = ShadowSample(1.0, "weak", max_cost=5.5, price=PRICE)
    asked: list[int] = []

    def ask() -> ShownAnswer:
        asked.append(1)
        return weaks()

    for _ in range(50):
        sample.submit(sampled(log, ask))
    assert sample.flush()
    assert len(asked) == 5
    assert (sample.spent, counted().left_out) == (5.0, 45)
    assert caplog.text.count("shadow_max_cost=5.5 leaves no room") == 1


def test_a_call_whose_tokens_nobody_counted_has_no_place_under_a_cap(log: DecisionLog) -> None:
    sample = ShadowSample(1.0, "weak", max_cost=5.0, price=PRICE)
    sample.submit(Sampled(call(), ShownAnswer("strong's", None), weaks, journal(log), COUNTER))
    assert counted().left_out == 1


def test_weaks_answers_without_a_count_use_up_the_cap_too(log: DecisionLog) -> None:
    sample = ShadowSample(1.0, "weak", max_cost=2.5, price=PRICE)
    for _ in range(10):
        sample.submit(sampled(log, lambda: ShownAnswer("weak's", None)))
        assert sample.flush()
    assert (sample.spent, counted().left_out) == (2.0, 8)


def test_no_call_waits_for_a_weak_model_that_hangs(log: DecisionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_sample, "WAITING", 10)
    sample, go_on = ShadowSample(1.0, "weak"), threading.Event()

    def hang() -> ShownAnswer:
        go_on.wait(30)
        return weaks()

    start = time.perf_counter()
    for _ in range(200):
        sample.submit(sampled(log, hang))
    assert time.perf_counter() - start < 5
    assert counted().left_out >= 200 - 10 - shadow_sample.THREADS
    assert not sample.flush(0.01)
    go_on.set()
    assert sample.flush()


def test_a_cancellation_inside_holds_no_thread(log: DecisionLog) -> None:
    def cancelled() -> ShownAnswer:
        raise asyncio.CancelledError

    sample = ShadowSample(1.0, "weak")
    for _ in range(2 * shadow_sample.THREADS):
        sample.submit(sampled(log, cancelled))
    sample.submit(sampled(log, weaks))
    assert sample.flush(5.0)
    assert counted().failed == 2 * shadow_sample.THREADS


def test_a_weak_model_that_fails_is_said_once(log: DecisionLog, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> ShownAnswer:
        raise RuntimeError("sk-secret")

    sample = ShadowSample(1.0, "weak")
    for _ in range(3):
        sample.submit(sampled(log, broken))
    assert sample.flush()
    assert counted().failed == 3
    assert caplog.text.count("a shadow answer of weak failed with RuntimeError") == 1
    assert "sk-secret" not in caplog.text


def test_at_exit_what_is_on_its_way_is_written(tmp_path: Path) -> None:
    program = """
        import sys, threading
        from tests.core.routing.test_shadow_sample import DecisionLog, ShadowSample, call, sampled, weaks
        log = DecisionLog.open(sys.argv[1], log_text=True)
        started = threading.Event()
        def slow():
            started.set()
            threading.Event().wait(0.5)
            return weaks()
        log.write({"id": "first"})
        sample = ShadowSample(1.0, "weak")
        sample.submit(sampled(log, slow))
        started.wait(10)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "d.jsonl")], check=True, timeout=60
    )
    assert [row.get("answers", {}).get("weak") for row in rows(tmp_path / "d.jsonl")] == [None, "weak's"]


@pytest.mark.parametrize("where", ["d.jsonl", "sqlite:///d.db"])
def test_a_check_finds_the_answers(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log, sample = DecisionLog.open(where, log_text=True), ShadowSample(0.2, "weak")
    taken = 0
    for _ in range(100):
        decision = call()
        log.write({**decision.record(), **journal(log)._about}, decision.text)
        if sample.takes(decision):
            taken += 1
            sample.submit(sampled(log, weaks, decision))
    assert sample.flush()
    log.close()
    found = find_weak_calls(where, taken)
    assert found.calls == found.weak_calls == 100
    assert [row["answers"]["weak"] for row in found.drawn] == ["weak's"] * taken
    assert taken > 0


def test_a_copy_has_spent_nothing(log: DecisionLog) -> None:
    sample = ShadowSample(0.5, "weak", 5.0, PRICE)
    sample.submit(sampled(log, weaks))
    assert sample.flush()
    copied = pickle.loads(pickle.dumps(sample))
    assert (copied.share, copied.max_cost, copied.spent) == (0.5, 5.0, 0.0)


def test_a_cap_is_shared_by_all_on_one_database(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    where = f"sqlite:///{tmp_path / 'd.db'}"
    asked: list[int] = []

    def ask() -> ShownAnswer:
        asked.append(1)
        return weaks()

    def spend(calls: int) -> ShadowSample:
        log = DecisionLog.open(where, log_text=True)
        sample = ShadowSample(1.0, "weak", max_cost=5.5, price=PRICE, log=log)
        for _ in range(calls):
            sample.submit(sampled(log, ask))
            assert sample.flush()
        log.close()
        return sample

    spend(3)
    COUNTER.reset()
    other = spend(10)  # as another process, or this one after a restart
    assert len(asked) == 5
    assert (other.spent, counted().left_out) == (2.0, 8)
    assert caplog.text.count("shadow_max_cost=5.5 leaves no room") == 1
    assert other.log is not None
    assert pickle.loads(pickle.dumps(other)).log.where == other.log.where


def test_a_database_that_cant_be_read_leaves_the_cap_to_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "d.db").write_text("no database")
    log = DecisionLog.open(f"sqlite:///{tmp_path / 'd.db'}")
    sample = ShadowSample(1.0, "weak", max_cost=2.5, price=PRICE, log=log)
    for _ in range(5):
        sample.submit(sampled(log, weaks))
        assert sample.flush()
    assert (sample.spent, counted().left_out) == (2.0, 3)
    assert "this process counts for itself" in caplog.text
