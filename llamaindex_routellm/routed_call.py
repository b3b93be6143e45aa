"""RoutedCall: one call of the router, read for the policy and prepared for whichever model answers it.

There is one kind per form that LlamaIndex gives its input in: messages, a text, a template with variables, a
template with an output class, and tools (`tool_call.py`). Which method is called, and whether it streams or
awaits, is all the same to them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, MessageRole
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate
from llama_index.core.prompts.base import SelectorPromptTemplate
from pydantic import BaseModel
from typing_extensions import override

from llamaindex_routellm.answered import Answered
from llamaindex_routellm.call_needs import needs_of_arguments, needs_of_messages
from llamaindex_routellm.earlier_turns import conversation_of
from llamaindex_routellm.history import history_for
from llamaindex_routellm.human_text import question_of_messages
from llamaindex_routellm.reading import Reading
from llamaindex_routellm.rendered_prompt import question_in
from llamaindex_routellm.side import Side
from llamaindex_routellm.template_question import template_history, template_question
from routellm_core import Decision
from routellm_core.routing.capabilities import Need
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.tool_loop import StuckLimits

A_co = TypeVar("A_co", covariant=True)

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# Up to this many characters of JSON Schema are taken for granted before a schema is written out to be
# counted.
_SCHEMA_ALLOWANCE = 4_000


class PreparedMessages(list[ChatMessage]):
    """Messages that one model prepared for its own `chat()`, with the decision that chose it."""

    def __init__(self, messages: Iterable[ChatMessage], decision: Decision) -> None:
        super().__init__(messages)
        self.decision = decision


# Neither this nor its kinds are frozen: one is made at each call, and a frozen one takes far longer.
@dataclass(eq=False)
class RoutedCall(ABC, Generic[A_co]):
    """A call of `method`, whose answer, or each part of a streamed one, is an A.

    Attributes:
        method: of the router and of the models.
        returns_response: whether the answer is a response, which holds its tokens and takes the record.
        parses: whether an answer can fail to fit a schema.
        runs_tools: whether the method also runs tools, so that its answer can't be asked for twice.
    """

    method: str
    returns_response: bool = field(default=True, kw_only=True)
    parses: bool = field(default=False, kw_only=True)
    runs_tools: bool = field(default=False, kw_only=True)

    @property
    def prepared(self) -> Decision | None:
        """The decision that was made when the call was prepared; None for all but prepared calls."""
        return None

    @abstractmethod
    def question(self, reading: Reading) -> str | None:
        """Return the text to score; NO_QUESTION if a program asks for itself; None if there is none."""

    @abstractmethod
    def needs(self) -> frozenset[Need]:
        """Return what the call needs of a model besides text."""

    def conversation(self, text: str | None) -> Conversation:
        """Describe what came before the call; `text`: the one to score."""
        return Conversation(hash(text))

    def is_stuck(self, limits: StuckLimits) -> bool:
        """Return whether the call goes on with a tool loop that is stuck; only calls with tools do."""
        return False

    def is_invalid(self, answered: Answered) -> bool:
        """Return whether an answer calls a tool incorrectly; False for calls without tools."""
        return False

    @abstractmethod
    def texts(self, window: int | None) -> list[str]:
        """Return the prompt's texts, to be counted against a window in tokens."""

    @abstractmethod
    def arguments(self, side: Side, *others: Side) -> Arguments:
        """Return the arguments to call a side's model with, which may be of the others' making."""


@dataclass(eq=False)
class ChatCall(RoutedCall[ChatResponse]):
    """A call with messages."""

    messages: Sequence[ChatMessage]
    kwargs: Mapping[str, Any]

    @property
    @override
    def prepared(self) -> Decision | None:
        return self.messages.decision if isinstance(self.messages, PreparedMessages) else None

    @override
    def question(self, reading: Reading) -> str | None:
        return question_of_messages(self.messages)

    @override
    def conversation(self, text: str | None) -> Conversation:
        return conversation_of(self.messages)

    @override
    def needs(self) -> frozenset[Need]:
        return needs_of_messages(self.messages) | needs_of_arguments(self.kwargs)

    @override
    def texts(self, window: int | None) -> list[str]:
        return message_texts(self.messages)

    @override
    def arguments(self, side: Side, *others: Side) -> Arguments:
        return (history_for(self.messages, side, *others),), dict(self.kwargs)


@dataclass(eq=False)
class CompletionCall(RoutedCall[CompletionResponse]):
    """A call with one text."""

    prompt: str
    kwargs: Mapping[str, Any]

    @override
    def question(self, reading: Reading) -> str | None:
        return question_in(self.prompt) if self.prompt.strip() else None

    @override
    def needs(self) -> frozenset[Need]:
        return needs_of_arguments(self.kwargs)

    @override
    def texts(self, window: int | None) -> list[str]:
        return [self.prompt]

    @override
    def arguments(self, side: Side, *others: Side) -> Arguments:
        return (self.prompt,), dict(self.kwargs)


@dataclass(eq=False)
class TemplateCall(RoutedCall[A_co]):
    """A call with a template and its variables."""

    prompt: BasePromptTemplate
    prompt_args: Mapping[str, Any]

    @override
    def question(self, reading: Reading) -> str | None:
        return template_question(self.prompt, self.prompt_args, reading.question_variables)

    @override
    def conversation(self, text: str | None) -> Conversation:
        asked = ChatMessage(role=MessageRole.USER, content=text or "")
        earlier = conversation_of([*template_history(self.prompt, self.prompt_args), asked])
        # Its passages change from call to call, and stand before the rest.
        return Conversation(earlier.turn, texts=earlier.texts)

    @override
    def needs(self) -> frozenset[Need]:
        inner = _inner(self.prompt)
        return (
            needs_of_messages(inner.message_templates)
            if isinstance(inner, ChatPromptTemplate)
            else frozenset()
        )

    @override
    def texts(self, window: int | None) -> list[str]:
        # The template and its variables are about as long as the prompt they make, and need no rendering.
        inner = _inner(self.prompt)
        fixed = (
            message_texts(inner.message_templates)
            if isinstance(inner, ChatPromptTemplate)
            else [str(getattr(inner, "template", ""))]
        )
        variables = {**inner.kwargs, **self.prompt.kwargs, **self.prompt_args}
        return [*fixed, *(value for value in variables.values() if isinstance(value, str))]

    @override
    def arguments(self, side: Side, *others: Side) -> Arguments:
        return (self._prompt_for(side, *others),), dict(self.prompt_args)

    def _prompt_for(self, side: Side, *others: Side) -> BasePromptTemplate:
        if not isinstance(self.prompt, ChatPromptTemplate):
            return self.prompt
        given = self.prompt.message_templates
        messages = history_for(given, side, *others)
        if messages is given:
            return self.prompt
        return self.prompt.model_copy(update={"message_templates": list(messages)})


@dataclass(eq=False)
class StructuredCall(TemplateCall[BaseModel]):
    """A call with a template, its variables and the class of the object that is wanted."""

    output_cls: type[BaseModel]
    llm_kwargs: dict[str, Any] | None

    @override
    def needs(self) -> frozenset[Need]:
        return super().needs() | {"structured_output"}

    @override
    def texts(self, window: int | None) -> list[str]:
        texts = super().texts(window)
        if may_exceed(texts, 1, window):
            texts.append(json.dumps(self.output_cls.model_json_schema()))
        return texts

    @override
    def arguments(self, side: Side, *others: Side) -> Arguments:
        # OpenAI writes its response format into the dictionary it is given.
        llm_kwargs = None if self.llm_kwargs is None else dict(self.llm_kwargs)
        prompt = self._prompt_for(side, *others)
        return (self.output_cls, prompt), {"llm_kwargs": llm_kwargs, **self.prompt_args}


def _inner(prompt: BasePromptTemplate) -> BasePromptTemplate:
    return prompt.default_template if isinstance(prompt, SelectorPromptTemplate) else prompt


def message_texts(messages: Iterable[ChatMessage]) -> list[str]:
    """Return the texts of messages."""
    return [message.content or "" for message in messages]


def may_exceed(texts: Sequence[str], schemas: int, window: int | None) -> bool:
    """Return whether texts and this many schemas are worth counting exactly against a window in tokens."""
    return window is not None and sum(map(len, texts)) + schemas * _SCHEMA_ALLOWANCE > window
