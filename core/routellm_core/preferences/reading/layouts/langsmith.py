"""LangSmith: runs as its export, its API and its bulk export write them ("Run data format")."""

from __future__ import annotations

from collections.abc import Iterable

from routellm_core.preferences.reading.layouts.layout import (
    NO_CALL,
    OneRowLayout,
    Values,
    has,
    objects,
    with_usage,
)
from routellm_core.preferences.reading.layouts.openai_bodies import answer_of
from routellm_core.preferences.reading.logged_call import CallKind, RawCall
from routellm_core.preferences.reading.messages import Message, messages_of, text_of
from routellm_core.preferences.reading.nested import first, mapping, seconds, word


class LangSmithRuns(OneRowLayout):
    """A tree of runs, one a row or nested under `child_runs`; those of type "llm" are calls."""

    name = "langsmith"
    title = "a LangSmith export of runs"

    def matches(self, values: Values) -> bool:
        """A type of run beside inputs."""
        return "run_type" in values and ("inputs" in values or "trace_id" in values)

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The run and all below it."""
        found = [self._call(values)]
        for child in objects(values.get("child_runs")):
            found += self.calls(child)
        return found

    def _call(self, run: Values) -> RawCall:
        kinds: dict[object, CallKind] = {"embedding": "embedding"}
        run_type = run.get("run_type")
        if run_type not in ("llm", *kinds):
            return NO_CALL
        extra, outputs = mapping(run.get("extra")), mapping(run.get("outputs"))
        metadata = mapping(extra.get("metadata"))
        message = first(outputs, "generations.0.0.message", "generations.0.message", "messages.0", "message")
        call = RawCall(
            messages=_sent(mapping(run.get("inputs"))),
            answer=_answer(outputs, message),
            model=word(
                first(metadata, "ls_model_name")
                or first(extra, "invocation_params.model", "invocation_params.model_name")
                or first(outputs, "llm_output.model_name", "model")
            ),
            conversation=word(first(metadata, "thread_id", "conversation_id", "session_id")),
            parent=word(run.get("parent_run_id")),
            time=seconds(run.get("start_time")),
            name=word(metadata.get("lc_source")) or word(run.get("name")) or "",
            kind="error" if has(run, "error") else kinds.get(run_type),
        )
        message_usage = first(mapping(message), "kwargs.usage_metadata", "usage_metadata")
        return with_usage(
            call, outputs.get("usage_metadata"), message_usage, outputs.get("usage"), _told_by_run(run)
        )


def _sent(inputs: Values) -> list[Message] | None:
    for name in ("messages", "input", "prompts", "prompt"):
        found = messages_of(inputs.get(name)) if name in inputs else None
        if found:
            return found
    return None


def _answer(outputs: Values, message: object) -> str | None:
    text = first(outputs, "generations.0.0.text", "generations.0.text")
    if isinstance(text, str):
        return text
    inner = mapping(message)
    return text_of(first(inner, "kwargs.content", "content")) or answer_of(outputs)


def _told_by_run(run: Values) -> Values:
    # The columns of a bulk export; their details are objects or JSON in a string.
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_token_details")
    return {
        name: mapping(run[name]) if name.endswith("details") else run[name] for name in names if name in run
    }
