"""What OpenAI's Responses API accepts in a request beside its input."""

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
from examples.stand_in.openai_rules import check_strict

_KINDS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "input": (str, list),
    "include": (list,),
    "instructions": (str,),
    "max_output_tokens": (int,),
    "metadata": (dict,),
    "parallel_tool_calls": (bool,),
    "previous_response_id": (str,),
    "prompt_cache_key": (str,),
    "reasoning": (dict,),
    "service_tier": (str,),
    "store": (bool,),
    "stream": (bool,),
    "stream_options": (dict,),
    "temperature": (float,),
    "text": (dict,),
    "tool_choice": (str, dict),
    "tools": (list,),
    "top_p": (float,),
    "truncation": (str,),
    "user": (str,),
}


def check_settings(body: dict[str, Any], model: StandInModel) -> None:
    """Refuse what the Responses API refuses for this model."""
    check_fields(body, _KINDS)
    for name, value in body.items():
        if value is not None:
            check_type(value, _KINDS[name], name)
    if body.get("reasoning") and not model.reasoning:
        name = "reasoning.effort" if "effort" in body["reasoning"] else "reasoning.summary"
        _refuse(name)
    if model.reasoning:
        for name in ("temperature", "top_p"):
            if body.get(name) is not None:
                _refuse(name)
    for name in body.get("include") or ():
        if name == "reasoning.encrypted_content" and not model.reasoning:
            invalid("Encrypted content is not supported with this model.", "include")
    if body.get("tools") and not model.tools:
        _refuse("tools")
    for position, tool in enumerate(body.get("tools") or ()):
        _check_tool(tool, f"tools[{position}]")
    _check_format(body, model)


def _refuse(name: str) -> None:
    invalid(
        f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter"
    )


def _check_tool(tool: Any, path: str) -> None:
    check_type(tool, (dict,), path)
    if required(tool, "type", path) != "function":
        # Tools of OpenAI's own are served by no model here; offering them is allowed.
        check_id(tool["type"], f"{path}.type")
        return
    check_fields(tool, ("type", "name", "description", "parameters", "strict"), path)
    check_id(required(tool, "name", path), f"{path}.name")
    if tool.get("strict"):
        check_strict(tool.get("parameters"), f"function '{tool['name']}'", f"{path}.parameters")


def _check_format(body: dict[str, Any], model: StandInModel) -> None:
    wanted = (body.get("text") or {}).get("format")
    if wanted is None:
        return
    kind = required(wanted, "type", "text.format")
    check_choice(kind, ("text", "json_object", "json_schema"), "text.format.type")
    if kind == "text":
        return
    if not model.json_schema:
        _refuse("text.format")
    if kind == "json_schema":
        check_id(required(wanted, "name", "text.format"), "text.format.name")
        if wanted.get("strict"):
            check_strict(
                required(wanted, "schema", "text.format"), f"response_format '{wanted['name']}'", "text"
            )
