"""Batches: scoring, embedding and judging as callables on columns, for Ray Data's `map_batches` and similar.

Each takes a batch, a dictionary of columns with a column "prompt" of n texts, and returns it with its own
columns added. They hold names and folders, never weights, clients or keys: each worker loads what it needs at
its first batch, so they pickle to a few bytes. Nothing here imports Ray.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.loading import load_router
from routellm_core.preferences.judging.judgement import JudgingStopped
from routellm_core.preferences.judging.judging import judge_in_new_loop
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.responder import Responder
from routellm_core.router import Router

Batch = Mapping[str, Any]
"""Column -> n values."""


class _WithRouter:
    """Loads a router at the first batch, and pickles without it."""

    def __init__(self, router: str | PathLike[str] = "default") -> None:
        """Store the name.

        Args:
            router: a name or folder that `load_router` takes, readable on every worker.

        Raises:
            TypeError: it is a router itself, whose weights would be sent with every batch.
        """
        if not isinstance(router, str | PathLike):
            raise TypeError(f"router is {type(router).__name__}, expected a name or a folder.")
        self.router = fspath(router)
        self._loaded: Router | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None}

    def _load(self) -> Router:
        if self._loaded is None:
            self._loaded = load_router(self.router)
        return self._loaded


class ScoreBatch(_WithRouter):
    """Adds "score": P(strong preferred) of each prompt, float64 of shape (n,)."""

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Score a batch.

        Raises:
            ValueError: there is no column "prompt".
        """
        return {**batch, "score": self._load().score(_prompts(batch))}


class EmbedBatch(_WithRouter):
    """Adds "embedding": the router's own embedding of each prompt, shape (n, d)."""

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Embed a batch.

        Raises:
            ValueError: there is no column "prompt", or the router has no embedder.
        """
        embedder = getattr(self._load(), "embedder", None)
        if embedder is None:
            raise ValueError(f"router {self.router!r} has no embedder.")
        return {**batch, "embedding": np.asarray(embedder.embed(_prompts(batch)))}


class JudgeBatch:
    """Adds "winner" ("model_a": strong, "model_b": weak, "tie"; "" where rejected) and "model_a", "model_b".

    Each batch has its own log in a folder that all workers see, named by its prompts and the models: a batch
    that is repeated after a failure, on any worker, pays for nothing twice. Limits on spend and concurrency
    apply to each batch: multiply spend by the number of batches, concurrency by the number of workers.
    """

    def __init__(
        self,
        strong: Responder,
        weak: Responder,
        judge: Responder,
        *,
        log_folder: str | PathLike[str],
        settings: JudgingSettings | None = None,
    ) -> None:
        """Store the settings.

        Args:
            strong: a model that pickles and serves several event loops in turn, as `OpenAIResponder` does.
            weak: the weak model, likewise.
            judge: the judge, likewise.
            log_folder: where the batches' logs are kept.
            settings: of each batch's run.
        """
        self.strong = strong
        self.weak = weak
        self.judge = judge
        self.log_folder = fspath(log_folder)
        self.settings = settings or JudgingSettings()

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Judge a batch.

        Raises:
            ValueError: there is no column "prompt".
            JudgingStopped: the batch's cap is reached or a provider fails; run it again to continue.
        """
        prompts = _prompts(batch)
        result = judge_in_new_loop(
            prompts, self.strong, self.weak, self.judge, log=self.log_of(prompts), settings=self.settings
        )
        if result.stopped:
            raise JudgingStopped(f"{result.stopped}. What was paid for is in {self.log_folder}.")
        winners = {judgement.prompt: judgement.battle.winner for judgement in result.found}
        return {
            **batch,
            "winner": np.array([winners.get(prompt, "") for prompt in prompts], dtype=object),
            "model_a": np.array([self.strong.name] * len(prompts), dtype=object),
            "model_b": np.array([self.weak.name] * len(prompts), dtype=object),
        }

    def log_of(self, prompts: Sequence[str]) -> Path:
        """Return where the calls of a batch of these prompts are logged."""
        content = json.dumps([self.strong.name, self.weak.name, self.judge.name, *prompts]).encode()
        return Path(self.log_folder) / f"{hashlib.sha256(content).hexdigest()[:32]}.jsonl"


def _prompts(batch: Batch) -> list[str]:
    if "prompt" not in batch:
        raise ValueError(f"the batch has no column 'prompt', only {sorted(batch)}.")
    column: Sequence[Any] | npt.NDArray[Any] = batch["prompt"]
    # numpy's str scalars are instances of str but not plain strings.
    return [str(text) if isinstance(text, str) else text for text in column]
