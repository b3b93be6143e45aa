"""The cap on spend holds whatever runs at once."""

import asyncio

import pytest

from routellm_core.preferences.judging.spend import Spend, SpendCapReached, most_usage
from routellm_core.routing.prices import Price, TokenUsage

from tests.core.scripted_models import ScriptedModel

PRICES = {"m": Price(input=1_000_000, output=2_000_000)}


async def test_calls_in_flight_count_by_the_most_they_can_cost() -> None:
    spend = Spend(PRICES, cap=10)
    await spend.reserve(6)
    waiting = asyncio.create_task(spend.reserve(5))
    await asyncio.sleep(0)
    assert not waiting.done()

    await spend.settle(6, spent=2)
    async with asyncio.timeout(20):
        await waiting
    assert (spend.spent, spend.committed) == (2, 7)


async def test_a_call_without_room_is_not_started() -> None:
    spend = Spend(PRICES, cap=10)
    await spend.reserve(6)
    await spend.settle(6, spent=6)

    with pytest.raises(SpendCapReached, match=r"6\.000000 of 10 is spent, and .* cost 5\.000000"):
        await spend.reserve(5)
    await spend.reserve(4)
    assert spend.committed == 10


async def test_who_waits_for_room_in_vain_is_told() -> None:
    spend = Spend(PRICES, cap=10)
    await spend.reserve(6)
    waiting = asyncio.create_task(spend.reserve(5))
    await asyncio.sleep(0)
    await spend.settle(6, spent=6)

    with pytest.raises(SpendCapReached):
        await asyncio.wait_for(waiting, 20)


async def test_a_call_that_may_have_been_charged_takes_its_room() -> None:
    spend = Spend(PRICES, cap=10)
    await spend.reserve(6)
    await spend.settle(6, lost=6)

    assert (spend.spent, spend.lost) == (0, 6)
    with pytest.raises(SpendCapReached):
        await spend.reserve(5)


async def test_without_a_cap_there_is_always_room() -> None:
    spend = Spend()
    await spend.reserve(1e9)
    assert spend.cost("anything", TokenUsage(10**9, 10**9)) == 0


@pytest.mark.parametrize("cap", [0, -1, float("nan"), float("inf")])
def test_a_cap_is_a_positive_number(cap: float) -> None:
    with pytest.raises(ValueError, match="the cap on spend is"):
        Spend(PRICES, cap)


def test_a_cap_needs_the_price_of_every_model() -> None:
    with pytest.raises(ValueError, match="a cap on spend needs prices"):
        Spend({}, 5)
    with pytest.raises(ValueError, match="none is given for 'x', 'y'"):
        Spend(PRICES, 5).check_models(["m", "x", "y", "x"])
    Spend(PRICES).check_models(["x"])


def test_the_most_tokens_are_the_bytes_and_the_limit() -> None:
    model = ScriptedModel("m", max_tokens=7)
    usage = most_usage(model, [{"role": "user", "content": "日本語" * 100}])

    assert usage.output == 7
    assert 900 < usage.input <= 964
    # Half a surrogate pair counts too, though nobody can be sent it.
    assert most_usage(model, [{"role": "user", "content": "\ud800"}]).input > 0
