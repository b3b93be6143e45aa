"""The stand-in server as the real Anthropic client sees it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import Answer, StandInModel, StandInServer

anthropic = pytest.importorskip("anthropic")

ADD = {
    "name": "add_numbers",
    "description": "Adds.",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


@pytest.fixture
def client(stand_in: StandInServer) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=stand_in.anthropic_url, api_key="key", max_retries=0) as client:
        yield client


def ask(client: Any, text: str = "Tell me about cats", **settings: Any) -> Any:
    given = {"model": "claude-strong", "max_tokens": 2048, "messages": [{"role": "user", "content": text}]}
    return client.messages.create(**{**given, **settings})


def test_an_answer_names_its_model_and_counts_tokens(client: Any) -> None:
    answer = ask(client)
    assert answer.content[0].text == "[claude-strong] In short: Tell me about cats"
    assert (answer.stop_reason, answer.model) == ("end_turn", "claude-strong")
    assert answer.usage.input_tokens > 0
    counted = client.messages.count_tokens(
        model="claude-strong", messages=[{"role": "user", "content": "Tell me about cats"}]
    )
    assert counted.input_tokens == answer.usage.input_tokens


def test_a_stream_says_what_the_whole_answer_says(client: Any) -> None:
    whole = ask(client)
    events = list(ask(client, stream=True))
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert text == whole.content[0].text
    assert events[-2].usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_quoted(client: Any, stream: bool) -> None:
    settings = {"model": "claude-strong", "max_tokens": 100, "tools": [ADD]}
    question = {"role": "user", "content": "What is 3 and 4?"}
    if stream:
        with client.messages.stream(messages=[question], **settings) as events:
            answer = events.get_final_message()
    else:
        answer = client.messages.create(messages=[question], **settings)
    (call,) = answer.content
    assert (call.name, call.input, answer.stop_reason) == ("add_numbers", {"a": 3, "b": 4}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "seven"}
    history = [
        question,
        {"role": "assistant", "content": [call.model_dump(include={"type", "id", "name", "input"})]},
        {"role": "user", "content": [result]},
    ]
    assert "seven" in client.messages.create(messages=history, **settings).content[0].text


def test_tool_choice_is_honoured(client: Any) -> None:
    for choice in ({"type": "any"}, {"type": "tool", "name": "add_numbers"}):
        assert ask(client, "Hello", tools=[ADD], tool_choice=choice).content[0].type == "tool_use"
    answer = ask(client, "add_numbers 3 4", tools=[ADD], tool_choice={"type": "none"})
    assert answer.content[0].type == "text"


def test_json_satisfies_the_schema(client: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
        "required": ["title", "year"],
        "additionalProperties": False,
    }
    shape = {"format": {"type": "json_schema", "schema": schema}}
    answer = ask(client, 'The song "Jump" of 1984', output_config=shape)
    assert json.loads(answer.content[0].text) == {"title": "Jump", "year": 1984}


def test_stop_and_max_tokens_cut_the_answer(client: Any) -> None:
    stopped = ask(client, stop_sequences=["cats"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "cats")
    short = ask(client, max_tokens=4)
    assert (short.content[0].text, short.stop_reason) == ("[claude-strong", "max_tokens")


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_is_signed_and_may_come_back(client: Any, stream: bool) -> None:
    settings: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    if stream:
        given = {"model": "claude-strong", "max_tokens": 2048, **settings}
        with client.messages.stream(messages=[{"role": "user", "content": "Hello"}], **given) as events:
            answer = events.get_final_message()
    else:
        answer = ask(client, "Hello", **settings)
    assert [block.type for block in answer.content] == ["thinking", "text"]
    back = [block.model_dump(exclude_none=True) for block in answer.content]
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": back},
        {"role": "user", "content": "Again"},
    ]
    assert ask(client, messages=messages, **settings).content[1].text


def test_a_marked_prefix_is_written_to_the_cache_and_read_from_it(client: Any) -> None:
    system = [{"type": "text", "text": "word " * 1500, "cache_control": {"type": "ephemeral"}}]
    first, second = (ask(client, text, system=system).usage for text in ("one", "two"))
    assert (first.cache_read_input_tokens, second.cache_read_input_tokens) == (0, 1504)
    assert first.cache_creation_input_tokens > 1500


def test_scripted_server_tools() -> None:
    blocks = (
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "cats"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    )
    model = StandInModel("claude-search", answer=Answer("found", blocks=blocks))
    with (
        StandInServer([model]) as server,
        anthropic.Anthropic(base_url=server.anthropic_url, api_key="key") as client,
    ):
        whole = ask(client, model="claude-search")
        with client.messages.stream(
            model="claude-search", max_tokens=9, messages=[{"role": "user", "content": "cats"}]
        ) as events:
            streamed = events.get_final_message()
        assert [block.type for block in whole.content] == [
            "server_tool_use",
            "web_search_tool_result",
            "text",
        ]
        assert streamed.content[0].input == {"query": "cats"}


@pytest.mark.parametrize(
    ("status", "error"), [(429, "RateLimitError"), (500, "InternalServerError"), (529, "OverloadedError")]
)
def test_failures_to_order(client: Any, stand_in: StandInServer, status: int, error: str) -> None:
    kind = getattr(anthropic, error, anthropic.InternalServerError)
    stand_in.fail_next("claude-strong", status)
    with pytest.raises(kind):
        ask(client)
    stand_in.fail_next("claude-strong", status, after_chunks=4)
    with pytest.raises(anthropic.APIStatusError):
        list(ask(client, stream=True))
    assert ask(client)


def test_the_other_providers_models_are_unknown(client: Any) -> None:
    with pytest.raises(anthropic.NotFoundError, match="model: gpt-strong"):
        ask(client, model="gpt-strong")
