"""LiteLLM: rows of its standard logging payload and of its spend logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from routellm_core.preferences.reading.layouts.layout import OneRowLayout, Values, has, with_usage
from routellm_core.preferences.reading.layouts.openai_bodies import call_of_bodies
from routellm_core.preferences.reading.logged_call import RawCall
from routellm_core.preferences.reading.nested import first, mapping, seconds, unpacked, word

_OWN = (
    "startTime",
    "response_cost",
    "model_group",
    "spend",
    "request_id",
    "litellm_call_id",
    "api_base",
    "model_map_information",
)


class LiteLLMLog(OneRowLayout):
    """One call a row; the payload may lie under `standard_logging_object`."""

    name = "litellm"
    title = "a LiteLLM log"

    def matches(self, values: Values) -> bool:
        """A type of call beside LiteLLM's own fields."""
        return "standard_logging_object" in values or (
            "call_type" in values and any(name in values for name in _OWN)
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The call of the row."""
        payload = mapping(values.get("standard_logging_object")) or values
        messages = unpacked(payload.get("messages"))
        # Spend logs keep the messages in what the proxy was sent.
        sent: Mapping[str, object] = (
            {"messages": messages} if messages else mapping(payload.get("proxy_server_request"))
        )
        call = call_of_bodies(
            sent,
            payload.get("response"),
            time=seconds(payload.get("startTime")),
            parent=word(first(payload, "trace_id")),
        )
        kind = str(payload.get("call_type", "")).lower()
        failed = str(payload.get("status", "")).lower() == "failure" or has(payload, "error_str", "exception")
        call = replace(
            call,
            model=word(payload.get("model")) or call.model,
            conversation=word(first(payload, "session_id", "metadata.session_id", "trace_id")),
            kind="error" if failed else "embedding" if "embedding" in kind else call.kind,
        )
        if call.usage is not None:
            return [call]
        details = first(payload, "metadata.usage_object")
        return [with_usage(replace(call, impossible=""), details, payload)]
