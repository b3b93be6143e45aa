"""What Anthropic accepts as messages: their blocks and their order."""

from __future__ import annotations

from typing import Any, NoReturn

from examples.stand_in.anthropic_fields import (
    check_cache_control,
    check_fields,
    check_id,
    check_tag,
    check_type,
    invalid,
    required,
)
from examples.stand_in.anthropic_signature import thinking_signature
from examples.stand_in.model import StandInModel

_SERVER_RESULTS = (
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
)
_FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("text", "citations"),
    "image": ("source",),
    "document": ("source", "citations", "context", "title"),
    "search_result": ("content", "source", "title", "citations"),
    "tool_result": ("tool_use_id", "content", "is_error"),
    "tool_use": ("id", "input", "name", "caller"),
    "thinking": ("signature", "thinking"),
    "redacted_thinking": ("data",),
    "server_tool_use": ("id", "input", "name", "caller"),
    "container_upload": ("file_id",),
    **{kind: ("content", "tool_use_id", "caller") for kind in _SERVER_RESULTS},
}
_NEEDED = {
    "text": ("text",),
    "image": ("source",),
    "document": ("source",),
    "tool_result": ("tool_use_id",),
    "tool_use": ("id", "input", "name"),
    "thinking": ("signature", "thinking"),
    "redacted_thinking": ("data",),
    "server_tool_use": ("id", "input", "name"),
    **{kind: ("content", "tool_use_id") for kind in _SERVER_RESULTS},
}
_ASSISTANT_ONLY = ("tool_use", "thinking", "redacted_thinking", "server_tool_use", *_SERVER_RESULTS)
_USER_ONLY = ("tool_result", "image", "document", "search_result", "container_upload")
_IN_RESULT = ("text", "image", "document", "search_result", "tool_reference")


def check_messages(messages: Any, model: StandInModel) -> int:
    """Refuse messages of the wrong form or order; returns how many cache breakpoints they hold."""
    check_type(messages, list, "messages")
    if not messages:
        invalid("messages: at least one message is required")
    breakpoints = 0
    for position, message in enumerate(messages):
        path = f"messages.{position}"
        check_type(message, dict, path)
        role = required(message, "role", path)
        if role not in ("user", "assistant"):
            text = (
                f'messages: Unexpected role "{role}". The Messages API accepts a top-level `system` parameter'
            )
            invalid(f'{text}, not "system" as an input message role.')
        check_fields(message, ("role", "content"), path)
        content = required(message, "content", path)
        last = position == len(messages) - 1
        if not content and not (last and role == "assistant"):
            invalid(
                f"{path}: all messages must have non-empty content"
                " except for the optional final assistant message"
            )
        if isinstance(content, str):
            if content and not content.strip():
                invalid("messages: text content blocks must contain non-whitespace text")
            continue
        check_type(content, list, f"{path}.content")
        for index, block in enumerate(content):
            breakpoints += check_block(block, role, f"{path}.content.{index}", model)
    if messages[0]["role"] != "user":
        invalid('messages: first message must use the "user" role')
    if messages[-1]["role"] == "assistant" and not model.prefill:
        text = "This model does not support assistant message prefill."
        invalid(f"{text} The conversation must end with a user message.")
    _check_order(messages)
    return breakpoints


def check_block(block: Any, role: str, path: str, model: StandInModel) -> int:
    """Refuse a block of the wrong form; returns how many cache breakpoints it holds."""
    check_type(block, dict, path)
    kind = check_tag(block, _FIELDS, path)
    if kind in (_ASSISTANT_ONLY if role == "user" else _USER_ONLY):
        other = "assistant" if role == "user" else "user"
        invalid(f"{path.rpartition('.content')[0]}: `{kind}` blocks can only be in `{other}` messages")
    cacheable = () if kind in ("thinking", "redacted_thinking") else ("cache_control",)
    check_fields(block, ("type", *cacheable, *_FIELDS[kind]), f"{path}.{kind}")
    for name in _NEEDED.get(kind, ()):
        required(block, name, f"{path}.{kind}")
    if kind == "text":
        check_type(block["text"], str, f"{path}.text.text")
        if not block["text"].strip():
            blank = "contain non-whitespace text" if block["text"] else "be non-empty"
            invalid(f"messages: text content blocks must {blank}")
    elif kind == "thinking":
        if block["signature"] != thinking_signature(model.name, block["thinking"]):
            invalid(f"{path}: Invalid `signature` in `thinking` block")
    elif kind == "redacted_thinking":
        if block["data"] != thinking_signature(model.name, ""):
            invalid(f"{path}: Invalid `data` in `redacted_thinking` block")
    elif kind in ("image", "document"):
        _check_source(block["source"], f"{path}.{kind}.source", model)
    elif kind in ("tool_use", "server_tool_use"):
        check_id(block["id"], f"{path}.{kind}.id")
        if kind == "server_tool_use" and not block["id"].startswith("srvtoolu_"):
            invalid(f"{path}.server_tool_use.id: String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'")
        check_id(block["name"], f"{path}.{kind}.name")
        check_type(block["input"], dict, f"{path}.{kind}.input")
    elif kind == "tool_result":
        check_id(block["tool_use_id"], f"{path}.tool_result.tool_use_id")
        inner = block.get("content") or ""
        for index, part in enumerate(inner if isinstance(inner, list) else ()):
            check_type(part, dict, f"{path}.tool_result.content.{index}")
            check_tag(part, _IN_RESULT, f"{path}.tool_result.content.{index}")
            check_block(part, "user", f"{path}.tool_result.content.{index}", model)
    return check_cache_control(block, f"{path}.{kind}")


def _check_source(source: Any, path: str, model: StandInModel) -> None:
    check_type(source, dict, path)
    kind = check_tag(source, ("base64", "url", "file", "text", "content"), path)
    needed = {"base64": ("media_type", "data"), "url": ("url",), "file": ("file_id",)}
    for name in needed.get(kind, ()):
        required(source, name, f"{path}.{kind}")
    if not model.images:
        invalid(f"{path}: '{model.name}' does not support image or document input.")


def _check_order(messages: list[dict[str, Any]]) -> None:
    last = messages[-1]
    if last["role"] == "assistant":
        text = last["content"] if isinstance(last["content"], str) else last["content"][-1:]
        text = text[0].get("text", "") if isinstance(text, list) and text else text
        if isinstance(text, str) and text != text.rstrip():
            invalid("messages: final assistant content cannot end with trailing whitespace")
    seen: set[str] = set()
    waiting: list[str] = []
    waiting_at = 0
    for position, role, blocks in _merged(messages):
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        for index, name in enumerate(results):
            if name not in waiting or name in results[:index]:
                text = f"unexpected `tool_use_id` found in `tool_result` blocks: {name}."
                where = f"messages.{position}.content.{index}"
                invalid(
                    f"{where}: {text} Each `tool_result` block must have a corresponding `tool_use` block"
                    " in the previous message."
                )
        # Results must come first in the message: a text before them counts as not having answered the call.
        first = [block["type"] for block in blocks[: len(results)]]
        missing = [name for name in waiting if name not in results] or (waiting if "text" in first else [])
        if missing:
            _refuse_open_calls(waiting_at, missing)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        waiting_at = position
        if len(set(waiting)) != len(waiting) or seen & set(waiting):
            invalid(f"messages.{position}: `tool_use` ids must be unique")
        seen |= set(waiting)
        _check_server_tools(position, role, blocks)
    if waiting:
        _refuse_open_calls(waiting_at, waiting)


def _refuse_open_calls(position: int, names: list[str]) -> NoReturn:
    text = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(names)}."
    more = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    invalid(f"messages.{position}: {text} {more}")


def _check_server_tools(position: int, role: str, blocks: list[dict[str, Any]]) -> None:
    used = [block["id"] for block in blocks if block["type"] == "server_tool_use"]
    for block in blocks:
        if block["type"] in _SERVER_RESULTS and block["tool_use_id"] not in used:
            text = f"unexpected `tool_use_id` found in `{block['type']}` blocks: {block['tool_use_id']}"
            invalid(f"messages.{position}: {text} ({role})")


def _merged(messages: list[dict[str, Any]]) -> list[tuple[int, str, list[dict[str, Any]]]]:
    """Turns with their blocks: neighbours of the same role count as one, as the API treats them."""
    turns: list[tuple[int, str, list[dict[str, Any]]]] = []
    for position, message in enumerate(messages):
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        if turns and turns[-1][1] == message["role"]:
            turns[-1][2].extend(blocks)
        else:
            turns.append((position, message["role"], blocks))
    return turns
