"""Real classes of other providers than OpenAI, as far as they work with the packages that pip resolves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


def anthropic_class(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """Return LlamaIndex's Anthropic, mended for anthropic 2.

    llama-index-llms-anthropic 0.12.3 can't make a single call with anthropic 2.12: it instantiates a type
    that has become a union. (For models before Claude 5 it also passes a temperature that the SDK no longer
    takes.)
    """
    module = pytest.importorskip(
        "llama_index.llms.anthropic", reason="llama-index-llms-anthropic is not installed"
    )
    monkeypatch.setattr("llama_index.llms.anthropic.utils.MessageParam", dict)
    found: type[Any] = module.Anthropic
    return found


class StrictOllamaClient:
    """Stands in for ollama's client: refuses what its pydantic models refuse, and answers."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []

    def chat(self, *, messages: list[dict[str, Any]], tools: Any = None, **options: Any) -> Any:
        from ollama import Message

        self.requests.append([Message(**message).model_dump() for message in messages])
        last = messages[-1]
        call = {"function": {"name": "multiply", "arguments": {"a": 6, "b": 7}}}
        calls = [call] if tools and last["role"] == "user" else None
        message = {"role": "assistant", "content": f"ollama got {last['content']}", "tool_calls": calls}
        answer = {"message": message, "prompt_eval_count": 7, "eval_count": 5}
        return self._stream(answer) if options.get("stream") else answer

    def _stream(self, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield answer


def ollama(client: StrictOllamaClient, **settings: Any) -> Any:
    """Make LlamaIndex's Ollama around a client."""
    module = pytest.importorskip("llama_index.llms.ollama", reason="llama-index-llms-ollama is not installed")
    return module.Ollama(model="llama3.2", client=client, context_window=8_000, **settings)
