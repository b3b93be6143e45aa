"""Anthropic's POST /v1/messages and /v1/messages/count_tokens."""

from __future__ import annotations

import json
from typing import Any

from examples.stand_in.anthropic_fields import invalid, required
from examples.stand_in.anthropic_rules import check_request
from examples.stand_in.anthropic_signature import thinking_signature
from examples.stand_in.model import Answer, StandInModel
from examples.stand_in.openai_chat import arguments_of
from examples.stand_in.prompt import Prompt, Tool, Turn
from examples.stand_in.reply import Reply, named_event
from examples.stand_in.service import Service, finish
from examples.stand_in.tokens import stream_pieces

_REASONS = {"stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "tools": "tool_use"}
_CHOICES = {"any": "required", "auto": "auto", "none": "none"}
_PER_MESSAGE = 4


def count(service: Service, body: dict[str, Any], *, beta: bool) -> Reply:
    """Count a request's tokens."""
    model = service.find(required(body, "model"), "anthropic")
    check_request(body, model, beta=beta, counting=True)
    return Reply.from_json({"input_tokens": sum(_counts(model, _parts(read_request(body, model))))})


def create(service: Service, body: dict[str, Any], *, beta: bool) -> Reply:
    """Answer a request."""
    model = service.find(required(body, "model"), "anthropic")
    check_request(body, model, beta=beta, counting=False)
    prompt = read_request(body, model)
    parts = _parts(prompt)
    counts = _counts(model, parts)
    tokens = sum(counts)
    if tokens > model.context_window:
        invalid(f"prompt is too long: {tokens} tokens > {model.context_window} maximum")
    cached = written = 0
    if '"cache_control"' in json.dumps(body):
        cached = service.cache.read(model.name, parts, counts)
        written = tokens - cached if tokens >= 1_024 else 0
    if model.cached_tokens is not None:
        cached, written = min(tokens, model.cached_tokens), 0
    stops = body.get("stop_sequences") or []
    answer = service.answer(model, prompt)
    done = finish(answer, stops, body["max_tokens"], model.count_tokens, arguments_of)
    usage = {
        "input_tokens": tokens - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": done.tokens,
    }
    blocks = _blocks(service, model, done.answer)
    head = {"id": service.new_id("msg_"), "type": "message", "role": "assistant", "model": model.name}
    end = {"stop_reason": _REASONS[done.reason], "stop_sequence": done.stop_sequence}
    if body.get("stream"):
        return Reply(events=_stream(head, blocks, end, usage))
    return Reply.from_json({**head, "content": blocks, **end, "usage": {**usage, "service_tier": "standard"}})


def read_request(body: dict[str, Any], model: StandInModel) -> Prompt:
    """The request in the server's own words."""
    turns = [Turn("system", _text(body["system"]))] if body.get("system") else []
    for message in body["messages"]:
        turns += _turns(message)
    choice = body.get("tool_choice") or {"type": "auto"}
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return Prompt(
        model=model.name,
        turns=tuple(turns),
        tools=tuple(
            Tool(tool["name"], tool.get("description") or "", tool["input_schema"])
            for tool in body.get("tools") or ()
            if "input_schema" in tool
        ),
        tool_choice=choice["name"] if choice["type"] == "tool" else _CHOICES[choice["type"]],
        schema=wanted.get("schema"),
        thinking=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
    )


def _turns(message: dict[str, Any]) -> list[Turn]:
    """A user message may hold tool results and text at once: the results come first."""
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    turns = [
        Turn("tool", _text(block.get("content") or "")) for block in blocks if block["type"] == "tool_result"
    ]
    text = _text(blocks)
    calls = tuple(block["name"] for block in blocks if block["type"] == "tool_use")
    if text or calls or not turns:
        turns.append(Turn(message["role"], text, calls))
    return turns


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def _parts(prompt: Prompt) -> list[str]:
    tools = [json.dumps([tool.schema, tool.name, tool.description]) for tool in prompt.tools]
    return [*tools, *(turn.text for turn in prompt.turns)]


def _counts(model: StandInModel, parts: list[str]) -> list[int]:
    return [model.count_tokens(part) + _PER_MESSAGE for part in parts]


def _blocks(service: Service, model: StandInModel, answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thinking:
        signature = thinking_signature(model.name, answer.thinking)
        blocks.append({"type": "thinking", "thinking": answer.thinking, "signature": signature})
    blocks += answer.blocks
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for call in answer.tool_calls:
        name = call.id or service.new_id("toolu_")
        blocks.append({"type": "tool_use", "id": name, "name": call.name, "input": call.arguments})
    return blocks


def _stream(
    head: dict[str, Any], blocks: list[dict[str, Any]], end: dict[str, Any], usage: dict[str, int]
) -> list[bytes]:
    opening = {**head, "content": [], "stop_reason": None, "stop_sequence": None}
    first_usage = {**usage, "output_tokens": 1, "service_tier": "standard"}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {**opening, "usage": first_usage}}]
    for index, block in enumerate(blocks):
        start, deltas = _deltas(block)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        if index == 0:
            events.append({"type": "ping"})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": end, "usage": usage})
    events.append({"type": "message_stop"})
    return [named_event(event) for event in events]


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The block as it starts, and what is streamed into it."""
    match block["type"]:
        case "text":
            pieces = stream_pieces(block["text"])
            return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
        case "thinking":
            deltas = [
                {"type": "thinking_delta", "thinking": piece} for piece in stream_pieces(block["thinking"])
            ]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {**block, "thinking": "", "signature": ""}, deltas
        case "tool_use" | "server_tool_use":
            text = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
            pieces = ["", *stream_pieces(text)]
            return {**block, "input": {}}, [
                {"type": "input_json_delta", "partial_json": piece} for piece in pieces
            ]
    return block, []
