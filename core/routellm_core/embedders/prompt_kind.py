"""PromptKind: what kind of prompt a text is, by its shape alone.

A router may know how to order one kind and not another, and scores of two kinds need not be comparable: the
kind says which part of a router read a prompt.
"""

from __future__ import annotations

from enum import StrEnum

from routellm_core.embedders.shape import Shape

_AGENT_HEAD = 400
_AGENT_SIGNS = (
    "you have tool", "you have access to", "you can call", "available tools", "available functions", "tools:",
    "tool call", "function call", "functions:", "call functions", "call tools", '"parameters"', '"arguments"',
    '"tool"', '"action"', "action:", "following tools", "following functions", "one tool", "which tool",
)  # fmt: skip
_IN_SIGNS = ("tool", "function", "action", '"parameters"', '"arguments"')
"""Each sign holds one of these, which are fewer to look for."""
_ROLE = "you are a"
_ROLES = ("agent", "assistant", "bot", "step in", "planner", "router", "orchestrator", "pipeline")


class PromptKind(StrEnum):
    """Kinds of prompt."""

    EXAM = "exam"
    """A question with lettered options."""
    WORD_PROBLEM = "word_problem"
    """A story with numbers that asks for a quantity, in English."""
    MATHEMATICS = "mathematics"
    CODE = "code"
    AGENT = "agent"
    """Instructions to an agent or an assistant, or a choice of tools."""
    OTHER_LANGUAGE = "other_language"
    """Everyday, in another language than English."""
    EVERYDAY = "everyday"
    EMPTY = "empty"
    """No word at all."""


def kind_of(shape: Shape) -> PromptKind:
    """Return the kind of a text; of several that fit, the first in the order of this function."""
    counts, words = shape.counts, len(shape.words)
    if shape.options is not None:
        return PromptKind.EXAM
    if not words:
        return PromptKind.EMPTY
    if _is_agent(shape.text):
        return PromptKind.AGENT
    if _is_code(shape):
        return PromptKind.CODE
    if is_foreign(shape):
        return PromptKind.OTHER_LANGUAGE
    if _is_word_problem(shape):
        return PromptKind.WORD_PROBLEM
    mathematical = counts.mathematics_words
    if counts.latex >= 4 or mathematical >= 3 or 20 * mathematical > words:
        return PromptKind.MATHEMATICS
    return PromptKind.EVERYDAY


def is_foreign(shape: Shape) -> bool:
    """Return whether a text is in another language than English, of any kind."""
    counts = shape.counts
    return 4 * counts.non_ascii > counts.characters or counts.foreign_words > counts.stop_words


def _is_agent(text: str) -> bool:
    head = text[:_AGENT_HEAD].lower()
    if any(map(head.__contains__, _IN_SIGNS)) and any(map(head.__contains__, _AGENT_SIGNS)):
        return True
    return _ROLE in head and any(map(head.__contains__, _ROLES))


def _is_code(shape: Shape) -> bool:
    counts = shape.counts
    if counts.code_symbols >= 6 and ("```" in shape.text or 14 * counts.code_symbols > counts.characters):
        return True
    return counts.code_words >= 3 or 6 * counts.code_words > len(shape.words)


def _is_word_problem(shape: Shape) -> bool:
    counts, words = shape.counts, len(shape.words)
    return (
        counts.quantity_words >= 1
        and counts.quantity_words + counts.numbers >= 4
        and counts.numbers >= 1
        and counts.question_marks >= 1
        and 12 <= words <= 220
        and 4 * counts.stop_words >= words
        and counts.digits <= 4 * counts.numbers
        and counts.addresses == counts.symbols == 0
        and shape.text.count("\n") <= 3
    )
