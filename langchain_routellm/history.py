"""History: a conversation in the form that the called side accepts, whichever model answered before.

Nothing here changes the caller's messages; what needs no change is passed on as the same object.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_routellm.authorship import Authorship
from langchain_routellm.foreign_answer import has_only_text, plain_answer, without_bound_content
from langchain_routellm.given_content import media_message, taken_content, without_media
from langchain_routellm.provider import calls_responses, provider_of
from langchain_routellm.side import Side
from langchain_routellm.thinking_loop import asks_for_thinking, spelled_out
from langchain_routellm.tool_call_ids import with_plain_ids
from langchain_routellm.turn_order import ordered, paired

# What OpenAI refuses in the name of a message.
_NOT_IN_NAMES = re.compile(r"[\s<|\\/>]+")


def history_for(messages: list[BaseMessage], side: Side, *others: Side) -> list[BaseMessage]:
    """Return the messages in the form that `side` accepts; the same list if nothing has to change.

    Answers of another model lose what only that model understands, and those of another provider or account
    keep nothing but text and tool calls. Tool-call ids that a provider would refuse are renamed, the same way
    everywhere. The other messages, and the order of turns, follow the rules of the side's provider.
    """
    if _is_opening(messages):
        return messages
    authorship = Authorship(side, others)
    taken = [_taken(message, authorship) for message in messages]
    turns = [message for message in taken if message is not None]
    turns = _in_order(turns, authorship)
    if len(turns) == len(messages) and all(new is old for new, old in zip(turns, messages, strict=True)):
        return messages
    return turns


def _is_opening(messages: list[BaseMessage]) -> bool:
    """Return whether these are a human's text below instructions, which every provider takes as they are."""
    if not messages or type(messages[-1]) is not HumanMessage:
        return not messages
    return all(
        isinstance(message.content, str)
        and not message.name
        and message.content.strip()
        and (type(message) is SystemMessage or message is messages[-1])
        for message in messages
    )


def _taken(message: BaseMessage, authorship: Authorship) -> BaseMessage | None:
    message = with_plain_ids(message)
    if authorship.provider == "openai" and authorship.mixed and message.name:
        message = _with_plain_name(message)
    if not isinstance(message, AIMessage):
        if not authorship.speaks_two_forms:
            return message
        return taken_content(message, authorship.provider, responses=calls_responses(authorship.side))
    if has_only_text(message):
        return message
    author = authorship.author(message)
    if author == "own":
        return message
    if author == "sibling":
        return without_bound_content(message, authorship.provider)
    return plain_answer(message)


def _in_order(turns: list[BaseMessage], authorship: Authorship) -> list[BaseMessage]:
    provider, side = authorship.provider, authorship.side
    if authorship.mixed:
        turns = paired(turns, provider, *map(provider_of, authorship.others))
    if provider == "openai":
        takes_media = calls_responses(side) or not authorship.speaks_two_forms
        return turns if takes_media else _media_after_results(turns)
    profile = side.lead.profile or {}
    late_systems = bool(profile.get("mid_conversation_system_messages"))
    turns = ordered(turns, provider, mixed=authorship.mixed, late_systems=late_systems)
    return spelled_out(turns) if provider == "anthropic" and asks_for_thinking(side) else turns


def _media_after_results(turns: list[BaseMessage]) -> list[BaseMessage]:
    """Move media that tools returned into user messages: OpenAI's chat takes them nowhere else."""
    if not any(isinstance(turn, ToolMessage) and isinstance(turn.content, list) for turn in turns):
        return turns
    moved: list[BaseMessage] = []
    for is_result, group in groupby(turns, lambda turn: isinstance(turn, ToolMessage)):
        if not is_result:
            moved += group
            continue
        results, media = without_media(turn for turn in group if isinstance(turn, ToolMessage))
        moved += results
        if media:
            moved.append(media_message(media))
    return moved


def _with_plain_name(message: BaseMessage) -> BaseMessage:
    plain: Any = _NOT_IN_NAMES.sub("_", message.name or "")
    return message if plain == message.name else message.model_copy(update={"name": plain})
