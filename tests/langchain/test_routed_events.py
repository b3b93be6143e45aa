"""Event streams of version 3: routed, recorded, counted and escalated as every other call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler

from examples.stand_in import StandInModel, StandInServer
from tests.langchain.answers import EASY, SIDES, check, until
from tests.langchain.conftest import Pair, chat_openai

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


@pytest.mark.parametrize(("prompt", "route", "model"), SIDES)
async def test_event_streams(pair: Pair, prompt: str, route: str, model: str) -> None:
    llm = pair()
    stream = llm.stream_events(prompt, version="v3")
    assert "".join(stream.text).startswith(f"[{model}]")
    check(stream.output, route, model)
    answer = await (await llm.astream_events(prompt, version="v3")).output
    check(answer, route, model)
    stats = llm.routing_stats()
    assert stats.strong.tokens.output + stats.weak.tokens.output == 2 * answer.usage_metadata["output_tokens"]
    events = [event async for event in llm.astream_events(prompt, version="v2")]
    assert {event["name"] for event in events} == {"ChatOpenAI"}
    assert [event["event"] for event in events].count("on_chat_model_end") == 1
    text = "".join(
        event["data"]["chunk"].text for event in events if event["event"] == "on_chat_model_stream"
    )
    assert text.startswith(f"[{model}]")
    assert text.count(f"[{model}]") == 1


class SlowEnd(AsyncCallbackHandler):
    ended = False

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        await asyncio.sleep(0.05)
        self.ended = True


async def test_an_awaited_event_stream_has_ended_its_run(pair: Pair) -> None:
    handler = SlowEnd()
    await (await pair().astream_events(EASY, {"callbacks": [handler]}, version="v3"))
    assert handler.ended


async def test_closing_a_v3_stream_early_closes_the_connection(pair: Pair) -> None:
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak", token_delay=2.0)]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_openai(server, "gpt-weak"))
        async with await llm.astream_events("an easy question", version="v3") as stream:
            await anext(aiter(stream.text))
        await until(lambda: server.disconnects["gpt-weak"] == 1)
        with pytest.raises(asyncio.CancelledError):
            await stream.output


async def test_closing_a_v3_stream_ends_the_wait_of_who_reads_it(pair: Pair) -> None:
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak", token_delay=5.0)]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_openai(server, "gpt-weak"))
        stream = await llm.astream_events("an easy question", version="v3")

        async def read() -> list[Any]:
            return [event async for event in stream]

        reading = asyncio.create_task(read())
        await until(lambda: len(server.requests) == 1)
        # httpx can lose a cancellation that meets it while it connects, of a bare model too.
        await asyncio.sleep(0.1)
        # Before the next token, which is 5 seconds away.
        await asyncio.wait_for(stream.aclose(), 3)
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(lambda: server.disconnects["gpt-weak"] == 1)


async def test_cancelling_who_reads_a_v3_stream_cancels_it(pair: Pair) -> None:
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak", token_delay=2.0)]) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_openai(server, "gpt-weak"))
        stream = await llm.astream_events("an easy question", version="v3")

        async def read() -> Any:
            return await stream

        reading = asyncio.create_task(read())
        await until(lambda: len(server.requests) == 1)
        await asyncio.sleep(0.1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert reading.cancelled()
        await stream.aclose()
        await until(lambda: server.disconnects["gpt-weak"] == 1)


async def test_the_parts_of_a_v3_stream_may_be_read_at_the_same_time(pair: Pair) -> None:
    stream = await pair().astream_events("an easy question", version="v3")

    async def joined() -> str:
        return "".join([delta async for delta in stream.text])

    first, second, events, message = await asyncio.gather(
        joined(), joined(), anext(aiter(stream)), stream.output
    )
    assert first == second == message.text
    assert events["event"] == "message-start"
    assert first.startswith("[gpt-weak]")


async def test_an_event_without_a_token_is_not_seen_of_a_side_that_failed(
    pair: Pair, stand_in: StandInServer
) -> None:
    llm = pair(escalate_on=(Exception,))
    stand_in.fail_next("gpt-weak", 500, times=2, after_chunks=1)
    for events in (
        list(llm.stream_events(EASY, version="v3")),
        [event async for event in await llm.astream_events(EASY, version="v3")],
    ):
        kinds = [event["event"] for event in events]
        assert (kinds[0], kinds.count("message-start"), kinds[-1]) == ("message-start", 1, "message-finish")
        assert events[-1]["metadata"]["routellm"]["reason"] == "escalated"
    assert stand_in.calls() == {"gpt-weak": 2, "gpt-strong": 2}
