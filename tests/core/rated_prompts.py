"""Prompts for tests of a reader, and a reader of them."""

from __future__ import annotations

from typing import Any

from routellm_core.preferences.judging.responder import Responder
from routellm_core.reader.prompt_reader import PromptReader

from tests.core.scripted_reader import by_vowels

SOON = 0.05
PROMPTS = ["Tell me about the sea", "Hello", "Prove it", "Why?"]
RATED = {prompt: int(by_vowels(prompt)) for prompt in PROMPTS}


def reader_of(responder: Responder, **settings: Any) -> PromptReader:
    given = {"timeout": 5.0, "concurrency": 4, "price": None, "strict": False}
    return PromptReader(responder, **{**given, **settings})
