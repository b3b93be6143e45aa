"""What OpenAI accepts in a chat request beside its messages."""

from __future__ import annotations

import json
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
from examples.stand_in.openai_messages import check_messages

_KINDS: dict[str, tuple[type, ...]] = {
    "messages": (list,),
    "model": (str,),
    "audio": (dict,),
    "frequency_penalty": (float,),
    "function_call": (str, dict),
    "functions": (list,),
    "logit_bias": (dict,),
    "logprobs": (bool,),
    "max_completion_tokens": (int,),
    "max_tokens": (int,),
    "metadata": (dict,),
    "modalities": (list,),
    "moderation": (dict,),
    "n": (int,),
    "parallel_tool_calls": (bool,),
    "prediction": (dict,),
    "presence_penalty": (float,),
    "prompt_cache_key": (str,),
    "prompt_cache_options": (dict,),
    "prompt_cache_retention": (str,),
    "reasoning_effort": (str,),
    "response_format": (dict,),
    "safety_identifier": (str,),
    "seed": (int,),
    "service_tier": (str,),
    "stop": (str, list),
    "store": (bool,),
    "stream": (bool,),
    "stream_options": (dict,),
    "temperature": (float,),
    "tool_choice": (str, dict),
    "tools": (list,),
    "top_logprobs": (int,),
    "top_p": (float,),
    "user": (str,),
    "verbosity": (str,),
    "web_search_options": (dict,),
}
_NULLABLE = frozenset(_KINDS) - {
    "messages",
    "model",
    "tools",
    "tool_choice",
    "response_format",
    "parallel_tool_calls",
}


def check_chat(body: dict[str, Any], model: StandInModel) -> None:
    """Refuse what OpenAI's chat endpoint refuses."""
    check_fields(body, _KINDS)
    for name, value in body.items():
        if value is not None or name not in _NULLABLE:
            check_type(value, _KINDS[name], name)
    check_messages(required(body, "messages"), model)
    check_sampling(body, model)
    _check_tools(body, model)
    _check_format(body, model)
    if "functions" in body or "function_call" in body:
        invalid("The parameters 'functions' and 'function_call' are served by no model here.", "functions")


def check_sampling(body: dict[str, Any], model: StandInModel) -> None:
    """Refuse numbers out of range, and options nobody here can honour."""
    if "stream_options" in body and not model.stream_options:
        invalid("Unrecognized request argument supplied: stream_options", "stream_options")
    for name, high in (("temperature", 2), ("top_p", 1)):
        value = body.get(name)
        if value is not None and not 0 <= value <= high:
            bound = f"{'minimum' if value < 0 else 'maximum'} value"
            text = (
                f"Invalid '{name}': decimal out of range. Expected a value with {bound} between 0 and {high}."
            )
            invalid(text, name, "decimal_above_max_value" if value > high else "decimal_below_min_value")
    for name in ("max_tokens", "max_completion_tokens"):
        if body.get(name) is not None and body[name] < 1:
            text = (
                f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {body[name]}"
            )
            invalid(f"{text} instead.", name, "integer_below_min_value")
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        invalid(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
        )
    if body.get("n") not in (None, 1):
        invalid("Unsupported value: 'n' supports only 1 with this model.", "n", "unsupported_value")
    if body.get("logprobs"):
        invalid("You are not allowed to request logprobs from this model.", "logprobs", None)
    stops = body.get("stop") or []
    if isinstance(stops, list) and len(stops) > 4:
        text = (
            f"Invalid 'stop': array too long. Expected an array with maximum length 4, but got {len(stops)}"
        )
        invalid(f"{text} instead.", "stop", "array_above_max_length")
    if body.get("stream_options") is not None:
        if not body.get("stream"):
            text = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            invalid(text, "stream_options", None)
        check_fields(body["stream_options"], ("include_usage", "include_obfuscation"), "stream_options")


def _check_tools(body: dict[str, Any], model: StandInModel) -> None:
    for name in ("tool_choice", "parallel_tool_calls"):
        if name in body and "tools" not in body:
            invalid(
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.",
                name,
                None,
            )
    if "tools" not in body:
        return
    if not model.tools:
        invalid(
            "tools is not supported in this model. For a list of supported models, refer to the docs.",
            "tools",
        )
    if not body["tools"]:
        text = "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array"
        invalid(f"{text} with length 0 instead.", "tools", "empty_array")
    names = [_check_tool(tool, f"tools[{index}]") for index, tool in enumerate(body["tools"])]
    choice = body.get("tool_choice", "auto")
    if isinstance(choice, str):
        check_choice(choice, ("none", "auto", "required"), "tool_choice")
        return
    kind = required(choice, "type", "tool_choice")
    check_choice(kind, ("function", "custom", "allowed_tools"), "tool_choice.type")
    check_fields(choice, ("type", kind), "tool_choice")
    if kind != "allowed_tools":
        name = required(required(choice, kind, "tool_choice"), "name", f"tool_choice.{kind}")
        if name not in names:
            text = f"Tool choice '{name}' not found in 'tools' parameter."
            invalid(f"Invalid value for 'tool_choice': {text}", "tool_choice", None)


def _check_tool(tool: Any, path: str) -> str:
    check_type(tool, (dict,), path)
    kind = required(tool, "type", path)
    check_choice(kind, ("function", "custom"), f"{path}.type")
    check_fields(tool, ("type", kind), path)
    inner = required(tool, kind, path)
    check_type(inner, (dict,), f"{path}.{kind}")
    check_fields(inner, ("name", "description", "parameters", "strict", "format"), f"{path}.{kind}")
    name = required(inner, "name", f"{path}.{kind}")
    check_id(name, f"{path}.{kind}.name")
    parameters = inner.get("parameters")
    if parameters is not None:
        check_type(parameters, (dict,), f"{path}.{kind}.parameters")
        if parameters.get("type") != "object":
            text = f"Invalid schema for function '{name}': schema must be of 'type: \"object\"', got"
            invalid(f"{text} 'type: \"{parameters.get('type')}\"'.", path, "invalid_function_parameters")
        if inner.get("strict"):
            check_strict(parameters, f"function '{name}'", f"{path}.function.parameters")
    return str(name)


def _check_format(body: dict[str, Any], model: StandInModel) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = required(wanted, "type", "response_format")
    check_choice(kind, ("text", "json_object", "json_schema"), "response_format.type")
    check_fields(wanted, ("type", "json_schema") if kind == "json_schema" else ("type",), "response_format")
    if kind == "text":
        return
    if not model.json_schema:
        text = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
        invalid(f"{text} Learn more about supported models in the documentation.", "response_format", None)
    if kind == "json_object":
        if "json" not in json.dumps([message.get("content") for message in body["messages"]]).lower():
            text = "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
            invalid(f"{text} 'json_object'.", "messages", None)
        return
    inner = required(wanted, "json_schema", "response_format")
    check_fields(inner, ("name", "description", "schema", "strict"), "response_format.json_schema")
    name = required(inner, "name", "response_format.json_schema")
    check_id(name, "response_format.json_schema.name")
    if inner.get("strict"):
        schema = required(inner, "schema", "response_format.json_schema")
        check_strict(schema, f"response_format '{name}'", "response_format")


def check_strict(schema: Any, owner: str, param: str, context: tuple[str, ...] = ()) -> None:
    """Refuse a schema that strict mode refuses: open objects, and properties that are not required."""
    if not isinstance(schema, dict):
        return
    complaint = ""
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            complaint = "'additionalProperties' is required to be supplied and to be false."
        elif set(schema.get("required", ())) != set(schema.get("properties", {})):
            complaint = (
                "'required' is required to be supplied and to be an array including every key in properties."
            )
    if complaint:
        text = f"Invalid schema for {owner}: In context={context!r}, {complaint}"
        invalid(text, param, "invalid_function_parameters" if owner.startswith("function") else None)
    for key in ("properties", "$defs", "definitions"):
        for name, inner in schema.get(key, {}).items():
            check_strict(inner, owner, param, (*context, key, name))
    for key in ("anyOf", "allOf", "oneOf"):
        for index, inner in enumerate(schema.get(key, ())):
            check_strict(inner, owner, param, (*context, key, str(index)))
    check_strict(schema.get("items"), owner, param, (*context, "items"))
