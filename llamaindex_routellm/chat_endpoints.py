"""The eight endpoints of an LLM: chat and complete, each whole and streamed, sync and async.

No callback decorators here: the chosen model's own methods carry them, and one call makes one pair of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)

from llamaindex_routellm.pair_settings import PairSettings
from llamaindex_routellm.routed_call import ChatCall, CompletionCall

_MISSING: Any = object()


class ChatEndpoints(PairSettings):
    """Chat and complete."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model; the response carries the decision."""
        return self.switchboard.answer(ChatCall("chat", messages, kwargs))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model, async."""
        return await self.switchboard.aanswer(ChatCall("achat", messages, kwargs))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Stream a chat with the chosen model; every response carries the decision."""
        return self.switchboard.stream(ChatCall("stream_chat", messages, kwargs))

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Stream a chat with the chosen model, async."""
        return await self.switchboard.astream(ChatCall("astream_chat", messages, kwargs))

    def complete(self, prompt: str = _MISSING, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete a prompt with the chosen model; the response carries the decision."""
        return self.switchboard.answer(_completion("complete", prompt, formatted, kwargs))

    async def acomplete(
        self, prompt: str = _MISSING, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponse:
        """Complete a prompt with the chosen model, async."""
        return await self.switchboard.aanswer(_completion("acomplete", prompt, formatted, kwargs))

    def stream_complete(
        self, prompt: str = _MISSING, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """Stream a completion of the chosen model; every response carries the decision."""
        return self.switchboard.stream(_completion("stream_complete", prompt, formatted, kwargs))

    async def astream_complete(
        self, prompt: str = _MISSING, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Stream a completion of the chosen model, async."""
        return await self.switchboard.astream(_completion("astream_complete", prompt, formatted, kwargs))


def _completion(method: str, prompt: str, formatted: bool, kwargs: dict[str, Any]) -> CompletionCall:
    if prompt is _MISSING:
        # Upstream's words; its decorator raises this, and callers catch it.
        raise ValueError("No prompt provided in positional or keyword arguments")
    return CompletionCall(method, prompt, {**kwargs, "formatted": True} if formatted else kwargs)
