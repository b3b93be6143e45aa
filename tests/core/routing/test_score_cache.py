import asyncio
import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from routellm_core.routing.score_cache import AbandonedError, ScoreCache

from tests.core.yielding import YieldingStr


def remember(cache: ScoreCache, *texts: str, score: float = 0.5) -> None:
    claim = cache.claim(texts)
    cache.settle(claim, [score] * len(claim.mine))


def test_a_text_is_unknown_until_its_score_is_settled() -> None:
    cache = ScoreCache()

    claim = cache.claim(["text"])
    assert cache.known("text") is None
    cache.settle(claim, [0.25])

    assert cache.known("text") == 0.25
    assert cache.claim(["text"]).mine == []


def test_a_score_of_zero_is_known() -> None:
    cache = ScoreCache()
    remember(cache, "text", score=0.0)

    assert cache.known("text") == 0.0


def test_a_text_that_occurs_twice_is_claimed_once_in_the_order_of_the_texts() -> None:
    assert ScoreCache().claim(["b", "a", "b"]).mine == ["b", "a"]


def test_the_second_caller_gets_the_first_ones_score() -> None:
    cache = ScoreCache()
    first, second = cache.claim(["a", "b"]), cache.claim(["b", "c"])

    assert (first.mine, second.mine) == (["a", "b"], ["c"])
    cache.settle(first, [0.1, 0.2])
    assert second.futures["b"].result(timeout=0) == 0.2


def test_the_cache_forgets_the_least_recently_used_text() -> None:
    cache = ScoreCache(size=2)
    remember(cache, "a")
    remember(cache, "b")
    cache.known("a")
    remember(cache, "c")

    assert [cache.known(text) is not None for text in ("a", "b", "c")] == [True, False, True]


def test_asking_for_a_claim_counts_as_use_too() -> None:
    cache = ScoreCache(size=2)
    remember(cache, "a")
    remember(cache, "b")
    cache.claim(["a"])
    remember(cache, "c")

    assert [cache.known(text) is not None for text in ("a", "b", "c")] == [True, False, True]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_claim_larger_than_the_cache_gets_all_its_scores(size: int) -> None:
    cache = ScoreCache(size)
    texts = [str(number) for number in range(10)]

    claim = cache.claim(texts)
    cache.settle(claim, [number / 10 for number in range(10)])

    assert [claim.futures[text].result(timeout=0) for text in texts] == [n / 10 for n in range(10)]
    assert sum(cache.known(text) is not None for text in texts) == size


@pytest.mark.parametrize("size", [5, 50])
def test_the_cache_is_bounded_whatever_the_claims_end_in(size: int) -> None:
    cache = ScoreCache(size)
    loop = asyncio.new_event_loop()
    for number in range(200):
        claim = cache.claim([f"settled {number}"], loop)
        cache.settle(claim, [0.5])
        cache.fail(cache.claim([f"failed {number}"], loop), RuntimeError())
        cache.claim([f"never settled {number}"])
    loop.close()

    held = [value for value in vars(cache).values() if hasattr(value, "__len__")]
    assert [len(value) for value in held] == [size], "nothing but the scores is held, and no more than asked"


def test_an_error_reaches_those_who_wait_and_is_then_forgotten() -> None:
    cache = ScoreCache()
    first, second = cache.claim(["text"]), cache.claim(["text"])
    error = RuntimeError()

    cache.fail(first, error)

    assert second.mine == []
    assert second.futures["text"].exception(timeout=0) is error
    assert cache.known("text") is None
    assert cache.claim(["text"]).mine == ["text"]


def test_a_late_error_does_not_forget_a_newer_score() -> None:
    cache = ScoreCache(size=1)
    late = cache.claim(["text"])
    remember(cache, "another")
    remember(cache, "text", score=0.75)

    cache.fail(late, AbandonedError())

    assert cache.known("text") == 0.75


@pytest.mark.parametrize("length", [256, 257, 1_000_000])
def test_texts_of_any_length_are_told_apart_to_the_last_character(length: int) -> None:
    cache = ScoreCache()
    remember(cache, "x" * length, score=0.25)
    remember(cache, "x" * (length - 1) + "y", score=0.75)

    assert cache.known("x" * length) == 0.25
    assert cache.known("x" * (length - 1) + "y") == 0.75


def test_long_texts_are_not_held() -> None:
    cache = ScoreCache()
    remember(cache, "x" * 1_000_000)

    assert max(len(key) for key in cache._entries) <= 256


@pytest.mark.parametrize("text", ["", "\ud800", "\ud800" * 300, "\0", "日本語" * 200])
def test_any_string_can_be_remembered(text: str) -> None:
    cache = ScoreCache()
    remember(cache, text, score=0.25)

    assert cache.known(text) == 0.25


def test_of_threads_that_ask_at_the_same_time_one_scores() -> None:
    def claim_together(cache: ScoreCache, start: Barrier) -> list[str]:
        start.wait()
        return cache.claim([YieldingStr("text")]).mine

    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            cache, start = ScoreCache(), Barrier(8, timeout=10)
            claims = [pool.submit(claim_together, cache, start) for _ in range(8)]
            assert sorted(len(claim.result()) for claim in claims) == [0] * 7 + [1]


def test_only_its_own_loop_waits_for_a_coroutine() -> None:
    cache = ScoreCache()
    loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    first = cache.claim(["text"], loop)

    assert cache.claim(["text"], loop).mine == []
    assert cache.claim(["text"], other).mine == ["text"]
    thread = cache.claim(["text"])
    assert thread.mine == ["text"]
    assert cache.claim(["text"], loop).mine == [], "a thread blocks no loop, so all wait for it"

    cache.settle(thread, [0.75])
    cache.settle(first, [0.75])
    assert cache.known("text") == 0.75
    loop.close()
    other.close()


def test_a_settled_score_is_anybodys() -> None:
    cache = ScoreCache()
    loop = asyncio.new_event_loop()
    claim = cache.claim(["text"], loop)
    cache.settle(claim, [0.5])

    again = cache.claim(["text"])
    assert again.mine == []
    assert again.futures["text"].result() == 0.5
    loop.close()


def test_a_score_that_nobody_waited_for_is_remembered_and_bounded() -> None:
    cache = ScoreCache(size=2)
    for text in ("a", "b", "c"):
        cache.remember(text, 0.25)
    assert [cache.known(text) for text in ("a", "b", "c")] == [None, 0.25, 0.25]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda cache: pickle.loads(pickle.dumps(cache))]
)
def test_a_copy_starts_empty_with_the_same_size(copied: Callable[[ScoreCache], ScoreCache]) -> None:
    cache = ScoreCache(size=2)
    remember(cache, "a")
    cache.claim(["in flight"])

    twin = copied(cache)

    assert (twin.known("a"), cache.known("a")) == (None, 0.5)
    remember(twin, "a", "b", "c")
    assert [twin.known(text) is not None for text in ("a", "b", "c")] == [False, True, True]
