import asyncio
import contextvars
import math
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from routellm_core import RoutingRequest, routing
from routellm_core.routing.override import NO_OVERRIDE, RoutingOverride, current_override


@pytest.fixture(autouse=True)
def nothing_is_left_open() -> Iterator[None]:
    yield
    assert current_override() == NO_OVERRIDE


def test_a_block_sets_and_its_end_restores() -> None:
    with routing(question="q", threshold=0.9, route="weak") as override:
        assert current_override() == override == RoutingOverride("q", 0.9, "weak")

    assert current_override() == NO_OVERRIDE


def test_a_block_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), routing(threshold=0.9):
        raise KeyError

    assert current_override() == NO_OVERRIDE


def test_an_inner_block_beats_the_outer_one_and_leaves_open_what_it_does_not_set() -> None:
    with routing(question="outer", threshold=0.9):
        with routing(threshold=0.0, route="strong"):
            assert current_override() == RoutingOverride("outer", 0.0, "strong")
        assert current_override() == RoutingOverride("outer", 0.9)


def test_one_block_may_be_entered_again_inside_itself() -> None:
    block = routing(route="weak")
    with block:
        with block:
            pass
        assert current_override().route == "weak"


@pytest.mark.parametrize("threshold", [math.nan, -0.1, 1.1, True, "0.5"])
def test_a_threshold_that_is_none_is_refused(threshold: Any) -> None:
    with pytest.raises(ValueError, match=r"^routing\(threshold=...\) is .*expected a number in \[0, 1\]\.$"):
        routing(threshold=threshold)


@pytest.mark.parametrize("route", ["", " ", 1])
def test_a_route_that_is_none_is_refused(route: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^routing\(route=...\) is .*expected 'strong', 'weak' or the name of a tier\.$"
    ):
        routing(route=route)


def test_a_question_that_is_no_string_is_refused() -> None:
    question: Any = ["a question"]
    with pytest.raises(TypeError, match=r"^routing\(question=...\) is list, expected str\.$"):
        routing(question=question)


def test_a_thread_of_its_own_context_does_not_see_the_block() -> None:
    with routing(route="weak"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_override).result() == NO_OVERRIDE


def test_a_thread_that_copies_the_context_sees_the_block() -> None:
    with routing(route="weak"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(contextvars.copy_context().run, current_override).result().route == "weak"


async def test_a_task_sees_the_block_that_it_was_made_in() -> None:
    async def later() -> RoutingOverride:
        await asyncio.sleep(0)
        return current_override()

    with routing(route="weak"):
        inside = asyncio.create_task(later())
        in_thread = await asyncio.to_thread(current_override)

    assert (await inside).route == in_thread.route == "weak"
    assert await asyncio.create_task(later()) == NO_OVERRIDE


async def test_tasks_that_share_a_block_do_not_touch_each_other() -> None:
    block = routing(route="weak")
    seen = []

    async def use(turns: int) -> None:
        with block:
            for _ in range(turns):
                await asyncio.sleep(0)
            seen.append(current_override().route)
        seen.append(current_override().route)

    # The first to enter is the first to leave, so the ends do not mirror the beginnings.
    await asyncio.gather(use(1), use(5))

    assert seen == ["weak", None, "weak", None]


def answers() -> Generator[str, None, None]:
    with routing(threshold=0.9):
        yield "first"
        yield "second"


def test_a_generator_closed_inside_a_later_block_leaves_that_block_alone() -> None:
    stream = answers()
    next(stream)
    with routing(route="weak"):
        stream.close()
        assert current_override() == RoutingOverride(route="weak")


def test_a_generator_closed_in_another_context_leaves_that_context_alone() -> None:
    stream = answers()
    contextvars.copy_context().run(next, stream)
    with routing(route="weak"):
        stream.close()
        assert current_override() == RoutingOverride(route="weak")


def test_a_generator_that_outlives_the_block_around_it_ends_only_its_own() -> None:
    with routing(route="weak"):
        stream = answers()
        next(stream)
    assert current_override() == RoutingOverride(threshold=0.9)
    stream.close()
    assert current_override() == NO_OVERRIDE


async def test_an_async_generator_closed_by_another_task_raises_nothing() -> None:
    async def aanswers() -> AsyncIterator[str]:
        with routing(threshold=0.9):
            yield "first"

    stream: Any = aanswers()
    await asyncio.create_task(anext(stream))
    with routing(route="weak"):
        await asyncio.create_task(stream.aclose())
        assert current_override() == RoutingOverride(route="weak")


def test_an_override_sets_what_the_request_leaves_open() -> None:
    request = RoutingRequest(text="stuffed prompt", threshold=0.1)

    overridden = request.overridden(RoutingOverride(question="question", threshold=0.5, route="weak"))

    assert overridden == RoutingRequest("stuffed prompt", threshold=0.1, question="question", route="weak")
    assert overridden.scored == "question"


def test_an_override_of_zero_or_of_an_empty_question_is_one() -> None:
    overridden = RoutingRequest(text="text").overridden(RoutingOverride(threshold=0.0, question=""))

    assert (overridden.threshold, overridden.scored) == (0.0, "")


def test_overrides_that_set_nothing_change_nothing() -> None:
    request = RoutingRequest(text="text", threshold=0.5, route="weak")

    assert request.overridden(RoutingOverride()) is request
    assert request.overridden(RoutingOverride(threshold=0.9)) is request
