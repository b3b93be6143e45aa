"""Langfuse: observations and traces, of its UI, its API and its blob storage export, in JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routellm_core.preferences.reading.layouts.layout import (
    NO_CALL,
    OneRowLayout,
    Values,
    has,
    objects,
    with_usage,
)
from routellm_core.preferences.reading.layouts.openai_bodies import answer_of, request_messages
from routellm_core.preferences.reading.logged_call import CallKind, RawCall
from routellm_core.preferences.reading.messages import Message, messages_of
from routellm_core.preferences.reading.nested import first, seconds, unpacked, word

_OTHER_TYPES = ("SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "GUARDRAIL")

_OF_OBSERVATIONS = (
    "usageDetails",
    "usage_details",
    "providedModelName",
    "provided_model_name",
    "parentObservationId",
    "parent_observation_id",
    "promptTokens",
    "modelParameters",
    "model_parameters",
)

_OF_TRACES = ("sessionId", "session_id", "userId", "user_id", "release", "bookmarked", "htmlPath")

_KINDS: Mapping[str, CallKind | None] = {"GENERATION": None, "EMBEDDING": "embedding"}


class LangfuseExport(OneRowLayout):
    """Observations, of which generations are calls; of traces without them, what came in and went out."""

    name = "langfuse"
    title = "a Langfuse export"

    def matches(self, values: Values) -> bool:
        """A generation or span with Langfuse's own fields, or a trace."""
        if str(values.get("type", "")).upper() in (*_KINDS, *_OTHER_TYPES) and (
            "traceId" in values or "trace_id" in values
        ):
            return True
        if any(name in values for name in _OF_OBSERVATIONS) and "input" in values:
            return True
        return "observations" in values or (
            "input" in values and "output" in values and sum(name in values for name in _OF_TRACES) >= 2
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The observations inside a trace, or the row itself."""
        inside = objects(values.get("observations"))
        if inside:
            return [self._call(one) for one in inside]
        return [self._call(values)]

    def _call(self, row: Values) -> RawCall:
        kind = str(row.get("type") or "").upper()
        if kind in _OTHER_TYPES:
            return NO_CALL
        call = RawCall(
            messages=_sent(row.get("input")),
            answer=answer_of(row.get("output")),
            model=word(first(row, "model", "providedModelName", "provided_model_name", "modelId")),
            conversation=word(first(row, "sessionId", "session_id", "traceId", "trace_id")),
            parent=word(first(row, "parentObservationId", "parent_observation_id")),
            time=seconds(first(row, "startTime", "start_time", "timestamp")),
            name=word(row.get("name")) or "",
            kind="error" if str(row.get("level", "")).upper() == "ERROR" else _KINDS.get(kind),
        )
        usages = [row.get(name) for name in ("usageDetails", "usage_details", "usage")]
        columns = (
            "promptTokens",
            "completionTokens",
            "inputUsage",
            "outputUsage",
            "input_usage",
            "output_usage",
        )
        flat = {_FLAT.get(name, name): row[name] for name in columns if has(row, name)}
        return with_usage(call, *usages, flat)


# Of older exports.
_FLAT = {"inputUsage": "input", "outputUsage": "output", "input_usage": "input", "output_usage": "output"}


def _sent(value: object) -> list[Message] | None:
    found = unpacked(value)
    if isinstance(found, dict) and "messages" not in found:
        known = request_messages(found)
        if known is not None:
            return known
        text = first(found, "question", "query", "text", "user_input", "args.0")
        return messages_of(text)
    return messages_of(found)
