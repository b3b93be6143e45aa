"""Spans: model calls as OpenInference (Phoenix) and OpenTelemetry's GenAI conventions write them.

OTLP JSON nests them (`resourceSpans[].scopeSpans[].spans[]`, attributes as key and typed value); exports of
Phoenix have one a row, with attributes nested, dotted or as columns `attributes.llm...`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from routellm_core.preferences.reading.layouts.layout import (
    NO_CALL,
    OneRowLayout,
    Values,
    objects,
    with_usage,
)
from routellm_core.preferences.reading.layouts.openai_bodies import answer_of, request_messages
from routellm_core.preferences.reading.logged_call import CallKind, RawCall
from routellm_core.preferences.reading.messages import Message, messages_of
from routellm_core.preferences.reading.nested import mapping, seconds, unpacked, word

_INDEX = re.compile(r"^(llm\.(?:input|output)_messages|gen_ai\.(?:prompt|completion))\.(\d{1,6})\.(.+)$")

_KINDS: Mapping[str, CallKind] = {"EMBEDDING": "embedding", "EMBEDDINGS": "embedding"}

_CALLS = ("chat", "text_completion", "generate_content", "invoke_model", "completion")

_PREFIX = "attributes."


class Spans(OneRowLayout):
    """Spans of either convention; those of a model are calls."""

    name = "opentelemetry"
    title = "spans of OpenInference or OpenTelemetry"

    def matches(self, values: Values) -> bool:
        """OTLP, or a span with attributes of a model call."""
        if "resourceSpans" in values or "resource_spans" in values or "scopeSpans" in values:
            return True
        if "span_kind" in values and any(name.startswith(_PREFIX) for name in values):
            return True
        attributes = _attributes(values)
        return any(
            name.startswith(("llm.", "gen_ai.", "openinference.", "input.value")) for name in attributes
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """Each span of the row."""
        return [self._call(span) for span in _spans(values)]

    def _call(self, span: Values) -> RawCall:
        attributes = _attributes(span)
        kind = str(attributes.get("openinference.span.kind") or span.get("span_kind") or "").upper()
        operation = str(attributes.get("gen_ai.operation.name") or "").lower()
        embedding = _KINDS.get(kind) or _KINDS.get(operation.upper())
        is_model = (
            kind == "LLM" or operation in _CALLS or (not kind and not operation and _names_model(attributes))
        )
        if not is_model and embedding is None:
            return NO_CALL
        call = RawCall(
            messages=_sent(attributes, span),
            answer=_answer(attributes),
            model=word(
                attributes.get("llm.model_name")
                or attributes.get("gen_ai.response.model")
                or attributes.get("gen_ai.request.model")
            ),
            conversation=word(attributes.get("session.id") or attributes.get("gen_ai.conversation.id")),
            parent=word(span.get("parentSpanId") or span.get("parent_id") or span.get("parent_span_id")),
            time=seconds(span.get("startTimeUnixNano") or span.get("start_time") or span.get("startTime")),
            name=word(span.get("name")) or "",
            kind="error" if _failed(span) else embedding,
        )
        return with_usage(call, _counts(attributes))


def _spans(values: Values) -> Iterator[Values]:
    resources = objects(values.get("resourceSpans") or values.get("resource_spans"))
    scopes = [
        scope
        for resource in resources or [values]
        for scope in objects(resource.get("scopeSpans") or resource.get("scope_spans"))
    ]
    if not resources and not scopes:
        yield values
    for scope in scopes:
        yield from objects(scope.get("spans"))


def _attributes(span: Values) -> Values:
    """Return dotted name -> plain value."""
    given = unpacked(span.get("attributes"))
    if isinstance(given, list):
        return {str(one.get("key")): _plain(one.get("value")) for one in objects(given)}
    if isinstance(given, Mapping):
        return dict(_flat(given, ""))
    columns = {name[len(_PREFIX) :]: value for name, value in span.items() if name.startswith(_PREFIX)}
    return columns or {name: value for name, value in span.items() if "." in name}


def _flat(values: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and not path.endswith(("messages", ".value")):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _plain(value: object) -> object:
    # OTLP: {"stringValue": "x"}, {"intValue": "12"}, {"arrayValue": {"values": [...]}}, {"kvlistValue": ...}
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [_plain(one) for one in mapping(inner).get("values", [])]  # type: ignore[attr-defined]
    if kind == "kvlistValue":
        return {
            str(one.get("key")): _plain(one.get("value")) for one in objects(mapping(inner).get("values"))
        }
    return inner if isinstance(kind, str) and kind.endswith("Value") else value


def _numbered(attributes: Values, prefix: str) -> list[dict[str, object]]:
    """Return the messages of `llm.input_messages.0.message.role` and the like, in order."""
    found: dict[int, dict[str, object]] = {}
    for name, value in attributes.items():
        match = _INDEX.match(name)
        if match and match[1] == prefix:
            message = found.setdefault(int(match[2]), {})
            rest = match[3].removeprefix("message.")
            if rest.startswith("contents.") and rest.endswith((".text", ".value")):
                message["content"] = "\n".join(
                    part for part in (message.get("content"), value) if isinstance(part, str)
                )
            elif rest in ("role", "content"):
                message[rest] = value
    return [found[number] for number in sorted(found)]


def _sent(attributes: Values, span: Values) -> list[Message] | None:
    for prefix in ("llm.input_messages", "gen_ai.prompt"):
        numbered = _numbered(attributes, prefix)
        if numbered:
            return messages_of(numbered)
    turns: list[Message] = []
    for name in ("gen_ai.system_instructions", "gen_ai.input.messages", "llm.input_messages"):
        found = messages_of(attributes.get(name)) if attributes.get(name) else None
        turns += [Message("system", one.text) for one in found or ()] if "system" in name else found or []
    turns = turns or _of_events(span)
    if turns:
        return turns
    value = unpacked(attributes.get("input.value"))
    if isinstance(value, Mapping):
        return request_messages(value)
    return messages_of(value)


def _of_events(span: Values) -> list[Message]:
    # An older form: an event a message, such as gen_ai.user.message.
    turns: list[Message] = []
    for event in objects(span.get("events")):
        parts = str(event.get("name", "")).split(".")
        if len(parts) == 3 and parts[0] == "gen_ai" and parts[2] == "message":
            attributes = _attributes(event)
            content = attributes.get("content") or attributes.get("gen_ai.event.content")
            inner = unpacked(content)
            text = inner.get("content") if isinstance(inner, Mapping) else inner
            turns += messages_of([{"role": parts[1], "content": text}]) or []
    return turns


def _answer(attributes: Values) -> str | None:
    for prefix in ("llm.output_messages", "gen_ai.completion"):
        numbered = _numbered(attributes, prefix)
        if numbered:
            return word(numbered[0].get("content"))
    turns = (
        messages_of(attributes.get("gen_ai.output.messages"))
        if attributes.get("gen_ai.output.messages")
        else None
    )
    return turns[-1].text or None if turns else answer_of(attributes.get("output.value"))


def _counts(attributes: Values) -> dict[str, object]:
    names = {
        "llm.token_count.prompt": "input_tokens",
        "llm.token_count.completion": "output_tokens",
        "llm.token_count.prompt_details.cache_read": "cached_tokens",
        "gen_ai.usage.input_tokens": "input_tokens",
        "gen_ai.usage.prompt_tokens": "input_tokens",
        "gen_ai.usage.output_tokens": "output_tokens",
        "gen_ai.usage.completion_tokens": "output_tokens",
        "gen_ai.usage.cache_read.input_tokens": "cached_tokens",
        "gen_ai.usage.cache_read_input_tokens": "cached_tokens",
    }
    return {ours: attributes[theirs] for theirs, ours in names.items() if attributes.get(theirs) is not None}


def _names_model(attributes: Values) -> bool:
    return any(attributes.get(name) for name in ("llm.model_name", "gen_ai.request.model"))


def _failed(span: Values) -> bool:
    status = mapping(span.get("status"))
    code = status.get("code", span.get("status_code"))
    return code in (2, "2", "ERROR", "STATUS_CODE_ERROR")
