"""The tool methods of a function-calling LLM.

The chosen model prepares, chats and validates: preparing with one model and chatting with the other would
send a provider another provider's tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm.attempt import RECORD_KEY
from llamaindex_routellm.pair_settings import PairSettings
from llamaindex_routellm.routed_call import PreparedMessages
from llamaindex_routellm.tool_call import ToolCall

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.tools.types import BaseTool

_dispatcher = get_dispatcher(__name__)

Message = str | ChatMessage | None
History = list[ChatMessage] | None


class ToolEndpoints(PairSettings):
    """Chat with tools, and predict and call."""

    # Upstream gives these four no span of their own; here the decision needs one to be seen in.

    @_dispatcher.span
    def chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponse:
        """Chat with the chosen model, which may call tools."""
        call: ToolCall[ChatResponse] = ToolCall(
            "chat_with_tools", tools, user_msg, chat_history, args, kwargs
        )
        return self.switchboard.answer(call)

    @_dispatcher.span
    async def achat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponse:
        """Chat with the chosen model, which may call tools, async."""
        call: ToolCall[ChatResponse] = ToolCall(
            "achat_with_tools", tools, user_msg, chat_history, args, kwargs
        )
        return await self.switchboard.aanswer(call)

    @_dispatcher.span
    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Stream a chat with the chosen model, which may call tools."""
        return self.switchboard.stream(
            ToolCall("stream_chat_with_tools", tools, user_msg, chat_history, args, kwargs)
        )

    @_dispatcher.span
    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Stream a chat with the chosen model, which may call tools, async."""
        return await self.switchboard.astream(
            ToolCall("astream_chat_with_tools", tools, user_msg, chat_history, args, kwargs)
        )

    def predict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Let the chosen model choose tools, and call them."""
        return self.switchboard.answer(
            _running_tools("predict_and_call", tools, user_msg, chat_history, args, kwargs)
        )

    async def apredict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Let the chosen model choose tools, and call them, async."""
        return await self.switchboard.aanswer(
            _running_tools("apredict_and_call", tools, user_msg, chat_history, args, kwargs)
        )

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: Message = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Prepare the arguments of a chat with tools; that chat then goes to the model that prepared it."""
        options = {
            "verbose": verbose,
            "allow_parallel_tool_calls": allow_parallel_tool_calls,
            "tool_required": tool_required,
            **kwargs,
        }
        call: ToolCall[dict[str, Any]] = ToolCall(
            "_prepare_chat_with_tools", tools, user_msg, chat_history, (), options
        )
        decision, prepared = self.switchboard.prepare(call)
        return {**prepared, "messages": PreparedMessages(prepared["messages"], decision)}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Read the tool calls of a response, as the model that gave it writes them."""
        return self._reader_of(response).get_tool_calls_from_response(
            response, error_on_no_tool_call=error_on_no_tool_call, **kwargs
        )

    def _reader_of(self, response: ChatResponse) -> FunctionCallingLLM:
        route = response.additional_kwargs.get(RECORD_KEY, {}).get("route")
        models = {route: side.model for route, side in self.switchboard.sides.items()}
        for model in (models.get(route), *models.values()):
            if isinstance(model, FunctionCallingLLM):
                return model
        kinds = " and ".join(f"{route} is a {type(model).__name__}" for route, model in models.items())
        none = "neither" if len(models) == 2 else "none of them"
        raise ValueError(f"{kinds}: {none} calls tools. Give a FunctionCallingLLM on one side.")


def _running_tools(
    method: str,
    tools: Sequence[BaseTool],
    user_msg: Message,
    chat_history: History,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> ToolCall[AgentChatResponse]:
    return ToolCall(
        method, tools, user_msg, chat_history, args, kwargs, returns_response=False, runs_tools=True
    )
