import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from routellm_core.router import Router, Scores
from routellm_core.routing.scorer import Scorer

from tests.core.watched_cache import PATIENCE, WatchedCache, in_thread, run_bounded, until
from tests.routers import KeywordRouter


class HeldRouter(Router):
    """Waits in `score` until it is let go on; remembers every batch and the thread that it came in."""

    def __init__(self, *failures: BaseException) -> None:
        self.batches: list[list[str]] = []
        self.threads: list[int] = []
        self.go_on = threading.Event()
        self.failures = list(failures)

    def score(self, prompts: Sequence[str]) -> Scores:
        self.batches.append(list(prompts))
        self.threads.append(threading.get_ident())
        if not self.go_on.wait(PATIENCE):
            raise TimeoutError("nobody let the router go on")
        if self.failures:
            raise self.failures.pop()
        return np.full(len(prompts), 0.5)


class InlineHeldRouter(HeldRouter):
    scores_inline = True


class AwaitingRouter(HeldRouter):
    """Needs its caller's event loop to run, as an embedding client does; `score` needs none."""

    def __init__(self, *failures: BaseException) -> None:
        super().__init__(*failures)
        self.go_on.set()
        self.awaited: list[list[str]] = []
        self.go_on_awaiting = False

    async def ascore(self, prompts: Sequence[str]) -> Scores:
        self.awaited.append(list(prompts))
        await until(lambda: self.go_on_awaiting)
        if self.failures:
            raise self.failures.pop()
        return np.full(len(prompts), 0.5)


def test_threads_that_ask_for_a_text_being_scored_wait_for_it() -> None:
    router, cache = HeldRouter(), WatchedCache()
    asked = [in_thread(Scorer(router, cache).scores, ["a", str(n % 2)]) for n in range(8)]
    cache.await_claims(8)
    router.go_on.set()
    answers = [future.result(PATIENCE) for future in asked]

    assert sorted(text for batch in router.batches for text in batch) == ["0", "1", "a"]
    assert answers == [{"a": 0.5, str(n % 2): 0.5} for n in range(8)]


async def test_tasks_that_ask_for_a_text_being_scored_in_a_thread_wait_for_it() -> None:
    router, cache = HeldRouter(), WatchedCache()
    # Fewer than the default executor has threads on the smallest machine.
    tasks = [asyncio.create_task(Scorer(router, cache).ascores(["a"])) for _ in range(4)]
    await until(lambda: cache.claims == 4)
    router.go_on.set()

    assert await asyncio.gather(*tasks) == [{"a": 0.5}] * 4
    assert router.batches == [["a"]]


async def test_tasks_that_ask_for_a_text_being_awaited_wait_for_it() -> None:
    router, cache = AwaitingRouter(), WatchedCache()
    tasks = [asyncio.create_task(Scorer(router, cache).ascores(["a", str(n % 2)])) for n in range(50)]
    await until(lambda: cache.claims == 50)
    router.go_on_awaiting = True

    assert await asyncio.gather(*tasks) == [{"a": 0.5, str(n % 2): 0.5} for n in range(50)]
    assert router.awaited == [["a", "0"], ["1"]]
    assert router.batches == []


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_cancelling_a_task_leaves_those_that_await_the_same_text_alone(cancelled: int) -> None:
    router, cache = AwaitingRouter(), WatchedCache()
    tasks = [asyncio.create_task(Scorer(router, cache).ascores(["a"])) for _ in range(3)]
    await until(lambda: cache.claims == 3)
    tasks[cancelled].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks.pop(cancelled)
    router.go_on_awaiting = True

    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(*tasks) == [{"a": 0.5}] * 2
    # Task 0 was the one that awaited the router, so another had to take its place.
    assert router.awaited == [["a"]] * (2 if cancelled == 0 else 1)


async def test_cancelling_a_task_whose_text_a_thread_scores_keeps_the_score() -> None:
    router, cache = HeldRouter(), WatchedCache()
    tasks = [asyncio.create_task(Scorer(router, cache).ascores(["a"])) for _ in range(2)]
    await until(lambda: cache.claims == 2)
    tasks[0].cancel()
    router.go_on.set()

    assert await tasks[1] == {"a": 0.5}
    assert tasks[0].cancelled()
    assert router.batches == [["a"]]


def test_an_interrupted_thread_leaves_those_that_wait_for_its_text_alone() -> None:
    router, cache = HeldRouter(KeyboardInterrupt()), WatchedCache()
    first = in_thread(Scorer(router, cache).scores, ["a"])
    cache.await_claims(1)
    second = in_thread(Scorer(router, cache).scores, ["a"])
    cache.await_claims(1)
    router.go_on.set()

    with pytest.raises(KeyboardInterrupt):
        first.result(PATIENCE)
    assert second.result(PATIENCE) == {"a": 0.5}
    assert router.batches == [["a"], ["a"]]


async def test_those_that_wait_for_a_text_get_its_error_and_the_next_caller_asks_again() -> None:
    error = RuntimeError()
    router, cache = AwaitingRouter(error), WatchedCache()
    tasks = [asyncio.create_task(Scorer(router, cache).ascores(["a"])) for _ in range(3)]
    await until(lambda: cache.claims == 3)
    router.go_on_awaiting = True

    assert await asyncio.gather(*tasks) == [{"a": error}] * 3
    assert await Scorer(router, cache).ascores(["a"]) == {"a": 0.5}
    assert router.awaited == [["a"], ["a"]]


def test_a_sync_caller_that_blocks_the_loop_does_not_wait_for_a_coroutine_of_that_loop() -> None:
    router, cache = AwaitingRouter(), WatchedCache()

    async def scenario() -> None:
        task = asyncio.create_task(Scorer(router, cache).ascores(["a"]))
        await until(lambda: cache.claims == 1)
        assert Scorer(router, cache).scores(["a"]) == {"a": 0.5}
        router.go_on_awaiting = True
        assert await task == {"a": 0.5}

    run_bounded(scenario)


def test_another_loop_that_blocks_this_one_does_not_wait_for_a_coroutine_of_it() -> None:
    # LlamaIndex's sync methods do this inside a running loop: a new loop in a thread, and they wait for it.
    router, cache = AwaitingRouter(), WatchedCache()

    async def scenario() -> None:
        task = asyncio.create_task(Scorer(router, cache).ascores(["a"]))
        await until(lambda: cache.claims == 1)
        router.go_on_awaiting = True
        assert in_thread(asyncio.run, Scorer(router, cache).ascores(["a"])).result(PATIENCE) == {"a": 0.5}
        assert await task == {"a": 0.5}

    run_bounded(scenario)


@pytest.mark.parametrize("router", [HeldRouter(), InlineHeldRouter()])
async def test_the_loop_runs_on_while_a_router_scores(router: HeldRouter) -> None:
    events: list[str] = []
    # Long enough that a router which scores inline is asked in a thread too.
    text = "a" * 4001

    async def ask() -> None:
        await Scorer(router, WatchedCache()).ascores([text])
        events.append("scored")

    task = asyncio.create_task(ask())
    await until(lambda: len(router.batches) == 1)
    for _ in range(3):
        await asyncio.sleep(0)
        events.append("tick")
    router.go_on.set()
    await task

    assert events == ["tick", "tick", "tick", "scored"]
    assert router.batches == [[text]]


def test_an_inline_router_never_waits_for_a_thread_that_scores_the_same_text() -> None:
    held, cache = HeldRouter(), WatchedCache()
    inline = KeywordRouter("hard")

    async def scenario() -> None:
        thread = in_thread(Scorer(held, cache).scores, ["a"])
        await until(lambda: cache.claims == 1)
        assert await Scorer(inline, cache).ascore("a") == 0.1
        held.go_on.set()
        thread.result(PATIENCE)

    run_bounded(scenario)
    assert inline.batches == [["a"]]


@pytest.mark.parametrize(
    ("router", "texts", "on_loop"),
    [
        (InlineHeldRouter(), ["short"], True),
        (InlineHeldRouter(), ["x" * 1000, "y" * 1000], True),
        (InlineHeldRouter(), ["x" * 1000, "y" * 1001], False),
        (HeldRouter(), ["short"], False),
    ],
)
async def test_only_an_inline_router_scores_on_the_loop_and_only_short_texts(
    router: HeldRouter, texts: list[str], on_loop: bool
) -> None:
    router.go_on.set()
    await Scorer(router, WatchedCache()).ascores(texts)

    assert [thread == threading.get_ident() for thread in router.threads] == [on_loop]


@pytest.mark.parametrize(
    ("router", "length", "on_loop"),
    [(InlineHeldRouter(), 2000, True), (InlineHeldRouter(), 2001, False), (HeldRouter(), 5, False)],
)
async def test_one_text_is_scored_by_the_same_rule(router: HeldRouter, length: int, on_loop: bool) -> None:
    router.go_on.set()
    scorer = Scorer(router, WatchedCache())

    assert (scorer.score_at_once("x" * length) is None) is not on_loop
    assert await scorer.ascore("y" * length) == 0.5
    assert router.threads[-1:] == [threading.get_ident()] or not on_loop
    assert on_loop or threading.get_ident() not in router.threads


async def test_known_texts_ask_nobody() -> None:
    router = KeywordRouter("hard")
    scorer = Scorer(router, WatchedCache())

    assert scorer.scores(["hard", "easy"]) == {"hard": 0.9, "easy": 0.1}
    assert await scorer.ascores(["easy", "new", "hard", "new"]) == {"hard": 0.9, "easy": 0.1, "new": 0.1}
    assert scorer.scores([]) == await scorer.ascores([]) == {}
    assert router.batches == [["hard", "easy"], ["new"]]


def test_a_router_that_empties_its_list_harms_nobody() -> None:
    class EmptyingRouter(Router):
        def score(self, prompts: Sequence[str]) -> Scores:
            assert isinstance(prompts, list)
            scores = np.full(len(prompts), 0.25)
            prompts.clear()
            return scores

    scorer = Scorer(EmptyingRouter(), WatchedCache())
    scores = in_thread(scorer.scores, ["first", "second"]).result(PATIENCE)
    assert scores == {"first": 0.25, "second": 0.25}


class PanicException(BaseException):
    """As a library in Rust raises it, which is no Exception."""


class PanickingRouter(Router):
    def __init__(self, inline: bool) -> None:
        self.scores_inline = inline

    def score(self, prompts: Sequence[str]) -> Scores:
        raise PanicException("index out of bounds")


@pytest.mark.parametrize("inline", [True, False])
async def test_a_panic_is_the_routers_failure_and_not_the_callers(inline: bool) -> None:
    scorer = Scorer(PanickingRouter(inline), WatchedCache())
    found = [
        scorer.score("a"),
        scorer.scores(["b"])["b"],
        await scorer.ascore("c"),
        scorer.score_at_once("d"),
    ]

    assert [str(error) for error in found if error is not None] == ["it ended with PanicException."] * (
        4 if inline else 3
    )


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("inline", [True, False])
def test_what_ends_the_caller_ends_it(end: type[BaseException], inline: bool) -> None:
    router = PanickingRouter(inline)
    router.score = lambda prompts: (_ for _ in ()).throw(end)  # type: ignore[method-assign]
    with pytest.raises(end):
        Scorer(router, WatchedCache()).score("a")
