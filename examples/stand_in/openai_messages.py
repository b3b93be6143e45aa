"""What OpenAI accepts as the messages of a chat."""

from __future__ import annotations

import re
from typing import Any

from examples.stand_in.model import StandInModel
from examples.stand_in.openai_fields import (
    check_choice,
    check_fields,
    check_id,
    check_type,
    invalid,
    required,
)

_NAME = re.compile(r"[^\s<|\\/>]+")
_MESSAGE_FIELDS = {
    "system": ("role", "content", "name"),
    "developer": ("role", "content", "name"),
    "user": ("role", "content", "name"),
    "assistant": ("role", "content", "name", "refusal", "audio", "tool_calls", "function_call"),
    "tool": ("role", "content", "tool_call_id", "name"),
    "function": ("role", "content", "name"),
}
_PARTS = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
    "function": ("text",),
}
_PART_FIELDS = {
    "image_url": ("url", "detail"),
    "input_audio": ("data", "format"),
    "file": ("file_data", "file_id", "filename"),
}


def check_messages(messages: Any, model: StandInModel) -> None:
    """Refuse messages of the wrong form or order."""
    check_type(messages, (list,), "messages")
    if not messages:
        text = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array"
        )
        invalid(f"{text} with length 0 instead.", "messages", "empty_array")
    for position, message in enumerate(messages):
        path = f"messages[{position}]"
        check_type(message, (dict,), path)
        role = required(message, "role", path)
        check_choice(role, _MESSAGE_FIELDS, f"{path}.role")
        check_fields(message, _MESSAGE_FIELDS[role], path)
        _check_content(message, role, path, model)
        if "tool_calls" in message:
            _check_calls(message["tool_calls"], f"{path}.tool_calls")
        if "name" in message and role != "tool":
            _check_name(message["name"], f"{path}.name")
        if role == "tool":
            check_id(required(message, "tool_call_id", path), f"{path}.tool_call_id")
    _check_order(messages)


def _check_name(name: Any, path: str) -> None:
    check_type(name, (str,), path)
    if not _NAME.fullmatch(name):
        text = f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern"
        invalid(rf"{text} '^[^\s<|\\/>]+$'.", path)


def _check_content(message: dict[str, Any], role: str, path: str, model: StandInModel) -> None:
    content = message.get("content")
    if content is None:
        spoken = any(message.get(name) for name in ("tool_calls", "function_call", "refusal", "audio"))
        if role == "assistant" and spoken:
            return
        text = f"Invalid value for 'content': expected a string, got null. ({path}.content)"
        invalid(text, f"{path}.content", "invalid_type")
    check_type(content, (str, list), f"{path}.content")
    if isinstance(content, str):
        return
    if not content:
        text = f"Invalid '{path}.content': empty array. Expected an array with minimum length 1"
        invalid(f"{text}, but got an empty array with length 0 instead.", f"{path}.content", "empty_array")
    for index, part in enumerate(content):
        _check_part(part, role, f"{path}.content[{index}]", model)


def _check_part(part: Any, role: str, path: str, model: StandInModel) -> None:
    check_type(part, (dict,), path)
    kind = required(part, "type", path)
    check_choice(kind, _PARTS[role], f"{path}.type" if kind else path)
    check_fields(part, ("type", kind, "prompt_cache_breakpoint"), path)
    value = required(part, kind, path)
    if kind in ("text", "refusal"):
        check_type(value, (str,), f"{path}.{kind}")
        return
    check_type(value, (dict,), f"{path}.{kind}")
    check_fields(value, _PART_FIELDS[kind], f"{path}.{kind}")
    if kind == "input_audio" and not model.audio:
        invalid(f"Model {model.name} does not support audio input.", f"{path}.type")
    if kind in ("image_url", "file") and not model.images:
        text = "Invalid content type. image_url is only supported by certain models."
        invalid(text.replace("image_url", kind), f"{path}.type", None)
    if kind == "image_url":
        url = required(value, "url", f"{path}.image_url")
        if not str(url).startswith(("data:image/", "http://", "https://")):
            invalid(f"Invalid '{path}.image_url.url': expected a URL of an image.", f"{path}.image_url.url")


def _check_calls(calls: Any, path: str) -> None:
    check_type(calls, (list,), path)
    if not calls:
        text = (
            f"Invalid '{path}': empty array. Expected an array with minimum length 1, but got an empty array"
        )
        invalid(f"{text} with length 0 instead.", path, "empty_array")
    for index, call in enumerate(calls):
        each = f"{path}[{index}]"
        check_type(call, (dict,), each)
        kind = required(call, "type", each)
        check_choice(kind, ("function", "custom"), f"{each}.type")
        check_fields(call, ("id", "type", kind), each)
        check_id(required(call, "id", each), f"{each}.id")
        inner = required(call, kind, each)
        value = "arguments" if kind == "function" else "input"
        check_fields(inner, ("name", value), f"{each}.{kind}")
        check_id(required(inner, "name", f"{each}.{kind}"), f"{each}.{kind}.name")
        check_type(required(inner, value, f"{each}.{kind}"), (str,), f"{each}.{kind}.{value}")


def _check_order(messages: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    for position, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                text = (
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message"
                )
                invalid(f"{text} with 'tool_calls'.", f"messages.[{position}].role", None)
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        if len(set(waiting)) != len(waiting):
            invalid("Duplicate value for 'tool_call_id'.", f"messages.[{position}].tool_calls", None)
    if waiting:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
        )
        invalid(text + ", ".join(waiting), "messages", None)
