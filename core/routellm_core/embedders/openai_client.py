"""OpenAIClient: an OpenAI client that is made when it is first used, and whose errors hold no key."""

from __future__ import annotations

import os
from threading import Lock
from typing import Any, NoReturn
from urllib.parse import urlsplit

from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.embedders.embedder import EmbedderError

_SHOWN = 2_000
"""Characters of an error that are repeated: a server's may be a page."""


class OpenAIClient:
    """Asks for embeddings, by a client that was given or by one of its own, made at the first request."""

    def __init__(
        self, model: str, base_url: str | None, given: Any, max_retries: int, timeout: float
    ) -> None:
        """Store the settings; `OpenAIEmbedder` describes them.

        Raises:
            ValueError: both a client and an address, or an address that holds a secret or is none.
            TypeError: an async client.
        """
        if base_url is not None and given is not None:
            raise ValueError("base_url and client are both given: the client has its own address.")
        if base_url is not None:
            _check_address(base_url)
        if type(given).__name__.startswith("Async"):
            raise TypeError(
                f"client is {type(given).__name__}, expected its counterpart without Async: async calls run "
                "it in threads, for an async client belongs to one event loop."
            )
        self.model = model
        self.base_url = base_url
        self.given = given
        self.max_retries = max_retries
        self.timeout = timeout
        self._made: tuple[int, Any] | None = None
        self._lock = Lock()

    @property
    def origin(self) -> str:
        """The model and where it is asked, for messages."""
        return f"the embedding model {self.model!r} at {self.base_url or 'the address of its client'}"

    def embeddings(self, **request: Any) -> list[Any]:
        """Return the embeddings of `request["input"]`, in its order.

        Raises:
            ImportError: the package openai is missing; names the extra.
            EmbedderError: no key, a failure of the API, or not one numbered embedding for each text.
        """
        client = self._client()
        try:
            data = list(client.embeddings.create(model=self.model, **request).data or ())
        except Exception as error:
            self._refuse(error, client)
        count = len(request["input"])
        if len(data) != count:
            raise EmbedderError(f"{self.origin} answered with {len(data)} embeddings, expected {count}.")
        # Some servers leave the numbers out, and keep the order.
        positions = [getattr(item, "index", None) for item in data]
        if set(positions) == {None}:
            positions = list(range(count))
        by_position = {at: getattr(item, "embedding", None) for at, item in zip(positions, data, strict=True)}
        if by_position.keys() != set(range(count)):
            raise EmbedderError(
                f"{self.origin} numbered its embeddings {sorted(map(str, by_position))[:5]}..., "
                f"expected 0 to {count - 1}."
            )
        return [by_position[position] for position in range(count)]

    def _refuse(self, error: Exception, client: Any) -> NoReturn:
        message = f"{type(error).__name__}: {error}"[:_SHOWN]
        shown = without_secrets(message, [getattr(client, "api_key", None)])
        # A server that repeats the key in its answer must not bring it into a log, by no cause either.
        raise EmbedderError(f"{self.origin} failed: {shown}") from (error if shown == message else None)

    def _client(self) -> Any:
        if self.given is not None:
            return self.given
        with self._lock:
            # A forked process must not write into its parent's connections.
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._make())
            return self._made[1]

    def _make(self) -> Any:
        try:
            import openai
        except ImportError as error:
            raise ImportError(
                "the OpenAI embedder needs an extra: pip install 'routellm-plugins[openai]'"
            ) from error
        try:
            return openai.OpenAI(base_url=self.base_url, max_retries=self.max_retries, timeout=self.timeout)
        except openai.OpenAIError as error:
            raise EmbedderError(
                f"no client can be made for {self.origin}: set the environment variable OPENAI_API_KEY, or "
                "give client=openai.OpenAI(api_key=...)."
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        """Leave the made client out of copies and pickles; it is made again."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_made", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _made=None, _lock=Lock())


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.username or parts.password or parts.query:
        # Not repeated: it holds a secret, and an address is saved with the router.
        raise ValueError("base_url holds a user name, a password or a query: give client= instead.")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"base_url is {base_url!r}, expected an address such as 'http://host:8000/v1'.")
