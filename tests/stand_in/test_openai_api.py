"""The stand-in server as the real OpenAI client sees it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import Answer, StandInModel, StandInServer, ToolCall

openai = pytest.importorskip("openai")

ADD = {
    "type": "function",
    "function": {
        "name": "add_numbers",
        "description": "Adds.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


@pytest.fixture
def client(stand_in: StandInServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=stand_in.openai_url, api_key="key", max_retries=0) as client:
        yield client


def ask(client: Any, text: str = "Tell me about cats", model: str = "gpt-strong", **settings: Any) -> Any:
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], **settings
    )


def test_an_answer_names_its_model_and_counts_tokens(client: Any, stand_in: StandInServer) -> None:
    answer = ask(client)
    assert answer.choices[0].message.content.startswith("[gpt-strong] ")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-strong"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens_details.cached_tokens == 0
    path, headers, body, status, error = stand_in.requests[0]
    assert (path, headers["authorization"], status, error) == ("/v1/chat/completions", "Bearer key", 200, "")
    assert body["model"] == "gpt-strong"


def test_a_stream_says_what_the_whole_answer_says(client: Any) -> None:
    whole = ask(client)
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 3
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in ask(client, stream=True))


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_quoted(client: Any, stream: bool) -> None:
    def call() -> tuple[str, str, str]:
        if not stream:
            (made,) = ask(client, "What is 3 and 4?", tools=[ADD]).choices[0].message.tool_calls
            return made.id, made.function.name, made.function.arguments
        deltas = [
            chunk.choices[0].delta for chunk in ask(client, "What is 3 and 4?", tools=[ADD], stream=True)
        ]
        parts = [part for delta in deltas for part in delta.tool_calls or ()]
        return parts[0].id, parts[0].function.name, "".join(part.function.arguments for part in parts)

    number, name, arguments = call()
    assert name == "add_numbers"
    assert json.loads(arguments) == {"a": 3, "b": 4}
    history = [
        {"role": "user", "content": "What is 3 and 4?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": number, "content": "seven"},
    ]
    answer = client.chat.completions.create(model="gpt-strong", messages=history, tools=[ADD])
    assert "seven" in answer.choices[0].message.content


def test_tool_choice_is_honoured(client: Any) -> None:
    for choice in ("required", {"type": "function", "function": {"name": "add_numbers"}}):
        assert ask(client, "Hello", tools=[ADD], tool_choice=choice).choices[0].message.tool_calls
    assert not ask(client, "add_numbers 3 4", tools=[ADD], tool_choice="none").choices[0].message.tool_calls
    assert not ask(client, "Hello", tools=[ADD]).choices[0].message.tool_calls


def test_json_satisfies_the_schema(client: Any) -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "year": {"type": ["integer", "null"]},
            "kind": {"enum": ["film", "song"]},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 2},
        },
        "required": ["title", "year", "kind", "parts"],
        "additionalProperties": False,
        "$defs": {
            "part": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/part"}, {"type": "null"}]}},
                "required": ["next"],
                "additionalProperties": False,
            }
        },
    }
    shape = {"type": "json_schema", "json_schema": {"name": "work", "strict": True, "schema": schema}}
    answer = ask(client, 'The song "Jump" of 1984', response_format=shape)
    value = json.loads(answer.choices[0].message.content)
    assert (value["title"], value["year"], value["kind"], len(value["parts"])) == ("Jump", 1984, "song", 2)
    answer = ask(client, "Give JSON with 'setup' and 'punchline'", response_format={"type": "json_object"})
    assert set(json.loads(answer.choices[0].message.content)) == {"setup", "punchline"}


def test_stop_and_max_tokens_cut_the_answer(client: Any) -> None:
    assert ask(client, stop=["cats"]).choices[0].message.content == "[gpt-strong] In short: Tell me about "
    short = ask(client, max_tokens=4).choices[0]
    assert (short.message.content, short.finish_reason) == ("[gpt-strong", "length")


def test_a_seen_prefix_is_cached(client: Any) -> None:
    long = [{"role": "system", "content": "word " * 1500}, {"role": "user", "content": "first"}]
    client.chat.completions.create(model="gpt-strong", messages=long)
    again = client.chat.completions.create(
        model="gpt-strong", messages=[long[0], {"role": "user", "content": "second"}]
    )
    assert again.usage.prompt_tokens_details.cached_tokens == 1503
    other = client.chat.completions.create(model="gpt-4o", messages=long)
    assert other.usage.prompt_tokens_details.cached_tokens == 0


def test_scripts_answer_in_turn() -> None:
    call = Answer(tool_calls=(ToolCall("add_numbers", {"a": 1, "b": 2}, id="call_x"),))
    models = [
        StandInModel("gpt-a", answer=["one", "two"]),
        StandInModel("gpt-b", answer=call),
        StandInModel("gpt-c", answer=lambda prompt: prompt.user.upper()),
    ]
    with StandInServer(models) as server, openai.OpenAI(base_url=server.openai_url, api_key="key") as client:
        assert [ask(client, model="gpt-a").choices[0].message.content for _ in range(3)] == [
            "one",
            "two",
            "two",
        ]
        assert ask(client, model="gpt-b", tools=[ADD]).choices[0].message.tool_calls[0].id == "call_x"
        assert ask(client, "quiet", model="gpt-c").choices[0].message.content == "QUIET"
        assert server.calls() == {"gpt-a": 3, "gpt-b": 1, "gpt-c": 1}
        server.reset()
        assert server.requests == []
        assert ask(client, model="gpt-a").choices[0].message.content == "one"


def test_a_completion_model_completes(client: Any) -> None:
    answer = client.completions.create(model="instruct-weak", prompt="What is 2 + 2?", max_tokens=20)
    assert answer.choices[0].text == "[instruct-weak] 4"
    chunks = client.completions.create(model="instruct-weak", prompt="What is 2 + 2?", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "[instruct-weak] 4"


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_texts_that_share_words_are_near(client: Any, encoding: str) -> None:
    texts = ["cats sleep a lot", "the cat is asleep and sleeps", "the stock market fell"]
    given = client.embeddings.create(model="text-embedding-3-small", input=texts, encoding_format=encoding)
    vectors = [item.embedding for item in given.data]
    if isinstance(vectors[0], list):
        near, far = (sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors[1:])
        assert len(vectors[0]) == 1536
        assert near > far + 0.3
    else:
        assert len(vectors[0]) == 1536 * 4 * 4 // 3


def test_models_are_listed(client: Any) -> None:
    names = [model.id for model in client.models.list()]
    assert "gpt-strong" in names
    assert "claude-strong" not in names
