"""PairIdentity: how a routed pair is named to caches and tracers, what it can do, how it counts tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from typing_extensions import override

from langchain_routellm.pair_settings import PairSettings
from langchain_routellm.side import Side
from routellm_core import __version__


class PairIdentity(PairSettings):
    """How a routed pair identifies itself to callers, caches and tracers."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Name what tells one pair from another first, and nothing else: a chat model has many fields."""
        yield "strong", self.strong
        yield "weak", self.weak
        yield "router", self._routing.router.name
        yield "threshold", self._routing.threshold

    @override
    def _resolve_model_profile(self) -> ModelProfile | None:
        return shared_profile(
            Side.from_value("strong", self.strong).model, Side.from_value("weak", self.weak).model
        )

    @property
    @override
    def _llm_type(self) -> str:
        return "chat-routellm"

    @property
    @override
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "strong": _identity(self.strong),
            "weak": _identity(self.weak),
            "router": f"{self._routing.router.name}:{type(self._routing.router).__qualname__}",
            "threshold": self._routing.threshold,
            "mode": self.mode,
            "version": __version__,
        }

    @override
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        # Nothing traces with these: the inner model's run has its own. Callers may ask for them.
        names = [side.name for side in self.switchboard.sides.values()]
        params = LangSmithParams(ls_provider="routellm", ls_model_type="chat")
        params["ls_model_name"] = kwargs.get("model") or "|".join(name or "unknown" for name in names)
        if stop:
            params["ls_stop"] = stop
        return params

    @override
    def get_token_ids(self, text: str) -> list[int]:
        return self.switchboard.sides["strong"].model.get_token_ids(text)

    @override
    def get_num_tokens(self, text: str) -> int:
        return self.get_num_tokens_from_messages([self._convert_input(text).to_messages()[0]])

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Count tokens as the strong model does, or estimate them where its tokenizer is not at hand."""
        try:
            return self.switchboard.sides["strong"].model.get_num_tokens_from_messages(messages, tools)
        except Exception:
            # Tokenizers' files are downloaded on first use; without a network there is still an estimate.
            return count_tokens_approximately(messages)


def _identity(model: object) -> dict[str, Any]:
    """Return what identifies an inner model; providers leave out where their requests go."""
    asdict = getattr(model, "asdict", None)
    address = next((v for name in ("openai_api_base", "base_url") if (v := getattr(model, name, None))), None)
    return {"address": address, **(asdict() if callable(asdict) else {"model": repr(model)})}


def shared_profile(strong: BaseChatModel, weak: BaseChatModel) -> ModelProfile | None:
    """Return the intersection of two profiles: abilities that both have, the smaller of two limits.

    What one side's profile does not mention is unknown and left out; without one of the profiles, all is.
    """
    if not strong.profile or not weak.profile:
        return None
    first, second = cast(Mapping[str, Any], strong.profile), cast(Mapping[str, Any], weak.profile)
    shared: dict[str, Any] = {}
    for key in first.keys() & second.keys():
        ours, theirs = first[key], second[key]
        if isinstance(ours, bool) and isinstance(theirs, bool):
            shared[key] = ours and theirs
        elif isinstance(ours, int) and isinstance(theirs, int):
            shared[key] = min(ours, theirs)
    return cast(ModelProfile, shared) or None
