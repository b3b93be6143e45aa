"""The sample of shadow mode: weak answers too, where nobody waits for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from examples.stand_in import StandInModel, StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.langchain.operated import SHADOW, answered, shadowed


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "generate", "stream", "astream", "v3"])
async def test_in_shadow_mode_weak_answers_a_sample_too(pair: Pair, tmp_path: Path, how: str) -> None:
    path, runs = tmp_path / "decisions.jsonl", RunCollectorCallbackHandler()
    llm = pair(decision_log=path, **SHADOW)
    message = await answered(llm, how, {"callbacks": [runs]})
    (row,) = shadowed(llm, path)
    assert message.text.startswith("[gpt-strong]")
    assert row["answers_of"] == message.response_metadata["routellm"]["id"]
    assert row["answers"]["strong"] == message.text
    assert "asked_for" not in row
    assert row["answers"]["weak"].startswith("[gpt-weak]")
    assert row["cost"] == pytest.approx(0.1 * row["tokens"]["weak"]["input"])
    # the user's tracer sees the user's call alone
    assert [run.metadata["routellm_route"] for run in runs.traced_runs] == ["strong"]


def test_a_weak_model_that_hangs_or_fails_delays_and_fails_no_shadow_call(
    pair: Pair, stand_in: StandInServer, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    with StandInServer([StandInModel("gpt-slow", latency=1.0)]) as slow:
        llm = pair(weak=chat_openai(slow, "gpt-slow"), decision_log=path, **SHADOW)
        start = time.perf_counter()
        for number in range(5):
            llm.invoke(f"question {number}")
        assert time.perf_counter() - start < 5 * 0.9
        assert len(shadowed(llm, path)) == 5
    llm = pair(decision_log=tmp_path / "other.jsonl", **SHADOW)
    stand_in.fail_next("gpt-weak", 500)
    assert llm.invoke("a question").text.startswith("[gpt-strong]")
    assert shadowed(llm, tmp_path / "other.jsonl") == []


def test_texts_are_logged_where_it_was_asked_for(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path, **{**SHADOW, "log_text": False})
    llm.invoke("a question about secrets")
    (row,) = shadowed(llm, path)
    assert "answers" not in row
    assert "secrets" not in path.read_text("utf-8")


def test_the_cap_and_the_share_of_a_shadow_sample_hold(
    pair: Pair, stand_in: StandInServer, tmp_path: Path
) -> None:
    path = tmp_path / "decisions.jsonl"
    llm = pair(decision_log=path, shadow_max_cost=1.0, **SHADOW)
    for number in range(6):
        llm.invoke(f"question {number}")
        assert llm.switchboard.dispatcher.sample.flush()  # type: ignore[union-attr]
    rows = shadowed(llm, path)
    assert 0 < len(rows) < 6
    assert sum(row["cost"] for row in rows) <= 1.0
    llm.mode = "route"
    llm.invoke("a hard question")
    assert llm.switchboard.dispatcher.sample is None


def test_what_no_shadow_sample_can_be_is_refused(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shadow_sample is 5, expected a number in"):
        pair(mode="shadow", shadow_sample=5, decision_log=tmp_path / "d.jsonl")
    with pytest.raises(ValueError, match="shadow_sample is given without decision_log="):
        pair(mode="shadow", shadow_sample=0.05)
    with pytest.raises(ValueError, match="shadow_max_cost is given without prices="):
        pair(mode="shadow", shadow_sample=0.05, shadow_max_cost=1, decision_log=tmp_path / "d.jsonl")
