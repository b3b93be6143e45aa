"""OpenAI's POST /v1/chat/completions."""

from __future__ import annotations

import json
import time
from typing import Any

from examples.stand_in.model import Answer, StandInModel
from examples.stand_in.openai_fields import required
from examples.stand_in.openai_rules import check_chat
from examples.stand_in.openai_usage import count_prompt, usage_of
from examples.stand_in.prompt import Prompt, Tool, Turn
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply, openai_event
from examples.stand_in.service import Finished, Service, finish
from examples.stand_in.tokens import stream_pieces

_REASONS = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tools": "tool_calls"}


def chat(service: Service, body: dict[str, Any]) -> Reply:
    """Answer a chat request."""
    model = service.find(required(body, "model"), "openai")
    if model.embedding_size or not model.chat:
        text = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
        raise Refusal(404, f"{text} Did you mean to use v1/completions?", param="model")
    check_chat(body, model)
    prompt = read_chat(body, model)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    tokens, cached = count_prompt(service, model, prompt, limit)
    done = finish(service.answer(model, prompt), stop_list(body), limit, model.count_tokens, arguments_of)
    usage = usage_of(tokens, cached, done.tokens, model.count_tokens(done.answer.thinking))
    head = {"id": service.new_id("chatcmpl-"), "created": int(time.time()), "model": model.name}
    calls = [
        {
            "id": call.id or service.new_id("call_"),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
        }
        for call in done.answer.tool_calls
    ]
    if body.get("stream"):
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return Reply(events=_stream(head, done, calls, usage if with_usage else None))
    message: dict[str, Any] = {
        "role": "assistant",
        "content": done.answer.text,
        "refusal": None,
        "annotations": [],
    }
    if calls:
        message |= {"content": done.answer.text or None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _REASONS[done.reason]}
    whole = {"object": "chat.completion", "choices": [choice], "usage": usage, "service_tier": "default"}
    return Reply.from_json({**head, **whole, "system_fingerprint": "fp_stand_in"})


def read_chat(body: dict[str, Any], model: StandInModel) -> Prompt:
    """The request in the server's own words."""
    wanted = body.get("response_format") or {"type": "text"}
    choice = body.get("tool_choice", "auto")
    if isinstance(choice, dict):
        choice = (
            choice["allowed_tools"]["mode"] if "allowed_tools" in choice else choice[choice["type"]]["name"]
        )
    tools = [tool[tool["type"]] for tool in body.get("tools", ())]
    return Prompt(
        model=model.name,
        turns=tuple(_turn(message) for message in body["messages"]),
        tools=tuple(
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {"type": "object"})
            for tool in tools
        ),
        tool_choice=choice,
        schema=wanted["json_schema"].get("schema") if wanted["type"] == "json_schema" else None,
        json_object=wanted["type"] == "json_object",
    )


def _turn(message: dict[str, Any]) -> Turn:
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "\n".join(part["text"] for part in content if part["type"] == "text")
    role = {"developer": "system", "function": "tool"}.get(message["role"], message["role"])
    calls = message.get("tool_calls") or ()
    return Turn(role, content, tuple(call[call["type"]]["name"] for call in calls))


def stop_list(body: dict[str, Any]) -> list[str]:
    """The request's stop sequences."""
    stops = body.get("stop") or []
    return [stops] if isinstance(stops, str) else stops


def arguments_of(answer: Answer) -> str:
    """The text of an answer's tool calls, for counting."""
    return " ".join(f"{call.name} {json.dumps(call.arguments)}" for call in answer.tool_calls)


def _stream(
    head: dict[str, Any], done: Finished, calls: list[dict[str, Any]], usage: dict[str, Any] | None
) -> list[bytes]:
    shared = {
        **head,
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_stand_in",
    }
    # With include_usage every chunk but the last says "usage": null.
    waiting = {"usage": None} if usage is not None else {}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return openai_event({**shared, "choices": [choice], **waiting})

    text = done.answer.text
    events = [chunk({"role": "assistant", "content": "" if text or not calls else None, "refusal": None})]
    events += [chunk({"content": piece}) for piece in stream_pieces(text)]
    for index, call in enumerate(calls):
        function = call["function"]
        opening = {"index": index, **call, "function": {"name": function["name"], "arguments": ""}}
        events.append(chunk({"tool_calls": [opening]}))
        for piece in stream_pieces(function["arguments"]):
            events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    events.append(chunk({}, _REASONS[done.reason]))
    if usage is not None:
        events.append(openai_event({**shared, "choices": [], "usage": usage}))
    events.append(b"data: [DONE]\n\n")
    return events
