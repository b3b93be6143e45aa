"""Prompts for each side, and what their answers have to hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessage

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."
SIDES = [(EASY, "weak", "gpt-weak"), (HARD, "strong", "gpt-strong")]


def record(route: str) -> dict[str, Any]:
    """Return the record of a call that its score sent to a side."""
    return {
        "route": route,
        "score": 0.9 if route == "strong" else 0.1,
        "threshold": 0.5,
        "reason": "score",
        "router": "KeywordRouter",
    }


def check(answer: AIMessage, route: str, model: str) -> None:
    """Check that an answer is a model's own and carries the record."""
    assert answer.text.startswith(f"[{model}]")
    assert answer.response_metadata["routellm"] == record(route)
    assert answer.response_metadata["model_name"] == model
    assert answer.usage_metadata is not None
    json.dumps(answer.response_metadata["routellm"])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, 5 seconds at most."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("the condition did not come true")
