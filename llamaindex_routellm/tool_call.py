"""ToolCall: a call with tools, read for the policy and prepared for whichever model answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.tools.types import BaseTool
from typing_extensions import override

from llamaindex_routellm.answered import Answered
from llamaindex_routellm.call_needs import needs_of_arguments, needs_of_messages
from llamaindex_routellm.earlier_turns import conversation_of
from llamaindex_routellm.history import history_for
from llamaindex_routellm.human_text import question_of_messages
from llamaindex_routellm.reading import Reading
from llamaindex_routellm.routed_call import A_co, Arguments, RoutedCall, may_exceed, message_texts
from llamaindex_routellm.side import Side
from llamaindex_routellm.tool_steps import calls_of, tool_schemas, tool_steps
from routellm_core.routing.capabilities import Need
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.tool_loop import StuckLimits, invalid_calls

# The options of `predict_and_call`, in their order: those of the chat that it begins with, and its own.
_BEFORE_RUNNING = ("verbose", "allow_parallel_tool_calls")
_OF_RUNNING = ("error_on_no_tool_call", "error_on_tool_error")


@dataclass(eq=False)
class ToolCall(RoutedCall[A_co]):
    """A call with tools, a conversation and a new message."""

    tools: Sequence[BaseTool]
    user_msg: str | ChatMessage | None
    chat_history: Sequence[ChatMessage] | None
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @override
    def question(self, reading: Reading) -> str | None:
        return question_of_messages(self._messages())

    @override
    def conversation(self, text: str | None) -> Conversation:
        return conversation_of(self._messages())

    @override
    def needs(self) -> frozenset[Need]:
        # A model that knows no tools often has no such method at all, so an empty list needs them too.
        return needs_of_messages(self._messages()) | needs_of_arguments(self.kwargs) | {"tools"}

    @override
    def is_stuck(self, limits: StuckLimits) -> bool:
        return limits.are_reached(tool_steps(self._messages()), tool_schemas(self.tools))

    @override
    def is_invalid(self, answered: Answered) -> bool:
        return invalid_calls(calls_of(answered.value), tool_schemas(self.tools)) > 0

    @override
    def texts(self, window: int | None) -> list[str]:
        texts = message_texts(self._messages())
        if may_exceed(texts, len(self.tools), window):
            texts.extend(_tool_text(tool) for tool in self.tools)
        return texts

    @override
    def arguments(self, side: Side, *others: Side) -> Arguments:
        history: list[ChatMessage] | None = None
        if self.chat_history is not None:
            # A list of its own: the models append the new message to the one that they are given.
            history = list(history_for(self.chat_history, side, *others))
        return (self.tools, self.user_msg, history, *self.args), dict(self.kwargs)

    def without_running(self) -> ToolCall[ChatResponse]:
        """Return the call of `chat_with_tools` that `predict_and_call` begins with, which runs no tool."""
        kwargs = {name: value for name, value in self.kwargs.items() if name not in _OF_RUNNING}
        args = self.args[: len(_BEFORE_RUNNING)]
        return ToolCall("chat_with_tools", self.tools, self.user_msg, self.chat_history, args, kwargs)

    def _messages(self) -> list[ChatMessage]:
        messages = list(self.chat_history or ())
        if isinstance(self.user_msg, str):
            messages.append(ChatMessage(role=MessageRole.USER, content=self.user_msg))
        elif self.user_msg is not None:
            messages.append(self.user_msg)
        return messages


def _tool_text(tool: object) -> str:
    metadata: Any = getattr(tool, "metadata", None)
    try:
        return f"{metadata.name}{metadata.description}{json.dumps(metadata.get_parameters_dict())}"
    except Exception:
        # Odd tools describe themselves in ways of their own; this is an estimate.
        return str(getattr(metadata, "description", ""))
