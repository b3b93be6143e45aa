"""What the stand-in server refuses as OpenAI would, told by the real client's exceptions."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import StandInModel, StandInServer

openai = pytest.importorskip("openai")

MODELS = [
    StandInModel("gpt-full"),
    StandInModel("gpt-bare", context_window=100, tools=False, json_schema=False, images=False),
    StandInModel("gpt-old", context_window=50, old_overflow=True),
    StandInModel("gpt-text", chat=False),
    StandInModel("claude-full"),
]
USER = {"role": "user", "content": "Hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "3"}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SHAPE = {"type": "json_schema", "json_schema": {"name": "s", "schema": OPEN}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}

OPENAI_CASES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown top-level field": ({"routellm": 1}, "Unknown parameter: 'routellm'"),
    "unknown message field": ({"messages": [{**USER, "routellm": 1}]}, "'messages[0].routellm'"),
    "wrong type": ({"temperature": "hot"}, "Invalid type for 'temperature'"),
    "temperature out of range": ({"temperature": 3}, "decimal"),
    "no messages": ({"messages": []}, "empty array"),
    "unknown role": ({"messages": [{"role": "human", "content": "x"}]}, "Supported values are"),
    "name with a space": ({"messages": [{**USER, "name": "the user"}]}, "does not match pattern"),
    "null content": ({"messages": [{"role": "user", "content": None}]}, "got null"),
    "empty content list": ({"messages": [{"role": "user", "content": []}]}, "empty array"),
    "result without call": ({"messages": [USER, RESULT]}, "must be a response to a preceeding message"),
    "call without result": ({"messages": [USER, CALLED, USER]}, "did not have response messages: call_1"),
    "result of another call": (
        {"messages": [USER, CALLED, {**RESULT, "tool_call_id": "call_2"}]},
        "must be a response to a preceeding message",
    ),
    "odd call id": (
        {"messages": [USER, {**CALLED, "tool_calls": [{**CALL, "id": "functions.add:0|x"}]}, RESULT]},
        "does not match pattern",
    ),
    "long call id": (
        {"messages": [USER, {**CALLED, "tool_calls": [{**CALL, "id": "x" * 65}]}, RESULT]},
        "does not match pattern",
    ),
    "empty tool_calls": ({"messages": [USER, {**CALLED, "content": "x", "tool_calls": []}]}, "empty array"),
    "tool_choice without tools": ({"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    "parallel calls without tools": ({"parallel_tool_calls": False}, "only allowed when 'tools'"),
    "empty tools": ({"tools": []}, "empty array"),
    "Anthropic tool": ({"tools": [{"name": "a", "input_schema": {}}]}, "'tools[0].type'"),
    "unknown tool choice": (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "b"}}},
        "not found in 'tools'",
    ),
    "Anthropic tool choice": ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "Invalid value: 'any'"),
    "tool field of another provider": (
        {"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]},
        "'tools[0].cache_control'",
    ),
    "open schema in strict mode": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "s", "strict": True, "schema": OPEN},
            }
        },
        "Invalid schema for response_format 's'",
    ),
    "JSON mode without the word": (
        {"response_format": {"type": "json_object"}},
        "must contain the word 'json'",
    ),
    "stream options without stream": (
        {"stream_options": {"include_usage": True}},
        "only allowed when 'stream'",
    ),
    "two token limits": ({"max_tokens": 5, "max_completion_tokens": 5}, "at the same time"),
    "several choices": ({"n": 2}, "'n'"),
    "tools for a model without": ({"model": "gpt-bare", "tools": [TOOL]}, "not supported in this model"),
    "schema for a model without": (
        {"model": "gpt-bare", "response_format": SHAPE},
        "'response_format' of type 'json_schema' is not supported with this model",
    ),
    "image for a model without": (
        {"model": "gpt-bare", "messages": [{"role": "user", "content": [IMAGE]}]},
        "image_url is only supported by certain models",
    ),
    **{
        f"foreign block {block['type']}": (
            {"messages": [USER, {"role": "assistant", "content": [block]}]},
            f"Invalid value: '{block['type']}'",
        )
        for block in (
            {"type": "thinking", "thinking": "hm", "signature": "abcdefgh"},
            {"type": "tool_use", "id": "a", "name": "b", "input": {}},
            {"type": "server_tool_use", "id": "srvtoolu_a", "name": "b", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_a", "content": []},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "name": "a", "arguments": "{}", "call_id": "x"},
        )
    },
    "foreign user block": (
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]},
        "'image'",
    ),
    "cache_control": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
                }
            ]
        },
        "'messages[0].content[0].cache_control'",
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[StandInServer]:
    with StandInServer(MODELS) as server:
        yield server


@pytest.fixture(scope="module")
def gpt(server: StandInServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.openai_url, api_key="key", max_retries=0) as client:
        yield client


def post(client: Any, body: dict[str, Any], path: str) -> Any:
    """Send the body as it is: the clients' typed methods would not let every mistake through."""
    return client.post(path, body=copy.deepcopy(body), cast_to=object)


@pytest.mark.parametrize(("change", "message"), OPENAI_CASES.values(), ids=OPENAI_CASES)
def test_openai_refuses(gpt: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(openai.BadRequestError, match=re.escape(message)) as caught:
        post(gpt, {"model": "gpt-full", "messages": [USER], **change}, "/chat/completions")
    assert set(caught.value.body) == {"message", "type", "param", "code"}
    assert caught.value.body["type"] == "invalid_request_error"


def test_openai_accepts_what_is_right(gpt: Any) -> None:
    content = [{"type": "text", "text": "See"}, IMAGE]
    messages = [
        {"role": "developer", "content": "Be brief"},
        {"role": "user", "content": content},
        CALLED,
        RESULT,
    ]
    closed = {**OPEN, "additionalProperties": False}
    shape = {"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": closed}}
    post(
        gpt,
        {"model": "gpt-full", "messages": messages, "tools": [TOOL], "response_format": shape},
        "/chat/completions",
    )


def test_openai_models_and_endpoints(gpt: Any) -> None:
    chat, completions = "/chat/completions", "/completions"
    for model, path, message in [
        ("gpt-none", chat, "does not exist"),
        ("claude-full", chat, "does not exist"),
        ("gpt-text", chat, "This is not a chat model"),
        ("gpt-full", completions, "This is a chat model"),
        ("gpt-none", completions, "does not exist"),
    ]:
        body = {"prompt": "x"} if path == completions else {"messages": [USER]}
        with pytest.raises(openai.NotFoundError, match=message):
            post(gpt, {"model": model, **body}, path)
    with pytest.raises(openai.BadRequestError, match="empty string"):
        gpt.embeddings.create(model="text-embedding-3-small", input=["a", ""])


def test_openai_prompt_too_long(gpt: Any, server: StandInServer) -> None:
    long = [{"role": "user", "content": "word " * 200}]
    with pytest.raises(openai.BadRequestError, match="exceed the configured limit of 100 tokens") as caught:
        gpt.chat.completions.create(model="gpt-bare", messages=long)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="maximum context length is 50 tokens") as caught:
        gpt.chat.completions.create(model="gpt-old", messages=long)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="in the completion"):
        gpt.chat.completions.create(model="gpt-bare", messages=[USER], max_tokens=99)
    assert [request.status for request in server.requests[-2:]] == [400, 400]
    assert server.refused[-1].body["model"] == "gpt-bare"


def test_openai_wants_a_key_and_json_without_duplicates(server: StandInServer) -> None:
    with (
        openai.OpenAI(base_url=server.openai_url, api_key="invalid", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(model="gpt-full", messages=[USER])
    with openai.OpenAI(base_url=server.openai_url, api_key="key", max_retries=0) as client:
        text = json.dumps({"model": "gpt-full", "messages": [USER]}).replace("{", '{"model": "gpt-bare", ', 1)
        with pytest.raises(openai.BadRequestError, match="duplicate key 'model'"):
            client.post("/chat/completions", content=text.encode(), cast_to=object)


def test_langchain_recognises_the_overflow(server: StandInServer) -> None:
    exceptions = pytest.importorskip("langchain_core.exceptions")
    model = pytest.importorskip("langchain_openai").ChatOpenAI(
        model="gpt-bare", base_url=server.openai_url, api_key="key", max_retries=0
    )
    with pytest.raises(exceptions.ContextOverflowError):
        model.invoke("word " * 200)
