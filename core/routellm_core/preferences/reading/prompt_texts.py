"""Prompt texts: the prompt of a row of labels or battles, a text or a conversation."""

from __future__ import annotations

from routellm_core.preferences.reading.field_names import MESSAGES_NAMES, PROMPT_NAMES, named_field
from routellm_core.preferences.reading.layouts.tables import prompt_messages
from routellm_core.preferences.reading.messages import human_texts
from routellm_core.preferences.reading.nested import unpacked
from routellm_core.preferences.reading.records import Record
from routellm_core.routing.request import scored_text


def prompt_field(record: Record) -> str | None:
    """Return the row's own field name for the prompt; None if it has none."""
    return named_field(record.values, (*PROMPT_NAMES, *MESSAGES_NAMES))


def prompt_text(record: Record) -> str:
    """Return the text of a row's prompt; of a conversation, the one that the router scores.

    Raises:
        RowError: there is no prompt, or it holds no text by a person.
    """
    name = prompt_field(record)
    if name is None:
        record.refuse("prompt", "text")
    value = record.values[name]
    if isinstance(value, str) and (name not in MESSAGES_NAMES) and unpacked(value) is value:
        return record.checked_text(name, value if value.strip() else "")
    messages = prompt_messages({name: value})
    return record.checked_text(name, scored_text(human_texts(messages)) if messages else None)
