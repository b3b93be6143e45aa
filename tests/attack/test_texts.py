"""20,000 texts and more: each is routed, by a number, in bounded time, whatever it holds."""

import asyncio
import math
import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_routellm.conversation import spoken
from llamaindex_routellm.rendered_prompt import evaluated_question, history_texts, rendered_question
from routellm_core import RoutingPolicy, RoutingRequest, load_router
from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.preferences.grading.grading import grade_choice, grade_exact, grade_numeric
from routellm_core.preferences.judging.verdict import parse_verdict
from routellm_core.routing.request import scored_text

from tests.attack.odd_texts import long_texts, odd_text
from tests.attack.strength import seeds, tries
from tests.core.hostile_checkpoints import small_adapted, small_ranking

TEXTS_AT_ONCE = 40
MEGABYTE = 1_000_000

READERS = (
    spoken,
    rendered_question,
    evaluated_question,
    history_texts,
    lambda text: scored_text([text, text]),
    lambda text: grade_choice(text, "A"),
    lambda text: grade_numeric(text, "1"),
    lambda text: grade_exact(text, "x"),
    parse_verdict,
    without_secrets,
)


def check_routed(texts: list[str]) -> None:
    router = load_router("default")
    scores = router.score(texts)
    assert scores.shape == (len(texts),)
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    assert scores.tolist() == pytest.approx([router.score_one(text) for text in texts], abs=1e-12)
    policy = RoutingPolicy(router, 0.5)
    for text, score in zip(texts, scores.tolist(), strict=True):
        decision = policy.decide(RoutingRequest(text))
        assert decision.reason in ("score", "no_text")
        assert decision.score in (None, pytest.approx(score, abs=1e-12))
        for read in READERS:
            read(text)


def test_texts_made_of_what_has_broken_readers() -> None:
    for seed in seeds(250):
        chance = random.Random(seed)
        check_routed([odd_text(chance) for _ in range(TEXTS_AT_ONCE)])


@tries(300)
@given(st.lists(st.text(max_size=60), min_size=TEXTS_AT_ONCE, max_size=TEXTS_AT_ONCE))
def test_texts_of_any_characters(texts: list[str]) -> None:
    check_routed(texts)


def test_every_kind_of_router_scores_odd_texts() -> None:
    for seed in seeds(10):
        chance = random.Random(seed)
        texts = [odd_text(chance) for _ in range(TEXTS_AT_ONCE)]
        for router in (small_adapted(), small_ranking(), load_router("random")):
            scores = np.asarray(router.score(texts))
            assert ((scores >= 0.0) & (scores <= 1.0)).all()


LONG = long_texts(MEGABYTE)


@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_is_routed_at_once(name: str) -> None:
    text, taken = LONG[name], math.inf
    for _ in range(5):
        policy = RoutingPolicy(load_router("default"), 0.5)
        began = time.thread_time()
        policy.decide(RoutingRequest(scored_text([text])))
        # The shortest, and of this thread: the machine has other work too.
        taken = min(taken, time.thread_time() - began)
        if taken < 0.05:
            return
    pytest.fail(f"it took {taken:.3f} s")


@pytest.mark.parametrize("read", READERS, ids=[f"{n}-{read.__name__}" for n, read in enumerate(READERS)])
def test_a_long_text_is_read_in_linear_time(read: Callable[[str], object]) -> None:
    for name, text in LONG.items():
        began = time.thread_time()
        read(text[: MEGABYTE // 10])
        assert time.thread_time() - began < 1.0, name


@pytest.mark.parametrize("name", LONG)
async def test_a_megabyte_never_holds_an_event_loop(name: str) -> None:
    held = [await longest_hold(f"{LONG[name]} {attempt}") for attempt in range(3)]

    # Python hands over every 5 ms, after the call that a thread is in, such as the tokenizer's of one part.
    # Without the parts, or with a digest on the loop, it is 20 ms and more.
    assert min(held) < 0.012


async def longest_hold(text: str) -> float:
    """Route a text; return the longest time in which no other task ran, in seconds of this process."""
    policy = RoutingPolicy(load_router("default"), 0.5)
    routing = asyncio.ensure_future(policy.adecide(RoutingRequest(text)))
    longest, before = 0.0, time.process_time()
    while not routing.done():
        await asyncio.sleep(0)
        now = time.process_time()
        longest, before = max(longest, now - before), now
    await routing
    return longest
