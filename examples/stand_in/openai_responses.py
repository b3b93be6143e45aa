"""OpenAI's POST /v1/responses."""

from __future__ import annotations

import json
import time
from typing import Any

from examples.stand_in.model import Answer, StandInModel
from examples.stand_in.openai_chat import arguments_of
from examples.stand_in.openai_fields import check_type, invalid, required
from examples.stand_in.openai_response_events import response_events
from examples.stand_in.openai_response_items import check_items
from examples.stand_in.openai_response_rules import check_settings
from examples.stand_in.openai_usage import count_prompt
from examples.stand_in.prompt import Prompt, Tool, Turn
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply
from examples.stand_in.response_store import encrypted
from examples.stand_in.service import Finished, Service, finish


def respond(service: Service, body: dict[str, Any], account: str) -> Reply:
    """Answer a request of one account."""
    model = service.find(required(body, "model"), "openai")
    if model.embedding_size or not model.chat:
        raise Refusal(404, "The requested model is not supported with the Responses API.", param="model")
    check_settings(body, model)
    items = [*_earlier(service, body, account), *_given(body)]
    check_items(items, model, service.responses, account)
    prompt = _read(body, items, model)
    limit = body.get("max_output_tokens")
    tokens, cached = count_prompt(service, model, prompt, limit)
    done = finish(service.answer(model, prompt), [], limit, model.count_tokens, arguments_of)
    name = service.new_id("resp_")
    output = _output(service, model, done, body, account)
    if body.get("store") is not False:
        service.responses.keep(name, account, items, output)
    cut = done.reason == "length"
    reasoning = model.count_tokens(done.answer.thinking)
    response = {
        "id": name,
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": limit,
        "model": model.name,
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
        "store": body.get("store") is not False,
        "temperature": body.get("temperature") or 1.0,
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": tokens,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": done.tokens,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": tokens + done.tokens,
        },
        "metadata": {},
    }
    if body.get("stream"):
        return Reply(events=response_events(response))
    return Reply.from_json(response)


def _earlier(service: Service, body: dict[str, Any], account: str) -> list[dict[str, Any]]:
    name = body.get("previous_response_id")
    if name is None:
        return []
    check_type(name, (str,), "previous_response_id")
    kept = service.responses.response(name, account)
    if kept is None:
        text = f"Previous response with id '{name}' not found."
        invalid(text, "previous_response_id", "previous_response_not_found")
    return [dict(item) for item in kept.items]


def _given(body: dict[str, Any]) -> list[dict[str, Any]]:
    given = required(body, "input")
    check_type(given, (str, list), "input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [dict(item) if isinstance(item, dict) else item for item in given]


def _read(body: dict[str, Any], items: list[dict[str, Any]], model: StandInModel) -> Prompt:
    turns = [Turn("system", body["instructions"])] if body.get("instructions") else []
    turns += [turn for item in items if (turn := _turn(item)) is not None]
    wanted = (body.get("text") or {}).get("format") or {"type": "text"}
    choice = body.get("tool_choice", "auto")
    return Prompt(
        model=model.name,
        turns=tuple(turns),
        tools=tuple(
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {"type": "object"})
            for tool in body.get("tools") or ()
            if tool["type"] == "function"
        ),
        tool_choice=choice if isinstance(choice, str) else choice.get("name", "auto"),
        schema=wanted.get("schema") if wanted["type"] == "json_schema" else None,
        json_object=wanted["type"] == "json_object",
        thinking=model.reasoning,
    )


def _turn(item: dict[str, Any]) -> Turn | None:
    match item["type"]:
        case "message":
            role = {"developer": "system"}.get(item["role"], item["role"])
            return Turn(role, _text(item["content"]))
        case "function_call":
            return Turn("assistant", "", (item["name"],))
        case "function_call_output":
            return Turn("tool", _text(item["output"]))
    return None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if "text" in part)


def _output(
    service: Service, model: StandInModel, done: Finished, body: dict[str, Any], account: str
) -> list[dict[str, Any]]:
    answer: Answer = done.answer
    items: list[dict[str, Any]] = []
    if model.reasoning:
        summary = [{"type": "summary_text", "text": answer.thinking}] if answer.thinking else []
        item = {"type": "reasoning", "id": service.new_id("rs_"), "summary": summary}
        if "reasoning.encrypted_content" in (body.get("include") or ()):
            item["encrypted_content"] = encrypted(account, answer.thinking)
        items.append(item)
    items += [{**block, "id": service.new_id("ws_")} for block in answer.blocks]
    if answer.text or not answer.tool_calls:
        part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        message = {"type": "message", "id": service.new_id("msg_"), "status": "completed"}
        items.append({**message, "role": "assistant", "content": [part]})
    for call in answer.tool_calls:
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        name = {"call_id": call.id or service.new_id("call_"), "name": call.name}
        head = {"type": "function_call", "id": service.new_id("fc_"), "status": "completed"}
        items.append({**head, **name, "arguments": arguments})
    return items
