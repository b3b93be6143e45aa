"""What the stand-in server refuses as Anthropic would, told by the real client's exceptions."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from examples.stand_in import StandInModel, StandInServer, thinking_signature

anthropic = pytest.importorskip("anthropic")

MODELS = [
    StandInModel("claude-full"),
    StandInModel("claude-new", prefill=False),
    StandInModel("claude-bare", context_window=100, tools=False, json_schema=False, images=False),
]
USER = {"role": "user", "content": "Hello"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SHAPE = {"type": "json_schema", "json_schema": {"name": "s", "schema": OPEN}}
TEXT = {"type": "text", "text": "Hello"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}
USED = {"role": "assistant", "content": [USE]}
ANSWERED = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}]}
CLAUDE_TOOL = {"name": "add", "input_schema": {"type": "object", "properties": {}}}
SIGNED = {"type": "thinking", "thinking": "h", "signature": thinking_signature("claude-full", "h")}
CACHED = {**TEXT, "cache_control": {"type": "ephemeral"}}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A conversation in which the assistant said these blocks."""
    return {"messages": [USER, {"role": "assistant", "content": list(blocks)}, USER]}


ANTHROPIC_CASES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown top-level field": ({"routellm": 1}, "routellm: Extra inputs are not permitted"),
    "OpenAI's field": ({"n": 1}, "n: Extra inputs"),
    "unknown message field": ({"messages": [{**USER, "routellm": 1}]}, "messages.0.routellm: Extra inputs"),
    "message name": ({"messages": [{**USER, "name": "me"}]}, "messages.0.name: Extra inputs"),
    "unknown block field": (
        {"messages": [{"role": "user", "content": [{**TEXT, "index": 0}]}]},
        "index: Extra inputs",
    ),
    "no messages": ({"messages": []}, "at least one message is required"),
    "system message": ({"messages": [{"role": "system", "content": "x"}, USER]}, "Unexpected role"),
    "assistant first": (
        {"messages": [{"role": "assistant", "content": "x"}, USER]},
        "first message must use",
    ),
    "empty content": ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
    "empty text block": (said({"type": "text", "text": ""}), "must be non-empty"),
    "blank text block": (said({"type": "text", "text": " "}), "non-whitespace"),
    "trailing space": ({"messages": [USER, {"role": "assistant", "content": "So "}]}, "trailing whitespace"),
    "no max_tokens": ({"max_tokens": None}, "max_tokens"),
    "temperature out of range": ({"temperature": 1.5}, "temperature"),
    "unsigned thinking": (
        said({"type": "thinking", "thinking": "hm"}, TEXT),
        "thinking.signature: Field required",
    ),
    "badly signed thinking": (
        said({"type": "thinking", "thinking": "h", "signature": ""}, TEXT),
        "Invalid `signature`",
    ),
    "another model's thinking": (
        said({**SIGNED, "signature": thinking_signature("claude-new", "h")}, TEXT),
        "Invalid `signature`",
    ),
    "changed thinking": (
        said({**SIGNED, "thinking": "i"}, TEXT),
        "Invalid `signature`",
    ),
    "another model's redacted thinking": (
        said({"type": "redacted_thinking", "data": thinking_signature("claude-new", "")}, TEXT),
        "Invalid `data`",
    ),
    "prefill at a newer model": (
        {"model": "claude-new", "messages": [USER, {"role": "assistant", "content": "So"}]},
        "does not support assistant message prefill",
    ),
    "OpenAI image": ({"messages": [{"role": "user", "content": [IMAGE]}]}, "Input tag 'image_url'"),
    "OpenAI reasoning": (said({"type": "reasoning", "summary": []}, TEXT), "Input tag 'reasoning'"),
    "OpenAI call": (said({"type": "function_call", "name": "a"}), "Input tag 'function_call'"),
    "refusal block": (said({"type": "refusal", "refusal": "no"}), "Input tag 'refusal'"),
    "tool_use by the user": (
        {"messages": [{"role": "user", "content": [USE]}]},
        "can only be in `assistant`",
    ),
    "result by the assistant": (
        {"messages": [USER, {**ANSWERED, "role": "assistant"}]},
        "can only be in `user`",
    ),
    "call without result": (
        {"messages": [USER, USED, USER]},
        "without `tool_result` blocks immediately after: toolu_1",
    ),
    "open call at the end": ({"messages": [USER, USED]}, "without `tool_result` blocks"),
    "result without call": ({"messages": [USER, ANSWERED]}, "unexpected `tool_use_id`"),
    "text before result": (
        {"messages": [USER, USED, {"role": "user", "content": [TEXT, *ANSWERED["content"]]}]},
        "without `tool_result` blocks",
    ),
    "odd call id": (said({**USE, "id": "functions.add:0|x"}), "should match pattern"),
    "long call id": (said({**USE, "id": "x" * 65}), "should match pattern"),
    "call input as text": (said({**USE, "input": "{}"}), "valid dictionary"),
    "repeated call id": ({"messages": [USER, USED, ANSWERED, USED, ANSWERED]}, "ids must be unique"),
    "server result without use": (
        said({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}, TEXT),
        "unexpected `tool_use_id`",
    ),
    "tool_choice without tools": (
        {"tool_choice": {"type": "auto"}},
        "only be specified while providing tools",
    ),
    "OpenAI tool choice": ({"tools": [CLAUDE_TOOL], "tool_choice": "auto"}, "valid dictionary"),
    "unknown tool choice": (
        {"tools": [CLAUDE_TOOL], "tool_choice": {"type": "tool", "name": "required"}},
        "Tool 'required' not found",
    ),
    "OpenAI tool": ({"tools": [TOOL]}, "Input tag 'function'"),
    "tool without schema": ({"tools": [{"name": "a"}]}, "input_schema: Field required"),
    "two tools of one name": ({"tools": [CLAUDE_TOOL, CLAUDE_TOOL]}, "must be unique"),
    "five cache breakpoints": ({"system": [CACHED] * 5}, "A maximum of 4 blocks"),
    "open schema": (
        {"output_config": {"format": {"type": "json_schema", "schema": OPEN}}},
        "'additionalProperties' must be explicitly set to false",
    ),
    "OpenAI schema": ({"response_format": SHAPE}, "response_format: Extra inputs"),
    "thinking with a forced tool": (
        {
            "max_tokens": 2000,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "tools": [CLAUDE_TOOL],
            "tool_choice": {"type": "any"},
        },
        "Thinking may not be enabled",
    ),
    "tool loop without its thinking": (
        {
            "max_tokens": 2000,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "messages": [USER, USED, ANSWERED],
            "tools": [CLAUDE_TOOL],
        },
        "Expected `thinking`",
    ),
    "tools for a model without": (
        {"model": "claude-bare", "tools": [CLAUDE_TOOL]},
        "does not support tool use",
    ),
    "schema for a model without": (
        {"model": "claude-bare", "output_config": {"format": {"type": "json_schema", "schema": OPEN}}},
        "does not support output format",
    ),
    "image for a model without": (
        {
            "model": "claude-bare",
            "messages": [
                {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "http://x"}}]}
            ],
        },
        "does not support image",
    ),
    "prompt too long": (
        {"model": "claude-bare", "messages": [{"role": "user", "content": "word " * 200}]},
        "prompt is too long: 204 tokens > 100 maximum",
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[StandInServer]:
    with StandInServer(MODELS) as server:
        yield server


@pytest.fixture(scope="module")
def claude(server: StandInServer) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=server.anthropic_url, api_key="key", max_retries=0) as client:
        yield client


def post(client: Any, body: dict[str, Any], path: str) -> Any:
    """Send the body as it is: the clients' typed methods would not let every mistake through."""
    return client.post(path, body=copy.deepcopy(body), cast_to=object)


@pytest.mark.parametrize(("change", "message"), ANTHROPIC_CASES.values(), ids=ANTHROPIC_CASES)
def test_anthropic_refuses(claude: Any, change: dict[str, Any], message: str) -> None:
    body = {"model": "claude-full", "max_tokens": 100, "messages": [USER], **change}
    with pytest.raises(anthropic.BadRequestError, match=re.escape(message)) as caught:
        post(claude, body, "/v1/messages")
    assert caught.value.body["error"]["type"] == "invalid_request_error"


def test_anthropic_accepts_what_is_right(claude: Any) -> None:
    messages = [USER, USER, USED, {"role": "user", "content": [*ANSWERED["content"], CACHED]}]
    settings = {"system": [CACHED], "tools": [CLAUDE_TOOL], "tool_choice": {"type": "auto"}}
    post(claude, {"model": "claude-full", "max_tokens": 9, "messages": messages, **settings}, "/v1/messages")
    post(claude, {"model": "claude-full", "max_tokens": 9, **said(TEXT)}, "/v1/messages")


def test_anthropic_wants_a_key(server: StandInServer) -> None:
    with (
        anthropic.Anthropic(base_url=server.anthropic_url, api_key="invalid", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"),
    ):
        client.messages.create(model="claude-full", max_tokens=9, messages=[USER])


def test_langchain_recognises_the_overflow(server: StandInServer) -> None:
    exceptions = pytest.importorskip("langchain_core.exceptions")
    model = pytest.importorskip("langchain_anthropic").ChatAnthropic(
        model="claude-bare", base_url=server.anthropic_url, api_key="key", max_retries=0
    )
    with pytest.raises(exceptions.ContextOverflowError):
        model.invoke("word " * 200)
