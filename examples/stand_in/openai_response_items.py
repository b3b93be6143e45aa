"""What OpenAI's Responses API accepts as input: its items, their order, and whose they are."""

from __future__ import annotations

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
from examples.stand_in.refusal import Refusal
from examples.stand_in.response_store import ResponseStore, decrypts

_SERVER_CALLS = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
)
_FIELDS: dict[str, tuple[str, ...]] = {
    "message": ("type", "role", "content", "id", "status", "phase"),
    "reasoning": ("type", "id", "summary", "content", "encrypted_content", "status"),
    "function_call": ("type", "id", "call_id", "name", "arguments", "status", "namespace", "caller"),
    "function_call_output": ("type", "id", "call_id", "output", "status"),
    "item_reference": ("type", "id"),
}
_PARTS = {
    "user": ("input_text", "input_image", "input_file"),
    "system": ("input_text",),
    "developer": ("input_text",),
    "assistant": ("output_text", "refusal"),
}
_PART_FIELDS = {
    "input_text": ("type", "text"),
    "input_image": ("type", "image_url", "file_id", "detail"),
    "input_file": ("type", "file_data", "file_id", "file_url", "filename"),
    "output_text": ("type", "text", "annotations", "logprobs"),
    "refusal": ("type", "refusal"),
}
# Items that are looked up by their id, whatever else they say.
_LOOKED_UP = ("message", "reasoning", "item_reference")
_PREFIXES = {"message": "msg_", "reasoning": "rs_", "function_call": "fc_"}


def check_items(items: list[Any], model: StandInModel, store: ResponseStore, account: str) -> None:
    """Refuse items of the wrong form or order, of another account, or of no use to this model."""
    for position, item in enumerate(items):
        path = f"input[{position}]"
        check_type(item, (dict,), path)
        item.setdefault("type", "message")
        kind = item["type"]
        check_choice(kind, (*_FIELDS, *_SERVER_CALLS), f"{path}.type")
        if kind in _FIELDS:
            check_fields(item, _FIELDS[kind], path)
        _check_item(item, kind, path)
    _check_owners(items, model, store, account)
    _check_order(items)


def _check_item(item: dict[str, Any], kind: str, path: str) -> None:
    if kind == "message":
        _check_message(item, path)
    elif kind == "reasoning":
        check_type(required(item, "summary", path), (list,), f"{path}.summary")
    elif kind == "function_call":
        for name in ("call_id", "name"):
            check_id(required(item, name, path), f"{path}.{name}")
        check_type(required(item, "arguments", path), (str,), f"{path}.arguments")
    elif kind == "function_call_output":
        check_id(required(item, "call_id", path), f"{path}.call_id")
        check_type(required(item, "output", path), (str, list), f"{path}.output")
    if item.get("id") is not None:
        check_id(item["id"], f"{path}.id")
        prefix = _PREFIXES.get(kind, "")
        if not item["id"].startswith(prefix):
            text = f"Invalid '{path}.id': '{item['id']}'. Expected an ID that begins with '{prefix[:-1]}'."
            invalid(text, f"{path}.id")


def _check_message(item: dict[str, Any], path: str) -> None:
    role = required(item, "role", path)
    check_choice(role, _PARTS, f"{path}.role")
    content = required(item, "content", path)
    check_type(content, (str, list), f"{path}.content")
    for index, part in enumerate(content if isinstance(content, list) else ()):
        each = f"{path}.content[{index}]"
        check_type(part, (dict,), each)
        kind = required(part, "type", each)
        check_choice(kind, _PARTS[role], f"{each}.type")
        check_fields(part, _PART_FIELDS[kind], each)


def _check_owners(
    items: list[dict[str, Any]], model: StandInModel, store: ResponseStore, account: str
) -> None:
    given = {item.get("id") for item in items}
    for item in items:
        kind, name = item["type"], item.get("id")
        if kind == "reasoning" and not model.reasoning:
            text = "Reasoning input items can only be provided to a reasoning or computer use model."
            invalid(f"{text} Remove reasoning items from your input and try again.", "input", None)
        if item.get("encrypted_content"):
            if not decrypts(item["encrypted_content"], account):
                text = (
                    f"The encrypted content for item {name} could not be verified. Reason: Encrypted content"
                )
                text += " organization_id did not match the target organization."
                invalid(text, None, "invalid_encrypted_content")
            continue
        if name is None:
            continue
        kept = store.item(name, account)
        if kept is None and kind not in _LOOKED_UP:
            # A call brings all that it is with it.
            continue
        if kept is None:
            text = f"Item with id '{name}' not found. Items are not persisted when `store` is set to false."
            text += " Try again with `store` set to true, or remove this item from your input."
            raise Refusal(404, text, param="input")
        if kept.reasoning is not None and kept.reasoning not in given:
            text = f"Item '{name}' of type '{kind}' was provided without its required 'reasoning' item:"
            invalid(f"{text} '{kept.reasoning}'.", "input", None)


def _check_order(items: list[dict[str, Any]]) -> None:
    made = ("message", "function_call", "reasoning", *_SERVER_CALLS)
    for item, following in zip(items, [*items[1:], {}], strict=True):
        follows = following.get("type") in made and following.get("role", "assistant") == "assistant"
        if item["type"] == "reasoning" and not follows:
            text = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following"
            invalid(f"{text} item.", "input", None)
    calls: list[str] = []
    for item in items:
        if item["type"] == "function_call":
            if item["call_id"] in calls:
                invalid(f"Duplicate function call with call_id {item['call_id']}.", "input", None)
            calls.append(item["call_id"])
        elif item["type"] == "function_call_output" and item["call_id"] not in calls:
            text = f"No tool call found for function call output with call_id {item['call_id']}."
            invalid(text, "input", None)
    answered = {item["call_id"] for item in items if item["type"] == "function_call_output"}
    for name in calls:
        if name not in answered:
            invalid(f"No tool output found for function call {name}.", "input", None)
