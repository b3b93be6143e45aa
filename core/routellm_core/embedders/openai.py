"""OpenAIEmbedder: a prompt's embedding by OpenAI's API, Azure's, or any server that speaks it.

What the published matrix factorization and similarity-weighted routers read prompts with. Needs the extra
`openai`; a key is read by OpenAI's own client, from its environment variable, and never kept here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.hosts import check_address
from routellm_core.embedders.embedder import (
    EmbedderError,
    EmbedderParts,
    Embeddings,
    check_embeddings,
    stored_settings,
)
from routellm_core.embedders.openai_client import OpenAIClient
from routellm_core.embedders.text import valid_unicode
from routellm_core.embedders.token_limit import cut_to_tokens, estimated_tokens
from routellm_core.routing.validation import check_count

DEFAULT_MODEL = "text-embedding-3-small"

_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}

_BLANK = "."
"""Sent in place of a text without any visible character, which the API refuses."""


class OpenAIEmbedder:
    """Embeds prompts through an OpenAI client, which is made at the first prompt.

    Requests run in threads of the embedder's own, async calls too: the connections of an async client belong
    to the event loop that opened them, while a router is used from many, one after another or at once.
    """

    kind = "openai"

    scores_inline = False
    """A network call: an event loop awaits `aembed`."""

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        dimensions: int | None = None,
        base_url: str | None = None,
        client: Any = None,
        max_tokens: int = 8191,
        batch_size: int = 2048,
        batch_tokens: int = 300_000,
        max_retries: int = 3,
        timeout: float = 60.0,
        max_concurrency: int = 32,
    ) -> None:
        """Store the settings.

        Args:
            model: the embedding model; with Azure, the deployment.
            dimensions: length of an embedding, for models that can shorten theirs; None for the model's own.
            base_url: of a server that speaks OpenAI's API; None for OpenAI's, or `OPENAI_BASE_URL`.
            client: an `openai.OpenAI`, an `openai.AzureOpenAI`, or anything with their `embeddings.create`,
                for keys, addresses and proxies of its own; None makes one that reads its key from the
                environment.
            max_tokens: tokens of a prompt that are sent; the rest is cut off.
            batch_size: prompts in one request at most.
            batch_tokens: tokens in one request at most, by estimate.
            max_retries: of the made client, after rate limits and server errors, with growing pauses.
            timeout: of the made client, in seconds, for one try.
            max_concurrency: requests at the same time at most.

        Raises:
            ValueError: a setting is not what was expected, or `base_url` holds a user name, a password or a
                query, which would be saved with a router.
            TypeError: `client` is an async client.
        """
        limits = {"max_tokens": max_tokens, "batch_size": batch_size, "batch_tokens": batch_tokens}
        for name, value in {**limits, "max_concurrency": max_concurrency}.items():
            check_count(value, name)
        if dimensions is not None:
            check_count(dimensions, "dimensions")
        if not isinstance(model, str) or not model:
            raise ValueError(f"model is {model!r}, expected the name of an embedding model.")
        self._client = OpenAIClient(model, base_url, client, max_retries, timeout)
        self.model = model
        self.dimensions = dimensions
        self.base_url = base_url
        self.max_tokens = max_tokens
        self.batch_size = batch_size
        self.batch_tokens = batch_tokens
        self.max_concurrency = max_concurrency
        self._threads: tuple[int, ThreadPoolExecutor] | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.model!r}, dimensions={self.dimensions}, base_url={self.base_url!r})"
        )

    def embed(self, prompts: Sequence[str]) -> Embeddings:
        """Embed prompts; shape (n, d), float32, finite; (0, d) for none, without a request.

        Raises:
            ImportError: the package openai is missing; names the extra.
            EmbedderError: there is no key, the API failed after all retries, or answered with another number
                or length of embeddings than asked for.
        """
        requests = list(self._requests(prompts))
        if len(requests) > 1:
            return self._joined(list(self._executor().map(self._answer, requests)))
        return self._joined([self._answer(request) for request in requests])

    async def aembed(self, prompts: Sequence[str]) -> Embeddings:
        """Return the same without blocking the event loop, whichever loop it is."""
        loop, threads = asyncio.get_running_loop(), self._executor()
        # Counting a long prompt's tokens takes milliseconds, the first time also a look for tiktoken's file.
        requests = await loop.run_in_executor(threads, lambda: list(self._requests(prompts)))
        answers = (loop.run_in_executor(threads, self._answer, request) for request in requests)
        return self._joined(await asyncio.gather(*answers))

    def to_parts(self) -> EmbedderParts:
        """Describe this embedder for a router's checkpoint: no key, and of a given client only its class."""
        settings = {
            "model": self.model,
            "dimensions": self.dimensions,
            "base_url": self.base_url,
            "max_tokens": self.max_tokens,
            "client": None if self._client.given is None else type(self._client.given).__name__,
        }
        return EmbedderParts(self.kind, settings)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> OpenAIEmbedder:
        """Make the embedder that `to_parts` described; its client reads its key from the environment.

        Raises:
            CheckpointError: its settings are not this class's, it was saved with a client of its own, or its
                address is at a host that is not allowed.
        """
        settings = stored_settings(checkpoint, ("model", "dimensions", "base_url", "max_tokens", "client"))
        client = settings.pop("client", None)
        if client is not None:
            raise CheckpointError(
                f"{checkpoint.origin}: its embedder was given a client of its own ({client}), which is not "
                f"saved: load_router(folder, embedder=OpenAIEmbedder({settings.get('model')!r}, client=...))."
            )
        if settings.get("base_url") is not None:
            check_address(settings["base_url"], checkpoint.allow_hosts, checkpoint.origin)
        with checkpoint.reading("embedder"):
            return cls(**settings)

    def _requests(self, prompts: Sequence[str]) -> Iterator[list[str]]:
        request: list[str] = []
        size = 0
        for prompt in prompts:
            text = cut_to_tokens(valid_unicode(prompt), self.max_tokens, self.model)
            text = text if text.strip() else _BLANK
            # What was cut to the limit has no more tokens than it, whatever the estimate says.
            tokens = min(estimated_tokens(text), self.max_tokens)
            if request and (len(request) == self.batch_size or size + tokens > self.batch_tokens):
                yield request
                request, size = [], 0
            request.append(text)
            size += tokens
        if request:
            yield request

    def _answer(self, request: list[str]) -> Embeddings:
        settings: dict[str, Any] = {}
        if self.dimensions is not None:
            settings["dimensions"] = self.dimensions
        if self.base_url is not None:
            # The client would ask for base64, which not every server knows.
            settings["encoding_format"] = "float"
        rows = self._client.embeddings(input=request, **settings)
        # A deployment of Azure's, or another server's model, may bear any name.
        own = self.base_url is None and self._client.given is None
        known = _DIMENSIONS.get(self.model) if own else None
        return check_embeddings(rows, (len(request), self.dimensions or known), self._client.origin)

    def _joined(self, answers: list[Embeddings]) -> Embeddings:
        if not answers:
            return np.zeros((0, self.dimensions or _DIMENSIONS.get(self.model, 0)), dtype=np.float32)
        lengths = sorted({answer.shape[1] for answer in answers})
        if len(lengths) > 1:
            raise EmbedderError(f"{self._client.origin} answered with embeddings of the lengths {lengths}.")
        return np.concatenate(answers)

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            # A forked process has none of its parent's threads.
            if self._threads is None or self._threads[0] != os.getpid():
                pool = ThreadPoolExecutor(self.max_concurrency, thread_name_prefix="openai-embedder")
                self._threads = (os.getpid(), pool)
            return self._threads[1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the threads out of copies and pickles."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_threads", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _threads=None, _lock=Lock())
