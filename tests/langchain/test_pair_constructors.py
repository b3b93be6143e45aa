"""A pair by a calibration: its threshold, what it was made for, and traffic that left it."""

from __future__ import annotations

from pathlib import Path

import pytest

from langchain_routellm import ChatRouteLLM
from routellm_core import load_router
from routellm_core.calibration.record import Calibration, CalibrationWarning
from routellm_core.routing.drift import DRIFT_CALLS, ScoreDriftWarning

from tests.langchain.conftest import Pair
from tests.routers import KeywordRouter


def test_from_calibration(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    Calibration(router="random", threshold=0.7, strong_share=0.3, prompts=10).save(path)
    models = {"strong": pair().strong, "weak": pair().weak}
    llm = ChatRouteLLM.from_calibration(path, **models, mode="shadow")
    assert (llm.threshold, llm.router.name, llm.mode) == (0.7, "random", "shadow")
    assert llm.routing_stats().asked_share == 0.3
    with pytest.raises(ValueError, match="strong_share is given"):
        ChatRouteLLM.from_calibration(path, **models, strong_share=0.2)
    with pytest.raises(FileNotFoundError):
        ChatRouteLLM.from_calibration(tmp_path / "none.json", **models)


def test_a_calibration_is_held_against_what_it_is_used_for(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    models = {"strong": pair().strong, "weak": pair().weak}
    router = load_router("random")
    kept = {"fingerprint": router.fingerprint, "strong": "openai:gpt-strong", "weak": "gpt-weak"}
    Calibration("random", 0.7, 0.3, **kept).save(path)

    ChatRouteLLM.from_calibration(path, **models)
    with pytest.warns(CalibrationWarning, match="made for weak model 'gpt-weak', and weak is 'gpt-strong'"):
        ChatRouteLLM.from_calibration(path, strong=models["strong"], weak=models["strong"].model_copy())
    with pytest.raises(ValueError, match="made with a different router"):
        ChatRouteLLM.from_calibration(path, **models, router=load_router("random", seed=7))


def test_traffic_that_left_the_calibrated_scores_is_warned_of(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    Calibration("x", 0.5, score_quantiles=(0.1,) * 101).save(path)
    models = {"strong": pair().strong, "weak": pair().weak}
    llm = ChatRouteLLM.from_calibration(path, **models, router=KeywordRouter("hard"))
    copy = llm.model_copy()
    with pytest.warns(ScoreDriftWarning, match="does not cover this traffic"):
        _ = [copy.invoke(f"a hard question, number {number}") for number in range(DRIFT_CALLS)]
    assert copy.routing_stats().score_shift == 1.0
    # a threshold of one's own is no calibration any more
    copy.threshold = 0.4
    assert copy.routing_stats().score_shift is None
