"""OpenAI logs: requests with their answers, and batch files (OpenAI's API reference and batch guide)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from routellm_core.preferences.reading.layouts.layout import NO_CALL, OneRowLayout, Values, has, with_usage
from routellm_core.preferences.reading.layouts.openai_bodies import call_of_bodies, request_messages
from routellm_core.preferences.reading.logged_call import RawCall
from routellm_core.preferences.reading.nested import first, mapping, seconds, unpacked, word

_REQUESTS = ("request", "request_body", "requestBody", "req", "body", "kwargs", "reqPayload")
_RESPONSES = ("response", "response_body", "responseBody", "resp", "completion", "respPayload")

_STATUS = ("status_code", "statusCode", "http_status", "response_status")


class OpenAILog(OneRowLayout):
    """`{"request": {...}, "response": {...}}`, or the fields of both in one object."""

    name = "openai"
    title = "an OpenAI request log"

    def matches(self, values: Values) -> bool:
        """A request inside, or messages beside what only an answer has."""
        request = self._request(values)
        if request is not None:
            return has(request, "messages", "input", "prompt", "contents")
        return has(values, "messages", "input") and has(
            values, "choices", "response", "usage", "instructions"
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """One call a row."""
        request = self._request(values)
        response = next((values[name] for name in _RESPONSES if has(values, name)), None)
        sent = values if request is None else request
        answered: object = response if response is not None else (values if request is None else None)
        body = mapping(answered).get("body", answered) if response is not None else answered
        call = call_of_bodies(
            sent,
            body,
            time=seconds(
                first(values, "time", "timestamp", "created_at", "created", "start_time", "requestedAt")
            )
            or seconds(first(mapping(body), "created", "created_at")),
            parent=word(first(values, "parent_id", "parent_run_id", "trace_id")),
            name=word(first(values, "name", "operation")) or "",
        )
        call = replace(
            call,
            conversation=call.conversation
            or word(first(values, "conversation_id", "session_id", "thread_id")),
        )
        if call.usage is None and not call.impossible:
            call = with_usage(call, values.get("usage"), values)
        failed = has(values, "error") or _is_failure(first(values, *_STATUS))
        return [replace(call, kind="error") if failed else call]

    def _request(self, values: Values) -> Values | None:
        for name in _REQUESTS:
            found = unpacked(values.get(name))
            if isinstance(found, dict):
                inner = found.get("body")
                return mapping(inner) if inner is not None and not has(found, "messages", "input") else found
        return None


class OpenAIBatch:
    """Requests `{"custom_id", "url", "body"}` and answers `{"custom_id", "response"}`, joined by their id."""

    name = "batch"
    title = "an OpenAI batch"

    def __init__(self) -> None:
        self._requests: dict[str, Values] = {}
        self._answers: dict[str, Values] = {}

    def matches(self, values: Values) -> bool:
        """An id of the caller's beside a body or an answer."""
        return "custom_id" in values and ("body" in values or "response" in values)

    def calls(self, values: Values) -> Iterable[RawCall]:
        """A call as soon as both halves were seen."""
        number = str(values.get("custom_id"))
        if "body" in values:
            if "response" in values:
                return [self._call(values, values)]
            answer = self._answers.pop(number, None)
            if answer is None:
                self._requests[number] = values
                return []
            return [self._call(values, answer)]
        request = self._requests.pop(number, None)
        if request is None:
            self._answers[number] = values
            return []
        return [self._call(request, values)]

    def rest(self) -> Iterator[RawCall]:
        """Requests without an answer are calls without tokens; answers without a request are of no use."""
        for request in self._requests.values():
            yield self._call(request, {})
        for _ in self._answers:
            yield replace(NO_CALL, kind="empty")
        self._requests, self._answers = {}, {}

    def _call(self, request: Values, answer: Values) -> RawCall:
        body, answered = mapping(request.get("body")), mapping(answer.get("response"))
        call = call_of_bodies(body, answered.get("body"), time=seconds(first(answered, "body.created")))
        if "embeddings" in str(request.get("url", "")):
            return replace(call, kind="embedding", messages=request_messages(body))
        status = answered.get("status_code", 200)
        failed = has(answer, "error") or (isinstance(status, int) and status >= 400)
        return replace(call, kind="error") if failed else call


def _is_failure(status: object) -> bool:
    """Return whether this is an HTTP status of a failed call; tables hold it as text or as 429.0."""
    try:
        return float(status) >= 400.0  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return False
