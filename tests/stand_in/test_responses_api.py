"""OpenAI's Responses API of the stand-in server, as the real client and its refusals show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall

openai = pytest.importorskip("openai")

CALL = Answer(thinking="Let me see.", tool_calls=(ToolCall("add", {"a": 1}),))
MODELS = [
    StandInModel("o-full", reasoning=True, answer=[CALL, Answer("Done.", thinking="Easy.")]),
    StandInModel("gpt-full"),
    StandInModel("gpt-bare", tools=False, json_schema=False),
]
TOOL = {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {}}}
USER = {"role": "user", "content": "Hello"}


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(MODELS) as running:
        yield running


@pytest.fixture
def client(server: StandInServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.openai_url, api_key="key", max_retries=0) as client:
        yield client


def asked(client: Any, given: Any = "Add them, please", model: str = "o-full", **settings: Any) -> Any:
    return client.responses.create(model=model, input=given, **settings)


def items(response: Any) -> list[dict[str, Any]]:
    """A response's output, as it is sent back."""
    found: list[dict[str, Any]] = [item.model_dump(exclude_none=True) for item in response.output]
    return found


def result(response: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": response.output[-1].call_id, "output": "3"}


def refusal(client: Any, given: Any, model: str = "o-full", **settings: Any) -> str:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as caught:
        asked(client, given, model, **settings)
    return str(caught.value)


def test_a_reasoning_model_reasons_calls_and_answers(client: Any) -> None:
    first = asked(client, tools=[TOOL])
    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    second = asked(client, [USER, *items(first), result(first)], tools=[TOOL])
    assert [item.type for item in second.output] == ["reasoning", "message"]
    assert second.output_text == "Done."
    assert second.usage.output_tokens_details.reasoning_tokens == 2


def test_a_stream_makes_the_same_response(client: Any) -> None:
    with client.responses.stream(model="o-full", input="Add them", tools=[TOOL]) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output[0].summary[0].text == "Let me see."
    assert final.output[1].arguments == '{"a": 1}'
    plain = asked(client, model="gpt-full", stream=True)
    assert "".join(event.delta for event in plain if event.type == "response.output_text.delta") == (
        "[gpt-full] In short: Add them, please"
    )


def test_a_conversation_goes_on_by_the_response_before(client: Any) -> None:
    first = asked(client, tools=[TOOL])
    second = asked(client, [result(first)], previous_response_id=first.id)
    assert second.output_text == "Done."


def test_reasoning_is_for_reasoning_models_alone(client: Any) -> None:
    first = asked(client, tools=[TOOL])
    whole = [USER, *items(first), result(first)]
    text = "Reasoning input items can only be provided to a reasoning or computer use model"
    assert text in refusal(client, whole, "gpt-full")
    assert text in refusal(client, [result(first)], "gpt-full", previous_response_id=first.id)


def test_items_belong_together(client: Any) -> None:
    first = asked(client, tools=[TOOL])
    reasoning, call = items(first)
    assert "without its required 'reasoning' item" in refusal(client, [USER, call, result(first)])
    assert "without its required following item" in refusal(client, [USER, reasoning, USER])
    bare = {name: value for name, value in call.items() if name != "id"}
    assert asked(client, [USER, bare, result(first)], "gpt-full").output_text
    assert "No tool output found for function call" in refusal(client, [USER, bare])
    assert "No tool call found for function call output" in refusal(client, [USER, result(first)])


def test_items_and_responses_belong_to_an_account(client: Any, server: StandInServer) -> None:
    first = asked(client, tools=[TOOL], include=["reasoning.encrypted_content"])
    unkept = asked(client, store=False)
    assert f"Item with id '{unkept.output[0].id}' not found" in refusal(client, [USER, *items(unkept)])
    with openai.OpenAI(base_url=server.openai_url, api_key="other", max_retries=0) as other:
        reasoning, call = items(first)
        del reasoning["encrypted_content"]
        assert f"'{reasoning['id']}' not found" in refusal(other, [USER, reasoning, call, result(first)])
        assert "could not be verified" in refusal(other, [USER, *items(first), result(first)])
        assert "Previous response" in refusal(other, [USER], previous_response_id=first.id)


def test_encrypted_reasoning_needs_no_store(client: Any) -> None:
    settings = {"store": False, "include": ["reasoning.encrypted_content"], "tools": [TOOL]}
    first = asked(client, **settings)
    reasoning, call = items(first)
    del call["id"]
    assert asked(client, [USER, reasoning, call, result(first)], **settings).output_text == "Done."


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "chat's field": ({"messages": [USER]}, "Unknown parameter: 'messages'"),
    "chat's part": ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "Supported"),
    "Anthropic's block": (
        {"input": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "x"}]}]},
        "Supported values",
    ),
    "message name": ({"input": [{**USER, "name": "me"}]}, "Unknown parameter: 'input[0].name'"),
    "tool role": ({"input": [{"role": "tool", "content": "x"}]}, "Supported values"),
    "id of another form": ({"input": [USER, {**USER, "id": "lc_1"}]}, "begins with 'msg'"),
    "reasoning effort": ({"reasoning": {"effort": "low"}}, "'reasoning.effort' is not supported"),
    "tools": ({"tools": [TOOL]}, "'tools' is not supported"),
    "schema": (
        {"text": {"format": {"type": "json_schema", "name": "s", "schema": {}}}},
        "'text.format' is not supported",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(client: Any, server: StandInServer, case: str) -> None:
    body, text = CASES[case]
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/responses", body={"model": "gpt-bare", "input": "x", **body}, cast_to=object)
    assert text in str(caught.value)


def test_a_reasoning_model_takes_no_temperature(client: Any) -> None:
    assert "'temperature' is not supported" in refusal(client, "x", temperature=0.5)
