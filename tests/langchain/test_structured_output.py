"""`with_structured_output` is each side's own way to a schema, decided once per call."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from pydantic import BaseModel

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.recording import RecordingTracer

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # ChatOpenAI's own

EASY, HARD = "Give me the joke about cats.", "Give me the hard joke about cats."
TYPED: dict[str, Any] = {
    "title": "Joke",
    "type": "object",
    "properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}},
    "required": ["setup", "punchline"],
}


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


async def _every_way(structured: Runnable[Any, Any], prompt: str) -> list[Any]:
    return [
        structured.invoke(prompt),
        await structured.ainvoke(prompt),
        list(structured.stream(prompt))[-1],
        [part async for part in structured.astream(prompt)][-1],
        *structured.batch([prompt]),
        *(await structured.abatch([prompt])),
    ]


@pytest.mark.parametrize("schema", [Joke, TYPED])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
async def test_both_sides_answer_in_the_schema(
    mixed_pair: Pair, stand_in: StandInServer, schema: Any, method: str
) -> None:
    structured = mixed_pair().with_structured_output(schema, method=method)
    for prompt in (EASY, HARD):
        for answer in await _every_way(structured, prompt):
            joke = answer if schema is Joke else Joke(**answer)
            assert isinstance(joke, Joke)
            assert joke.punchline
    assert stand_in.calls() == {"claude-weak": 6, "gpt-strong": 6}
    assert stand_in.refused == []


def test_json_schema_is_native_on_both_sides(mixed_pair: Pair, stand_in: StandInServer) -> None:
    structured = mixed_pair().with_structured_output(Joke, method="json_schema")
    structured.invoke(EASY)
    structured.invoke(HARD)
    (weak,), (strong,) = stand_in.bodies("claude-weak"), stand_in.bodies("gpt-strong")
    assert strong["response_format"]["type"] == "json_schema"
    assert "output_config" in weak or "output_format" in weak
    assert "tools" not in weak
    assert "tools" not in strong


def test_include_raw_holds_the_record(pair: Pair) -> None:
    answer: Any = pair().with_structured_output(Joke, include_raw=True).invoke(HARD)
    assert set(answer) == {"raw", "parsed", "parsing_error"}
    assert isinstance(answer["raw"], AIMessage)
    assert answer["raw"].response_metadata["routellm"]["route"] == "strong"


def test_a_batch_is_routed_one_by_one_and_scored_at_once(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    answers = llm.with_structured_output(Joke).batch([EASY, HARD, "Another easy joke, about dogs."])
    assert [type(answer) for answer in answers] == [Joke] * 3
    assert stand_in.calls() == {"gpt-weak": 2, "gpt-strong": 1}
    assert [len(batch) for batch in llm.router.batches] == [3]


def test_partial_objects_stream(pair: Pair) -> None:
    parts = list(pair().with_structured_output(TYPED, method="json_schema").stream(HARD))
    assert len(parts) > 2
    assert all(set(part) <= {"setup", "punchline"} for part in parts)


@pytest.mark.parametrize("rejected", [True, False])
async def test_streamed_objects_are_judged_as_whole_ones_are(
    pair: Pair, stand_in: StandInServer, rejected: bool
) -> None:
    judged: list[AIMessage] = []

    def rejects(message: AIMessage) -> bool:
        judged.append(message)
        return rejected

    llm = pair(escalate_if=rejects)
    for answer in await _every_way(llm.with_structured_output(Joke), EASY):
        assert isinstance(answer, Joke)
    assert [message.response_metadata["model_name"] for message in judged] == ["gpt-weak"] * 6
    assert stand_in.calls()["gpt-strong"] == 6 * rejected
    assert llm.routing_stats().escalations == 6 * rejected


def test_one_run_per_call_with_the_schema_named_once(pair: Pair) -> None:
    tracer = RecordingTracer()
    pair().with_structured_output(Joke).invoke(HARD, {"callbacks": [tracer]})
    (run,) = [run for run in tracer.runs if run.run_type == "llm"]
    assert run.extra["metadata"]["routellm_route"] == "strong"
    assert run.extra["options"]["ls_structured_output_format"]["schema"]["title"] == "Joke"


def test_tokens_are_counted_for_answers_that_nobody_sees(pair: Pair) -> None:
    llm = pair()
    structured = llm.with_structured_output(Joke)
    structured.invoke(HARD)
    once = llm.routing_stats().strong.tokens.output
    assert once > 0
    list(structured.stream(HARD))
    assert llm.routing_stats().strong.tokens.output == 2 * once


def test_a_side_without_schemas_is_not_sent_any(pair: Pair, stand_in: StandInServer) -> None:
    plain = chat_openai(stand_in, "gpt-weak", profile={"structured_output": False})
    assert isinstance(pair(weak=plain).with_structured_output(Joke, method="json_schema").invoke(EASY), Joke)
    unable = GenericFakeChatModel(messages=iter(["never asked"]))
    assert isinstance(pair(weak=unable).with_structured_output(Joke).invoke(EASY), Joke)
    assert stand_in.calls() == {"gpt-strong": 2}


def test_where_neither_side_can_the_error_is_the_strong_models(pair: Pair) -> None:
    strong, weak = (GenericFakeChatModel(messages=iter([])) for _ in range(2))
    with pytest.raises(NotImplementedError, match="with_structured_output is not implemented"):
        pair(strong=strong, weak=weak).with_structured_output(Joke)


def test_it_is_a_runnable(pair: Pair) -> None:
    chain = pair().with_structured_output(Joke) | (lambda joke: joke.punchline)
    assert isinstance(chain.invoke(HARD), str)
    forced = pair().with_structured_output(Joke).with_config(configurable={"routellm_route": "strong"})
    assert isinstance(forced.invoke(EASY), Joke)


@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize("prompt", [EASY, HARD])
async def test_arguments_reach_the_model_behind_the_parser(
    pair: Pair, stand_in: StandInServer, include_raw: bool, prompt: str
) -> None:
    models = {side: chat_openai(stand_in, f"gpt-{side}").bind(user="me") for side in ("strong", "weak")}
    llm = pair(**models, stop=["Paris"])
    chain = llm.with_structured_output(Joke, include_raw=include_raw, method="function_calling")
    chain.invoke(prompt)
    await chain.ainvoke(prompt, temperature=0.8)
    list(chain.stream(prompt))
    [part async for part in chain.astream(prompt, temperature=0.9)]
    bodies = [request.body for request in stand_in.requests]
    assert [(body["stop"], body["user"]) for body in bodies] == [(["Paris"], "me")] * 4
    assert [body.get("temperature") for body in bodies] == [None, 0.8, None, 0.9]


@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_a_schema_takes_the_place_of_tools_that_a_side_has_bound(
    pair: Pair, stand_in: StandInServer, include_raw: bool, method: str
) -> None:
    @tool
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return city

    llm = pair(weak=chat_openai(stand_in, "gpt-weak").bind_tools([weather], tool_choice="any"))
    answer: Any = llm.with_structured_output(Joke, include_raw=include_raw, method=method).invoke(EASY)
    assert isinstance(answer["parsed"] if include_raw else answer, Joke)
    (body,) = stand_in.bodies("gpt-weak")
    assert [each["function"]["name"] for each in body.get("tools", [])] == (
        ["Joke"] if method == "function_calling" else []
    )


def test_json_without_a_schema_goes_where_it_is_known(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=chat_anthropic(stand_in, "claude-weak"))
    found = llm.route(EASY, response_format={"type": "json_object"})
    assert (found.route, found.reason) == ("strong", "unsupported")
    assert llm.route(EASY, response_format=Joke).reason == "score"
