"""PairIdentity: how a routed pair is named to caches and tracers, and how it counts tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from typing_extensions import override

from langchain_routellm.routing_model import RoutingModel
from routellm_core import __version__


class PairIdentity(RoutingModel):
    """The members by which a chat model is told from others."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Name what tells one pair from another first, and nothing else: a chat model has many fields."""
        yield "strong", self.strong
        yield "weak", self.weak
        yield "router", self.router.name
        yield "threshold", self.threshold

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
            "router": f"{self.router.name}:{type(self.router).__qualname__}",
            "threshold": self.threshold,
            "mode": self.mode,
            "version": __version__,
        }

    @override
    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        # Nothing traces with these: the inner model's run has its own. They name the pair for who asks.
        names = [
            self.sides[route].model._get_ls_params().get("ls_model_name") for route in ("strong", "weak")
        ]
        params = LangSmithParams(ls_provider="routellm", ls_model_type="chat")
        params["ls_model_name"] = kwargs.get("model") or "|".join(name or "unknown" for name in names)
        if stop:
            params["ls_stop"] = stop
        return params

    @override
    def get_token_ids(self, text: str) -> list[int]:
        return self.sides["strong"].model.get_token_ids(text)

    @override
    def get_num_tokens(self, text: str) -> int:
        return self.get_num_tokens_from_messages([self._convert_input(text).to_messages()[0]])

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Count tokens as the strong model does, or estimate them where its tokenizer is not at hand."""
        try:
            return self.sides["strong"].model.get_num_tokens_from_messages(messages, tools)
        except Exception:
            # Tokenizers' files are downloaded on first use; without a network there is still an estimate.
            return count_tokens_approximately(messages)


def _identity(model: Any) -> Any:
    """Return what identifies an inner model; providers leave out where their requests go."""
    asdict = getattr(model, "asdict", None)
    address = next((v for name in ("openai_api_base", "base_url") if (v := getattr(model, name, None))), None)
    return {"address": address, **(asdict() if callable(asdict) else {"model": repr(model)})}
