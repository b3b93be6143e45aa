"""Real classes of other providers around clients that refuse what the providers refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

_MISTRAL_PARTS = ("text", "image_url", "document_url", "reference", "thinking", "input_audio")


class Refused(Exception):
    """What a provider answers with status 400."""


class OllamaClient:
    """Answers as Ollama does; the real class itself refuses blocks that Ollama does not know."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []

    def chat(self, *, messages: list[dict[str, Any]], **options: Any) -> Iterator[dict[str, Any]]:
        from ollama import Message

        self.requests.append([Message(**message).model_dump() for message in messages])
        message = {"role": "assistant", "content": "Ollama's answer.", "thinking": "Ollama's thoughts."}
        yield {"model": options["model"], "message": message, "done": True, "done_reason": "stop"}


def chat_ollama(**settings: Any) -> Any:
    """Make a real ChatOllama and its client."""
    module = pytest.importorskip("langchain_ollama", reason="langchain-ollama is not installed")
    model = module.ChatOllama(model="llama3.2", **settings)
    model._client = OllamaClient()
    return model


def chat_mistral(requests: list[Any]) -> Any:
    """Make a real ChatMistralAI whose requests are kept, and refused as Mistral would refuse them."""
    module = pytest.importorskip("langchain_mistralai", reason="langchain-mistralai is not installed")
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        requests.append(body)
        complaint = _mistral_complaint(body["messages"])
        if complaint:
            return httpx.Response(400, json={"object": "error", "message": complaint})
        message = {"role": "assistant", "content": "Mistral's answer.", "tool_calls": None}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        return httpx.Response(200, json={"model": body["model"], "choices": choices, "usage": usage})

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://mistral.test/v1")
    return module.ChatMistralAI(model="mistral-small", api_key="key", client=client, max_retries=1)


def _mistral_complaint(messages: list[dict[str, Any]]) -> str | None:
    before = None
    for message in messages:
        role = message["role"]
        if role == "system" and before not in (None, "system"):
            return f"Unexpected role 'system' after role '{before}'"
        if role == "assistant" and before in (None, "system"):
            return f"Unexpected role 'assistant' after role '{before}'"
        for part in message["content"] if isinstance(message["content"], list) else ():
            if part["type"] not in _MISTRAL_PARTS:
                return f"Input tag '{part['type']}' does not match any of the expected tags"
        before = role
    return None if before in ("user", "tool") else f"Expected last role User or Tool but got {before}"


class GeminiClient:
    """Answers as Gemini does, with thinking bound to the model that thought it."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.models = self

    def generate_content(self, *, model: str, contents: Any, config: Any, **options: Any) -> Any:
        from google.genai import types

        name = model.rpartition("/")[2]
        self.requests.append((contents, config))
        for content in contents:
            for part in content.parts or ():
                if part.thought_signature not in (None, name.encode()):
                    raise Refused("Corrupted thought signature.")
                if part.text == "" and not part.thought_signature:
                    raise Refused("contents.parts must not be empty.")
        if contents[0].role != "user":
            raise Refused("Please ensure that the conversation starts with a user turn.")
        parts = [
            types.Part(text="Gemini's thoughts.", thought=True),
            types.Part(text="Gemini's answer.", thought_signature=name.encode()),
        ]
        candidate = types.Candidate(content=types.Content(role="model", parts=parts), finish_reason="STOP")
        return types.GenerateContentResponse(candidates=[candidate], model_version=name)


def chat_gemini(model: str = "gemini-2.5-pro", **settings: Any) -> Any:
    """Make a real ChatGoogleGenerativeAI and its client."""
    module = pytest.importorskip("langchain_google_genai", reason="langchain-google-genai is not installed")
    made = module.ChatGoogleGenerativeAI(
        model=model, api_key="key", include_thoughts=True, max_retries=1, **settings
    )
    made.client = GeminiClient()
    return made
