"""Routers for tests: their scores follow from the prompt's words, so a test needs no trained router."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np

from routellm_core import Router
from routellm_core.router import Scores


class KeywordRouter(Router):
    """Scores 0.9 for prompts that hold a word, 0.1 for others, and remembers every batch it was given."""

    scores_inline = True

    def __init__(self, word: str) -> None:
        self.word = word
        self.batches: list[list[str]] = []

    def score(self, prompts: Sequence[str]) -> Scores:
        self.batches.append(list(prompts))
        return np.array([0.9 if self.word in prompt else 0.1 for prompt in prompts])


class WordsRouter(Router):
    """Scores a prompt by the first of its words that it holds, in their order; 0.1 without any."""

    scores_inline = True

    def __init__(self, **scores: float) -> None:
        self.scores = scores
        self.batches: list[list[str]] = []

    def score(self, prompts: Sequence[str]) -> Scores:
        self.batches.append(list(prompts))
        found = [[value for word, value in self.scores.items() if word in prompt] for prompt in prompts]
        return np.array([values[0] if values else 0.1 for values in found])


class FixedRouter(Router):
    """Gives every prompt the same score."""

    scores_inline = True

    def __init__(self, value: float) -> None:
        self.value = value

    def score(self, prompts: Sequence[str]) -> Scores:
        return np.full(len(prompts), self.value)


class AlternatingRouter(Router):
    """Sends each new text to the other side than the one before."""

    scores_inline = True

    def __init__(self) -> None:
        self.turn = 0

    def score(self, prompts: Sequence[str]) -> Scores:
        scores = [float((self.turn + position) % 2) for position in range(len(prompts))]
        self.turn += len(prompts)
        return np.array(scores)


class FailingRouter(Router):
    """Fails with a message that holds what must never be shown."""

    def score(self, prompts: Sequence[str]) -> Scores:
        raise RuntimeError("the secret is sk-0123456789")


class HangingRouter(Router):
    """Waits until it is let go, and counts its calls."""

    def __init__(self) -> None:
        self.let_go = Event()
        self.calls = 0

    def score(self, prompts: Sequence[str]) -> Scores:
        self.calls += 1
        self.let_go.wait()
        return np.full(len(prompts), 0.25)
