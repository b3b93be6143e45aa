"""What a pair keeps of its calls is bounded, with a log, a share, a budget and a watch for drift."""

from __future__ import annotations

import gc
import tracemalloc
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from routellm_core import RoutingRequest, settings
from routellm_core.embedders import pieces, unit_sums, units, word_shapes
from routellm_core.pair import routing_state
from routellm_core.pair.routing_state import RoutingState
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.escalation import Escalation
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.share_tracker import ShareTracker
from routellm_core.settings import RoutingSettings

MODELS = {"strong": "big", "weak": "small"}
FULL, PART, PARTS = 4_500, 1_000, 3
"""Calls: what fills the windows, and how many are watched then, how often."""


@pytest.mark.parametrize("log", ["d.jsonl", "sqlite:///d.db"])
def test_memory_is_flat_in_the_calls(log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Small ones are full after a few calls; a million calls fill the usual ones in the same way.
    monkeypatch.setattr(routing_state, "ScoreCache", lambda: ScoreCache(256))
    monkeypatch.setattr(routing_state, "ConversationMemory", lambda ladder: ConversationMemory(256, ladder))
    monkeypatch.setattr(settings, "ShareTracker", partial(ShareTracker, remembered=256))
    for module in (pieces, unit_sums, units, word_shapes):
        monkeypatch.setattr(module, "MAX_WORDS", 500)
    given = {
        "router": "default",
        "strong_share": 0.3,
        "prices": {"strong": {"input": 10, "output": 30}, "weak": {"input": 1, "output": 2}},
        "budget": {"strong": 1000.0, "per": "day"},
        "decision_log": log,
        "log_text": True,
    }
    state = RoutingState(RoutingSettings.checked(given))
    assert state.log is not None
    usage = TokenUsage(100, 20)
    dispatcher = state.dispatcher(RoutingSettings.checked(given), Escalation(), MODELS, lambda _: usage)

    def kept_after(first: int, count: int) -> int:
        for number in range(first, first + count):
            request = RoutingRequest(f"What is the square of {number}?", thread_id=f"thread {number}")
            dispatcher.answer(dispatcher.decide(request), lambda decision: decision.route)
            if number % 10 == 0:
                assert state.log is not None
                assert state.log.flush()
        assert state.log is not None
        assert state.log.flush()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    # What other tests left is kept out of the collector's sight: it would wait for more garbage.
    gc.freeze()
    gc.collect()
    tracemalloc.start()
    try:
        full = kept_after(0, FULL)  # the windows
        kept = [full, *(kept_after(FULL + part * PART, PART) for part in range(PARTS))]
    finally:
        tracemalloc.stop()
        gc.unfreeze()
        state.log.close()
    assert state.counter.snapshot().requests == FULL + PARTS * PART
    assert state.log.lost == 0
    # What calls leave behind shows in each part; a table that grows once, or another thread's, in one alone.
    assert min(after - before for before, after in pairwise(kept)) / PART < 16  # bytes
