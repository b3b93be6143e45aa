"""Conversations: messages alone, ShareGPT and the published layouts of Chatbot Arena."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from routellm_core.preferences.reading.field_names import (
    ANSWER_NAMES,
    CONVERSATION_NAMES,
    MODEL_NAMES,
    TIME_NAMES,
    named_field,
)
from routellm_core.preferences.reading.layouts.layout import OneRowLayout, Values, objects, with_usage
from routellm_core.preferences.reading.logged_call import RawCall
from routellm_core.preferences.reading.messages import Message, messages_of, text_of
from routellm_core.preferences.reading.nested import seconds, unpacked, word


class MessageLists(OneRowLayout):
    """`{"messages": [...]}`, as fine-tuning sets and stored completions have it: the last answer's call."""

    name = "messages"
    title = "lists of messages"

    def matches(self, values: Values) -> bool:
        """Messages in a list."""
        return isinstance(unpacked(values.get("messages")), list)

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The call that the last answer came from."""
        turns = messages_of(values.get("messages")) or []
        answer = None
        if turns and turns[-1].role == "assistant":
            answer, turns = turns[-1].text, turns[:-1]
        return [_described(RawCall(messages=turns, answer=answer), values)]


class ShareGPT(OneRowLayout):
    """`{"conversations": [{"from": "human", "value": ...}]}` and whole conversations of role and content."""

    name = "sharegpt"
    title = "ShareGPT conversations"

    def matches(self, values: Values) -> bool:
        """Turns in a list under one of the usual names."""
        return (
            any(objects(values.get(name)) for name in ("conversations", "conversation", "items"))
            and "model_a" not in values
        )

    def calls(self, values: Values) -> Iterable[RawCall]:
        """A call for each turn of the person's, with all turns before it."""
        found = next(values[name] for name in ("conversations", "conversation", "items") if values.get(name))
        turns = messages_of(found) or []
        calls = []
        for position, turn in enumerate(turns):
            if turn.role != "user":
                continue
            after = turns[position + 1] if position + 1 < len(turns) else None
            answer = after.text if after is not None and after.role == "assistant" else None
            calls.append(_described(RawCall(messages=turns[: position + 1], answer=answer), values))
        return calls or [RawCall()]


class ArenaBattles(OneRowLayout):
    """The published sets: 33k and 140k (conversations), 55k (a JSON list of turns), flat ones (a prompt)."""

    name = "arena"
    title = "Chatbot Arena battles"

    def matches(self, values: Values) -> bool:
        """Two models' names."""
        return "model_a" in values and "model_b" in values

    def calls(self, values: Values) -> Iterable[RawCall]:
        """The question that both models were asked first."""
        return [RawCall(messages=first_question(values), conversation=word(values.get("id")))]


def first_question(values: Values) -> list[Message]:
    """Return the first turn of a battle's conversation, or none."""
    if "conversation_a" in values:
        turns = messages_of(values["conversation_a"]) or []
        return [turn for turn in turns if turn.role == "user"][:1]
    found = unpacked(values.get("prompt"))
    if isinstance(found, list):
        found = found[0] if found else None
    return [Message("user", text_of(found))] if isinstance(found, str) else (messages_of(found) or [])[:1]


def _described(call: RawCall, values: Values) -> RawCall:
    names = (MODEL_NAMES, CONVERSATION_NAMES, TIME_NAMES, ANSWER_NAMES)
    model, conversation, time, answer = (named_field(values, one) for one in names)
    described = replace(
        call,
        model=word(values[model]) if model else None,
        conversation=word(values[conversation]) if conversation else word(values.get("id")),
        time=seconds(values[time]) if time else None,
        answer=call.answer or (text_of(values[answer]) or None if answer else None),
    )
    return with_usage(described, values.get("usage"), values)
