"""What Anthropic accepts in a request beside its messages."""

from __future__ import annotations

import re
from typing import Any

from examples.stand_in.anthropic_fields import (
    check_cache_control,
    check_fields,
    check_tag,
    check_type,
    invalid,
    required,
)
from examples.stand_in.anthropic_messages_rules import check_block, check_messages
from examples.stand_in.model import StandInModel

_COUNT_FIELDS = frozenset(
    [
        "messages",
        "model",
        "cache_control",
        "output_config",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    ]
)
_FIELDS = _COUNT_FIELDS | {
    *("max_tokens", "container", "inference_geo", "metadata", "service_tier"),
    *("stop_sequences", "stream", "temperature", "top_k", "top_p"),
}
_BETA_FIELDS = frozenset(["context_management", "mcp_servers", "output_format", "fallbacks", "compaction"])
_TOOL_FIELDS = frozenset(
    [
        *("name", "description", "input_schema", "cache_control", "type", "strict", "defer_loading"),
        *("allowed_callers", "eager_input_streaming", "input_examples"),
    ]
)
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}\Z")
_SERVER_TOOL = re.compile(r"[a-z_]+_\d{8}\Z")
_MOST_BREAKPOINTS = 4


def check_request(body: dict[str, Any], model: StandInModel, *, beta: bool, counting: bool) -> None:
    """Refuse what the Messages API refuses. `beta` allows the beta API's extra fields."""
    allowed = _COUNT_FIELDS if counting else _FIELDS
    check_fields(body, allowed | _BETA_FIELDS if beta else allowed)
    if not counting:
        limit = required(body, "max_tokens")
        check_type(limit, int, "max_tokens")
        if limit < 1:
            invalid("max_tokens: Input should be greater than or equal to 1")
    breakpoints = check_messages(required(body, "messages"), model) + _check_system(body.get("system"), model)
    breakpoints += _check_tools(body, model)
    if breakpoints > _MOST_BREAKPOINTS:
        most = _MOST_BREAKPOINTS
        invalid(f"A maximum of {most} blocks with cache_control may be provided. Found {breakpoints}.")
    for name, high in (("temperature", 1), ("top_p", 1)):
        if name in body:
            check_type(body[name], float, name)
            if not 0 <= body[name] <= high:
                invalid(f"{name}: Input should be between 0 and {high}")
    for index, stop in enumerate(body.get("stop_sequences") or ()):
        check_type(stop, str, f"stop_sequences.{index}")
        if not stop.strip():
            invalid("stop_sequences: each stop sequence must contain non-whitespace")
    _check_output(body, model)
    _check_thinking(body)


def _check_system(system: Any, model: StandInModel) -> int:
    if system is None or isinstance(system, str):
        return 0
    check_type(system, list, "system")
    breakpoints = 0
    for index, block in enumerate(system):
        check_type(block, dict, f"system.{index}")
        check_tag(block, ("text",), f"system.{index}")
        breakpoints += check_block(block, "user", f"system.{index}", model)
    return breakpoints


def _check_tools(body: dict[str, Any], model: StandInModel) -> int:
    choice = body.get("tool_choice")
    tools = body.get("tools") or []
    if choice is not None:
        check_type(choice, dict, "tool_choice")
        kind = check_tag(choice, ("auto", "any", "tool", "none"), "tool_choice")
        allowed = {"tool": ("name", "disable_parallel_tool_use"), "none": ()}
        check_fields(
            choice, ("type", *allowed.get(kind, ("disable_parallel_tool_use",))), f"tool_choice.{kind}"
        )
        if not tools:
            invalid("tool_choice: tool_choice may only be specified while providing tools.")
    check_type(tools, list, "tools")
    if tools and not model.tools:
        invalid(f"'{model.name}' does not support tool use.")
    breakpoints = 0
    names = []
    for index, tool in enumerate(tools):
        path = f"tools.{index}"
        check_type(tool, dict, path)
        kind = tool.get("type", "custom")
        if not isinstance(kind, str) or not (kind == "custom" or _SERVER_TOOL.match(kind)):
            invalid(f"{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
        name = required(tool, "name", f"{path}.{kind}")
        if kind == "custom":
            _check_custom(tool, f"{path}.custom")
        names.append(name)
        breakpoints += check_cache_control(tool, path)
    if len(set(names)) != len(names):
        invalid("tools: Tool names must be unique.")
    if choice is not None and choice["type"] == "tool":
        name = required(choice, "name", "tool_choice.tool")
        if name not in names:
            invalid(f"tool_choice: Tool '{name}' not found in provided tools")
    return breakpoints


def _check_custom(tool: dict[str, Any], path: str) -> None:
    check_fields(tool, _TOOL_FIELDS, path)
    check_type(tool["name"], str, f"{path}.name")
    if not _TOOL_NAME.match(tool["name"]):
        invalid(f"{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    schema = required(tool, "input_schema", path)
    check_type(schema, dict, f"{path}.input_schema")
    if required(schema, "type", f"{path}.input_schema") != "object":
        invalid(f"{path}.input_schema.type: Input should be 'object'")
    if tool.get("strict"):
        _check_closed(schema, f"{path}.input_schema")


def _check_output(body: dict[str, Any], model: StandInModel) -> None:
    config = body.get("output_config")
    wanted = body.get("output_format")
    if config is not None:
        check_type(config, dict, "output_config")
        check_fields(config, ("effort", "format", "task_budget"), "output_config")
        wanted = config.get("format") or wanted
    if wanted is None:
        return
    check_type(wanted, dict, "output_config.format")
    check_tag(wanted, ("json_schema",), "output_config.format")
    check_fields(wanted, ("type", "schema"), "output_config.format")
    if not model.json_schema:
        invalid(f"'{model.name}' does not support output format.")
    _check_closed(required(wanted, "schema", "output_config.format"), "output_config.format.schema")


def _check_closed(schema: Any, path: str) -> None:
    if isinstance(schema, list):
        for each in schema:
            _check_closed(each, path)
        return
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        invalid(f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for key in ("properties", "$defs", "definitions"):
        _check_closed(list(schema.get(key, {}).values()), path)
    for key in ("anyOf", "allOf", "items"):
        _check_closed(schema.get(key), path)


def _check_thinking(body: dict[str, Any]) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    check_type(thinking, dict, "thinking")
    kind = check_tag(thinking, ("enabled", "disabled", "adaptive"), "thinking")
    if kind == "disabled":
        return
    if kind == "enabled":
        budget = required(thinking, "budget_tokens", "thinking.enabled")
        if budget < 1_024:
            invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if "max_tokens" in body and budget >= body["max_tokens"]:
            invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        invalid("Thinking may not be enabled when tool_choice forces tool use.")
    # Inside a tool loop the turn that called the tool must bring its own thinking back.
    messages = body["messages"]
    if kind == "enabled" and len(messages) > 1 and isinstance(messages[-1]["content"], list):
        closes = any(block["type"] == "tool_result" for block in messages[-1]["content"])
        before = messages[-2]["content"]
        first = before[0]["type"] if isinstance(before, list) and before else "text"
        if closes and first not in ("thinking", "redacted_thinking"):
            place = f"messages.{len(messages) - 2}.content.0.type"
            text = f"Expected `thinking` or `redacted_thinking`, but found `{first}`."
            invalid(
                f"{place}: {text} When `thinking` is enabled, a final `assistant` message"
                " must start with a thinking block."
            )
