"""OpenAIResponder: a model behind OpenAI's chat completions or an API that speaks the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

from routellm_core.checkpoints.redaction import without_address_secrets
from routellm_core.preferences.judging.responder import DEFAULT_MAX_TOKENS, Answer, Message, was_cut
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.validation import check_count

DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"
"""Reasons for which an answer ends before its end."""

_OPENAI = "https://api.openai.com"


class OpenAIResponder:
    """Asks one model. Holds no key: it is read from the environment when the client is made.

    The client is made at the first question and closed by `aclose()` or an `async with` block, after which
    the next question makes another, so that one object serves several event loops in turn. Pickles without
    it.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key_variable: str = DEFAULT_KEY_VARIABLE,
        max_tokens: int = DEFAULT_MAX_TOKENS,
        timeout: float = 120.0,
    ) -> None:
        """Store the settings.

        Args:
            model: the name that the API knows it by.
            base_url: address of the API, such as "http://127.0.0.1:8000/v1"; None: `OPENAI_BASE_URL`, else
                OpenAI's own.
            key_variable: the environment variable that holds the key.
            max_tokens: sent as the limit on an answer's tokens.
            timeout: seconds that one call may take.

        Raises:
            ValueError: no name, or a limit below 1.
        """
        if not model:
            raise ValueError("model is '', expected the name of a model.")
        check_count(max_tokens, f"max_tokens of {model}")
        self.name = model
        self.base_url = base_url
        self.key_variable = key_variable
        self.max_tokens = max_tokens
        self.timeout = timeout
        self._client: Any = None
        self._blocking: tuple[int, Any] | None = None

    def check_key(self) -> None:
        """Raise an error if the key is missing.

        Raises:
            ValueError: names the environment variable.
        """
        if not self._key():
            raise ValueError(
                f"the key for {self.name} is missing: set the environment variable {self.key_variable}, or "
                "name another one."
            )

    async def __call__(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once.

        Raises:
            ImportError: the extra `openai` is not installed.
            openai.OpenAIError: what the API answered.
        """
        client = self._client_for_loop()
        return _answer(await client.chat.completions.create(**self._request(client, messages)))

    def ask(self, messages: Sequence[Message]) -> Answer:
        """Ask the model once, from any thread; waits for the answer and raises as `__call__`."""
        client = self._client_for_threads()
        return _answer(client.chat.completions.create(**self._request(client, messages)))

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        blocking, self._blocking = self._blocking, None
        if client is not None:
            await client.close()
        if blocking is not None:
            blocking[1].close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None, "_blocking": None}

    def __repr__(self) -> str:
        address = None if self.base_url is None else without_address_secrets(self.base_url)
        return f"OpenAIResponder({self.name!r}, base_url={address!r}, max_tokens={self.max_tokens})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be in any log: the key, as long as the environment holds it."""
        return tuple(filter(None, [os.environ.get(self.key_variable, "").strip()]))

    def _key(self) -> str:
        # A server of one's own, named by its address, commonly asks for no key.
        return os.environ.get(self.key_variable, "").strip() or ("unused" if self.base_url else "")

    def _request(self, client: Any, messages: Sequence[Message]) -> dict[str, Any]:
        # OpenAI's newer models refuse max_tokens; servers that speak its API know the older name.
        limit = "max_completion_tokens" if str(client.base_url).startswith(_OPENAI) else "max_tokens"
        return {"model": self.name, "messages": list(messages), limit: self.max_tokens}

    def _client_for_loop(self) -> Any:
        if self._client is None:
            self._client = self._made("AsyncOpenAI")
        return self._client

    def _client_for_threads(self) -> Any:
        # A forked process must not write into its parent's connections.
        if self._blocking is None or self._blocking[0] != os.getpid():
            self._blocking = (os.getpid(), self._made("OpenAI"))
        return self._blocking[1]

    def _made(self, kind: Literal["AsyncOpenAI", "OpenAI"]) -> Any:
        try:
            import openai
        except ImportError as error:
            raise ImportError(
                "calling models through OpenAI's API needs an extra: pip install 'routellm-plugins[openai]'"
            ) from error
        self.check_key()
        # Retries are counted, paid and logged by the caller.
        return getattr(openai, kind)(
            api_key=self._key(), base_url=self.base_url, max_retries=0, timeout=self.timeout
        )


def _answer(completion: Any) -> Answer:
    # The client checks nothing: servers that speak OpenAI's API send what they like.
    choices = getattr(completion, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    return Answer(
        text=_text(getattr(message, "content", None)) or _text(getattr(message, "refusal", None)),
        usage=_usage(getattr(completion, "usage", None)),
        truncated=was_cut(getattr(choice, "finish_reason", None)),
    )


def _text(content: Any) -> str:
    """Return an answer's text, plain or in parts as some servers send it; "" for anything else."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return "".join(text for text in texts if isinstance(text, str))


def _usage(usage: Any) -> TokenUsage | None:
    """Return the tokens as they were reported, which may be of any type; None if none were counted."""
    read, written = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    if not (read or written):
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    return TokenUsage(
        input=read or 0, output=written or 0, cached_input=getattr(details, "cached_tokens", None) or 0
    )
