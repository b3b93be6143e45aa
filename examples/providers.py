"""Where an example's models are: at the real provider where its key is set, else on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from examples.stand_in import StandInModel, StandInServer
from examples.stand_in.model import Script


@dataclass(frozen=True)
class Endpoint:
    """A provider's API, and the models that an example takes from it; `middle` where it asks for a third one.

    `api_key` is kept out of the repr, so that printing an endpoint shows no secret.
    """

    provider: str
    base_url: str
    strong: str
    weak: str
    is_stand_in: bool
    api_key: str = field(repr=False)
    middle: str = ""

    @property
    def secret(self) -> SecretStr:
        """The key in the form that LangChain's models declare."""
        return SecretStr(self.api_key)

    def __str__(self) -> str:
        if self.is_stand_in:
            return f"stand-in for {self.provider} on this machine (real routing, made-up answers)"
        return f"{self.provider} at {self.base_url}"


@contextmanager
def openai_endpoint(
    strong: str | None = None, weak: str | None = None, *, weak_answer: Script | None = None, middle: str = ""
) -> Iterator[Endpoint]:
    """Yield OpenAI's API where `OPENAI_API_KEY` is set, else a stand-in that runs as long as the block.

    Models that are not given come from the environment (`ROUTELLM_STRONG`, `ROUTELLM_WEAK`), else they are
    gpt-4o and gpt-4o-mini. `OPENAI_BASE_URL` (or `OPENAI_API_BASE`) beats OpenAI's own address. A stand-in's
    weak model answers by `weak_answer` where it is given.
    """
    names = (
        strong or os.environ.get("ROUTELLM_STRONG") or "gpt-4o",
        weak or os.environ.get("ROUTELLM_WEAK") or "gpt-4o-mini",
    )
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if key:
        given = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
        yield Endpoint("OpenAI", given or "https://api.openai.com/v1", *names, False, key, middle)
        return
    models = [
        StandInModel(name, provider="openai", answer=weak_answer if name == names[1] else None)
        for name in (*names, middle)
        if name
    ]
    with StandInServer(models) as server:
        yield Endpoint("OpenAI", server.openai_url, *names, True, "stand-in-key", middle)


@contextmanager
def anthropic_endpoint(strong: str | None = None, weak: str | None = None) -> Iterator[Endpoint]:
    """Yield Anthropic's API where `ANTHROPIC_API_KEY` is set, else a stand-in that runs as long as the block.

    Models that are not given come from the environment (`ROUTELLM_ANTHROPIC_STRONG` and `..._WEAK`), else
    they are claude-sonnet-4-5 and claude-haiku-4-5. `ANTHROPIC_BASE_URL` beats Anthropic's own address.
    """
    names = (
        strong or os.environ.get("ROUTELLM_ANTHROPIC_STRONG") or "claude-sonnet-4-5",
        weak or os.environ.get("ROUTELLM_ANTHROPIC_WEAK") or "claude-haiku-4-5",
    )
    key = os.environ.get("ANTHROPIC_API_KEY", "").strip()
    if key:
        given = os.environ.get("ANTHROPIC_BASE_URL")
        yield Endpoint("Anthropic", given or "https://api.anthropic.com", *names, False, key)
        return
    with StandInServer(StandInModel(name, provider="anthropic") for name in names) as server:
        yield Endpoint("Anthropic", server.anthropic_url, *names, True, "stand-in-key")
