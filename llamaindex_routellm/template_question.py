"""Template questions: what to score of a prompt that arrives as a template with its variables.

Query engines stuff documents into their templates but keep the question in a variable of its own, and that is
what is scored. Index-time prompts (summaries, keywords, metadata, triplets) have documents and no question:
they are housekeeping, for which `housekeeping_route` decides. A template of the user's own without any of
these variables is scored as it renders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate
from llama_index.core.prompts.base import SelectorPromptTemplate
from llama_index.core.prompts.default_prompts import HYDE_TMPL
from llama_index.core.prompts.prompt_type import PromptType

from llamaindex_routellm.human_text import human_texts, question_of_messages
from llamaindex_routellm.reading import QUESTION_VARIABLES
from llamaindex_routellm.rendered_prompt import (
    NO_QUESTION,
    evaluated_question,
    history_texts,
    judges_an_answer_alone,
)
from routellm_core.routing.request import scored_text

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT_VARIABLES = frozenset(
    {
        "chunk",
        "context",
        "context_list",
        "context_msg",
        "context_str",
        "document",
        "documents",
        "existing_answer",
        "summaries",
        "text",
        "text_str",
    }
)
"""Variables that hold documents: a template with one of these and no question is housekeeping."""

_outer_question: ContextVar[str | None] = ContextVar("llamaindex_routellm_question", default=None)


@contextmanager
def outer_question(question: str | None) -> Iterator[None]:
    """Keep a question for the call made inside, after its template is gone (see `structured.py`)."""
    before = _outer_question.get()
    _outer_question.set(question)
    try:
        yield
    finally:
        _outer_question.set(before)


def template_question(
    prompt: BasePromptTemplate,
    prompt_args: Mapping[str, Any],
    question_variables: Sequence[str] = QUESTION_VARIABLES,
) -> str | None:
    """Return the text to score of a template call.

    Args:
        prompt: the template.
        prompt_args: its variables.
        question_variables: those that hold the person's question; the first that is there is scored.

    Returns:
        The text; NO_QUESTION if a program asks for itself, as when it builds an index; None if there is
        no text.
    """
    inner = prompt.default_template if isinstance(prompt, SelectorPromptTemplate) else prompt
    variables = {**inner.kwargs, **prompt.kwargs, **prompt_args}
    history = _fixed_messages(inner)
    template = getattr(inner, "template", None)
    if template is not None and judges_an_answer_alone(template):
        return NO_QUESTION
    for name in ("context_str", *question_variables) if template == HYDE_TMPL else question_variables:
        value = variables.get(name)
        if isinstance(value, str):
            said = history_texts(str(variables.get("chat_history", "")))
            return scored_text([*human_texts(history), *said, evaluated_question(value)])
    if (outer := _outer_question.get()) is not None:
        return outer
    if history and not inner.template_vars:
        return question_of_messages(history)
    if _is_index_work(inner):
        return NO_QUESTION
    return question_of_messages(inner.format_messages(**prompt_args))


def template_history(prompt: BasePromptTemplate, prompt_args: Mapping[str, Any]) -> list[ChatMessage]:
    """Return the conversation before a template call's question; answers only quoted are empty."""
    inner = prompt.default_template if isinstance(prompt, SelectorPromptTemplate) else prompt
    variables = {**inner.kwargs, **prompt.kwargs, **prompt_args}
    said = history_texts(str(variables.get("chat_history", "")))
    rendered = [
        ChatMessage(role=role, content=content)
        for text in said
        for role, content in ((MessageRole.USER, text), (MessageRole.ASSISTANT, ""))
    ]
    return [*_fixed_messages(inner), *rendered]


def _fixed_messages(prompt: BasePromptTemplate) -> list[ChatMessage]:
    """Return a chat template's messages that hold no variable: the conversation that it carries."""
    if not isinstance(prompt, ChatPromptTemplate):
        return []
    return [message for message in prompt.message_templates if not message.get_template_vars()]


def _is_index_work(prompt: BasePromptTemplate) -> bool:
    kind = prompt.metadata.get("prompt_type", PromptType.CUSTOM)
    return kind != PromptType.CUSTOM or not DOCUMENT_VARIABLES.isdisjoint(prompt.template_vars)
