"""Tables: rows of one's own with a prompt in a column, and maybe an answer, a model, tokens."""

from __future__ import annotations

from collections.abc import Iterable

from routellm_core.preferences.reading.field_names import (
    ANSWER_NAMES,
    CONVERSATION_NAMES,
    ERROR_NAMES,
    MESSAGES_NAMES,
    MODEL_NAMES,
    PROMPT_NAMES,
    TIME_NAMES,
    named_field,
)
from routellm_core.preferences.reading.layouts.layout import OneRowLayout, Values, has, with_usage
from routellm_core.preferences.reading.logged_call import CallKind, RawCall
from routellm_core.preferences.reading.messages import Message, messages_of, text_of
from routellm_core.preferences.reading.nested import seconds, unpacked, word


class Table(OneRowLayout):
    """One call a row, by the names that people give their columns."""

    name = "table"
    title = "a table of prompts"

    def matches(self, values: Values) -> bool:
        """A column that is called like a prompt."""
        return named_field(values, (*PROMPT_NAMES, *MESSAGES_NAMES)) is not None

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The call of the row."""
        found = {
            names: values[name]
            for names in (ANSWER_NAMES, MODEL_NAMES, CONVERSATION_NAMES, TIME_NAMES, ERROR_NAMES)
            if (name := named_field(values, names)) is not None
        }
        answer, asked = found.get(ANSWER_NAMES), prompt_messages(values)
        kind: CallKind | None = "error" if found.get(ERROR_NAMES) else None
        if asked is None and has(
            values, *filter(None, [named_field(values, (*PROMPT_NAMES, *MESSAGES_NAMES))])
        ):
            kind = kind or "no text"  # a number, or an object of another kind
        call = RawCall(
            messages=asked,
            answer=(answer if isinstance(answer, str) else text_of(answer)) or None,
            model=word(found.get(MODEL_NAMES)),
            conversation=word(found.get(CONVERSATION_NAMES)),
            time=seconds(found.get(TIME_NAMES)),
            kind=kind,
        )
        return [with_usage(call, values.get("usage"), values)]


def prompt_messages(values: Values) -> list[Message] | None:
    """Return what a row asks: a prompt, or a list of messages under any of the usual names.

    Of a list of plain turns, as MT-Bench's questions have, the first counts.
    """
    name = named_field(values, (*PROMPT_NAMES, *MESSAGES_NAMES))
    if name is None:
        return None
    value = values[name]
    found = unpacked(value)
    if isinstance(found, list) and found and all(isinstance(turn, str) for turn in found):
        # A text that happens to be a list in JSON stands for itself.
        return [Message("user", value if isinstance(value, str) and name not in MESSAGES_NAMES else found[0])]
    turns = messages_of(found)
    if turns is None and isinstance(value, str) and value.strip():
        return [Message("user", value)]
    return turns
