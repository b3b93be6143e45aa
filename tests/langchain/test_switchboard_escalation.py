"""The other side is asked at most once, before the first token, and only where somebody asked for it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import openai
import pytest
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from routellm_core import RouterWarning

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.recording import RecordingTracer

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."
TOO_LONG = "easy words " * 20_000


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


async def _every_way(llm: Any, prompt: str) -> list[dict[str, Any]]:
    """Call a model whole and streamed, sync and async; return the records of the answers."""
    answers = [llm.invoke(prompt), await llm.ainvoke(prompt)]
    for chunks in (list(llm.stream(prompt)), [chunk async for chunk in llm.astream(prompt)]):
        total = chunks[0]
        for chunk in chunks[1:]:
            total += chunk
        answers.append(total)
    answers.append(llm.generate([[HumanMessage(prompt)]]).generations[0][0].message)
    answers.append(llm.stream_events(prompt, version="v3").output)
    answers.append(await (await llm.astream_events(prompt, version="v3")).output)
    return [answer.response_metadata["routellm"] for answer in answers]


async def test_a_prompt_too_long_for_weak_goes_to_strong(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    found = await _every_way(llm, TOO_LONG)
    assert {(record["route"], record["reason"], record["score"]) for record in found} == {
        ("strong", "escalated", 0.1)
    }
    assert stand_in.calls() == {"gpt-weak": 7, "gpt-strong": 7}
    stats = llm.routing_stats()
    assert (stats.requests, stats.escalations, stats.weak.calls, stats.strong.calls) == (7, 7, 7, 7)
    assert stats.strong_share == 1.0


def test_a_prompt_too_long_for_anthropics_weak(pair: Pair) -> None:
    with StandInServer(
        [StandInModel("gpt-strong"), StandInModel("claude-weak", context_window=1_000)]
    ) as server:
        llm = pair(strong=chat_openai(server, "gpt-strong"), weak=chat_anthropic(server, "claude-weak"))
        record = llm.invoke("easy words " * 2_000).response_metadata["routellm"]
        assert (record["route"], record["reason"]) == ("strong", "escalated")
        assert server.calls() == {"claude-weak": 1, "gpt-strong": 1}


def test_an_overflow_told_by_its_code_alone(pair: Pair) -> None:
    old = StandInModel("gpt-weak", context_window=16_000, old_overflow=True)
    with StandInServer([StandInModel("gpt-strong"), old]) as server:
        models = {"strong": chat_openai(server, "gpt-strong"), "weak": chat_openai(server, "gpt-weak")}
        assert pair(**models).invoke(TOO_LONG).response_metadata["routellm"]["reason"] == "escalated"


def test_an_overflow_of_strong_is_the_callers(pair: Pair, stand_in: StandInServer) -> None:
    small = chat_openai(stand_in, "gpt-weak")
    with pytest.raises(ContextOverflowError):
        pair(strong=small).invoke("hard " + TOO_LONG)


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, openai.RateLimitError), (500, openai.InternalServerError), (0, openai.APIConnectionError)],
)
async def test_chosen_errors_of_weak_go_to_strong(
    pair: Pair, stand_in: StandInServer, status: int, error: type[Exception]
) -> None:
    llm = pair(escalate_on=(error,))
    stand_in.fail_next("gpt-weak", status, times=7)
    assert {record["reason"] for record in await _every_way(llm, EASY)} == {"escalated"}
    stand_in.fail_next("gpt-weak", status)
    with pytest.raises(error):
        pair().invoke(EASY)


def test_a_timeout_of_weak_goes_to_strong(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=chat_openai(stand_in, "gpt-weak", timeout=0.2), escalate_on=openai.APITimeoutError)
    stand_in.delay_next("gpt-weak", 2.0)
    assert llm.invoke(EASY).response_metadata["routellm"]["route"] == "strong"


def test_the_reverse_for_strong_only_when_asked(pair: Pair, stand_in: StandInServer) -> None:
    stand_in.fail_next("gpt-strong", 429, times=2)
    with pytest.raises(openai.RateLimitError):
        pair(escalate_on=openai.RateLimitError).invoke(HARD)
    answer = pair(escalate_strong_on=(openai.RateLimitError,)).invoke(HARD)
    assert answer.response_metadata["routellm"]["route"] == "weak"
    assert answer.text.startswith("[gpt-weak]")


async def test_only_once(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(escalate_on=openai.InternalServerError, escalate_strong_on=openai.InternalServerError)
    stand_in.fail_next("gpt-weak", 500, times=6)
    stand_in.fail_next("gpt-strong", 500, times=6)
    for call in (lambda: llm.invoke(EASY), lambda: list(llm.stream(EASY))):
        with pytest.raises(openai.InternalServerError):
            call()
    with pytest.raises(openai.InternalServerError):
        await llm.ainvoke(EASY)
    with pytest.raises(openai.InternalServerError):
        [chunk async for chunk in llm.astream(EASY)]
    with pytest.raises(openai.InternalServerError):
        list(llm.stream_events(EASY, version="v3"))
    with pytest.raises(openai.InternalServerError):
        await (await llm.astream_events(EASY, version="v3"))
    assert stand_in.calls() == {"gpt-weak": 6, "gpt-strong": 6}


async def test_nothing_is_retried_after_the_first_token(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(escalate_on=(Exception,))
    stand_in.fail_next("gpt-weak", 500, times=4, after_chunks=3)
    with pytest.raises(openai.APIError):
        list(llm.stream(EASY))
    with pytest.raises(openai.APIError):
        [chunk async for chunk in llm.astream(EASY)]
    with pytest.raises(openai.APIError):
        list(llm.stream_events(EASY, version="v3").text)
    with pytest.raises(openai.APIError):
        [event async for event in await llm.astream_events(EASY, version="v3")]
    assert stand_in.calls() == {"gpt-weak": 4}


def test_a_chunk_without_a_token_is_seen_before_an_error_too(pair: Pair, stand_in: StandInServer) -> None:
    stand_in.fail_next("gpt-weak", 500, after_chunks=1)
    seen: list[Any] = []
    with pytest.raises(openai.APIError):
        seen.extend(pair().stream(EASY))
    assert [chunk.text for chunk in seen] == [""]


def test_the_callers_run_id_names_the_first_run_only(pair: Pair, stand_in: StandInServer) -> None:
    tracer, run_id = RecordingTracer(), uuid4()
    stand_in.fail_next("gpt-weak", 500)
    pair(escalate_on=openai.InternalServerError).invoke(EASY, {"callbacks": [tracer], "run_id": run_id})
    first, second = tracer.runs
    assert first.id == run_id
    assert second.id != run_id


def test_what_was_streamed_before_an_error_is_seen(pair: Pair, stand_in: StandInServer) -> None:
    stand_in.fail_next("gpt-weak", 500, after_chunks=3)
    seen: list[Any] = []
    with pytest.raises(openai.APIError):
        seen.extend(pair().stream(EASY))
    assert "".join(chunk.text for chunk in seen).startswith("[gpt-weak]")


async def test_a_cascade_asks_strong_after_an_answer_it_does_not_trust(
    pair: Pair, stand_in: StandInServer
) -> None:
    asked: list[AIMessage] = []

    def rejects(message: AIMessage) -> bool:
        asked.append(message)
        return "Paris" not in message.text

    prices = {"strong": {"input": 10.0, "output": 10.0}, "weak": {"input": 1.0, "output": 1.0}}
    llm = pair(escalate_if=rejects, prices=prices)
    tracer = RecordingTracer()
    for answer in (llm.invoke(EASY, {"callbacks": [tracer]}), await llm.ainvoke(EASY)):
        assert answer.response_metadata["routellm"]["reason"] == "escalated"
        assert answer.text.startswith("[gpt-strong]")
    assert [message.response_metadata["routellm"]["route"] for message in asked] == ["weak", "weak"]
    assert [run.extra["metadata"]["ls_model_name"] for run in tracer.runs] == ["gpt-weak", "gpt-strong"]
    assert len({run.id for run in tracer.runs}) == 2
    stats = llm.routing_stats()
    assert (stats.weak.calls, stats.strong.calls, stats.escalations) == (2, 2, 2)
    # Always-strong would not have paid for the rejected answers.
    assert stats.cost is not None
    assert stats.always_strong_cost == pytest.approx(stats.strong.cost)
    assert stats.cost > stats.always_strong_cost
    assert llm.invoke(HARD).response_metadata["routellm"]["reason"] == "score"
    assert (
        pair(escalate_if=lambda message: False).invoke(EASY).response_metadata["routellm"]["route"] == "weak"
    )


async def test_a_gate_that_raises_takes_weaks_answer_from_nobody(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(escalate_if=lambda message: 1 / 0)
    with pytest.warns(RouterWarning, match="escalate_if failed with ZeroDivisionError") as told:
        found = await _every_way(llm, EASY)
    assert {(record["route"], record["reason"]) for record in found} == {("weak", "score")}
    assert [each.category for each in told].count(RouterWarning) == len(found)
    assert llm.routing_stats().gate_failures == len(found)
    assert stand_in.calls() == {"gpt-weak": len(found)}


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_weak_fails_the_schema(include_raw: bool, method: str, pair: Pair) -> None:
    wrong = (
        Answer(tool_calls=(ToolCall("Joke", {"nope": 1}),)) if method == "function_calling" else '{"nope": 1}'
    )
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak", answer=wrong)]) as server:
        models = {"strong": chat_openai(server, "gpt-strong"), "weak": chat_openai(server, "gpt-weak")}
        llm = pair(**models, escalate_on="parse_error")
        structured = llm.with_structured_output(Joke, include_raw=include_raw, method=method)
        for answer in (structured.invoke(EASY), await structured.ainvoke(EASY)):
            found: Any = answer
            if include_raw:
                assert found["raw"].response_metadata["routellm"]["reason"] == "escalated"
            assert isinstance(found["parsed"] if include_raw else found, Joke)
        assert server.calls() == {"gpt-weak": 2, "gpt-strong": 2}
        stats = llm.routing_stats()
        assert (stats.requests, stats.escalations, stats.weak.calls, stats.strong.calls) == (2, 2, 2, 2)
        # OpenAI's SDK raises for a wrong json_schema answer and keeps its tokens to itself.
        assert (stats.weak.tokens.output > 0) == (method == "function_calling")
        without: Any = pair(**models).with_structured_output(Joke, include_raw=include_raw, method=method)
        if include_raw and method == "function_calling":
            assert without.invoke(EASY)["parsing_error"] is not None
        else:
            with pytest.raises(ValueError, match="validation error"):
                without.invoke(EASY)


def test_shadow_mode_answers_with_strong_and_says_what_it_would_have_done(
    pair: Pair, stand_in: StandInServer
) -> None:
    llm = pair(mode="shadow")
    easy, hard = (llm.invoke(text).response_metadata["routellm"] for text in (EASY, HARD))
    assert (easy["route"], easy["shadow_route"], easy["reason"]) == ("strong", "weak", "score")
    assert hard["shadow_route"] == "strong"
    assert [llm.route(text).record() for text in (EASY, HARD)] == [easy, hard]
    assert stand_in.calls() == {"gpt-strong": 2}
    assert llm.routing_stats().scored_share == 0.5
    stand_in.fail_next("gpt-strong", 500)
    with pytest.raises(openai.InternalServerError):
        pair(mode="shadow", escalate_strong_on=openai.InternalServerError).invoke(EASY)


def test_one_model_with_two_settings(pair: Pair, stand_in: StandInServer) -> None:
    strong = chat_openai(stand_in, "gpt-4o", temperature=0.9)
    weak = chat_openai(stand_in, "gpt-4o", temperature=0.1)
    llm = pair(strong=strong, weak=weak)
    llm.invoke(EASY)
    llm.invoke(HARD)
    assert [body["temperature"] for body in stand_in.bodies("gpt-4o")] == [0.1, 0.9]
    assert (llm.routing_stats().weak.calls, llm.routing_stats().strong.calls) == (1, 1)
