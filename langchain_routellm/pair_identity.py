"""PairIdentity: how a routed pair is named to caches and tracers, what it can do, how it counts tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from math import ceil
from typing import Any, cast

from langchain_core.language_models import ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.load.serializable import SerializedConstructor, SerializedNotImplemented
from langchain_core.messages import BaseMessage, get_buffer_string
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import RunnableBinding, RunnableWithFallbacks
from typing_extensions import override

from langchain_routellm.pair_settings import PairSettings
from langchain_routellm.provider import model_name, provider_of
from langchain_routellm.serialized_pair import constructor_arguments, described
from langchain_routellm.side import MEDIA_KEYS, Side
from routellm_core import __version__
from routellm_core.redaction import redacted

_CHARACTERS_PER_TOKEN = 4


class PairIdentity(PairSettings):
    """How a routed pair identifies itself to callers, caches and tracers."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Name what tells one pair from another first, and nothing else: a chat model has many fields."""
        yield "strong", described(self.strong)
        yield "weak", described(self.weak)
        yield "router", self._routing.router.name
        yield "threshold", self._routing.threshold

    @override
    def _resolve_model_profile(self) -> ModelProfile | None:
        return shared_profile(
            Side.from_value("strong", self.strong, frozenset(self.strong_lacks)),
            Side.from_value("weak", self.weak, frozenset(self.weak_lacks)),
        )

    @property
    @override
    def _llm_type(self) -> str:
        """The models' own type where both have one, since hosts count tokens and choose formats by it."""
        strong, weak = (side.lead._llm_type for side in self.switchboard.sides.values())
        return strong if strong == weak else "chat-routellm"

    @property
    def model_name(self) -> str | None:
        """What the names of two models of one provider have in common, such as "gpt-4o"; else None.

        Hosts look for a family of models in it: only what is true of both may be found there.
        """
        strong, weak = self.switchboard.sides.values()
        first, second = model_name(strong), model_name(weak)
        if first is None or second is None or provider_of(strong) != provider_of(weak):
            return None
        same = list(takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
        return first[: len(same)].rstrip("-.:/") or None

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
        # Nothing traces with these: the inner model's run has its own. Hosts choose by the provider.
        models = [side.lead._get_ls_params() for side in self.switchboard.sides.values()]
        names = [each.get("ls_model_name") for each in models]
        providers = {each.get("ls_provider") for each in models}
        shared = providers.pop() if len(providers) == 1 else None
        params = LangSmithParams(ls_provider=shared or "routellm", ls_model_type="chat")
        params["ls_model_name"] = kwargs.get("model") or "|".join(name or "unknown" for name in names)
        if stop:
            params["ls_stop"] = stop
        return params

    @override
    def get_token_ids(self, text: str) -> list[int]:
        return self.switchboard.sides["strong"].lead.get_token_ids(text)

    @override
    def get_num_tokens(self, text: str) -> int:
        """Count tokens as the strong model does, or estimate them where its tokenizer is not at hand."""
        try:
            return self.switchboard.sides["strong"].lead.get_num_tokens(text)
        except Exception:
            return ceil(len(text) / _CHARACTERS_PER_TOKEN)

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Count tokens as the strong model does, or estimate them where its tokenizer is not at hand."""
        strong = self.switchboard.sides["strong"].lead
        try:
            if strong.custom_get_token_ids is not None:
                # Providers' own counting of messages passes it by.
                return sum(strong.get_num_tokens(get_buffer_string([message])) for message in messages)
            return strong.get_num_tokens_from_messages(messages, tools)
        except Exception:
            # Tokenizers' files are downloaded on first use; without a network there is still an estimate.
            return count_tokens_approximately(messages)

    @override
    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """Say how to make this pair again, where both models and all settings can be said."""
        kwargs = constructor_arguments(self, self._router_given)
        if kwargs is None:
            return self.to_json_not_implemented()
        # The class as such promises nothing: `is_lc_serializable` stays False.
        return {"lc": 1, "type": "constructor", "id": self.lc_id(), "kwargs": kwargs}


def _identity(model: object) -> dict[str, Any]:
    """Return what identifies an inner model; providers leave out where their requests go."""
    if isinstance(model, RunnableBinding):
        return _identity(model.bound) | {"bound": redacted(model.kwargs)}
    if isinstance(model, RunnableWithFallbacks):
        return {"fallbacks": [_identity(each) for each in model.runnables]}
    asdict = getattr(model, "asdict", None)
    address = next((v for name in ("openai_api_base", "base_url") if (v := getattr(model, name, None))), None)
    said = asdict() if callable(asdict) else {"model": described(model)}
    return dict(cast(Mapping[str, Any], redacted({"address": address, **said})))


def shared_profile(strong: Side, weak: Side) -> ModelProfile | None:
    """Return what two profiles have in common: abilities that both have, the smaller of two limits.

    What one side's profile does not mention is unknown and left out; without one of the profiles, all is.
    Images, audio, video and files that one side takes and the other is known not to take count as taken, as
    the calls that hold them go to that side.
    """
    if not strong.lead.profile or not weak.lead.profile:
        return None
    first, second = cast(Mapping[str, Any], strong.lead.profile), cast(Mapping[str, Any], weak.lead.profile)
    lacked = {side.route: side.capabilities().lacks for side in (strong, weak)}
    shared: dict[str, Any] = {}
    for key in first.keys() | second.keys():
        need = MEDIA_KEYS.get(key)
        if need is not None and (need in lacked["strong"]) != (need in lacked["weak"]):
            serving = second if need in lacked["strong"] else first
            if key in serving:
                shared[key] = serving[key]
            continue
        if key not in first or key not in second:
            continue
        ours, theirs = first[key], second[key]
        if isinstance(ours, bool) and isinstance(theirs, bool):
            shared[key] = ours and theirs
        elif isinstance(ours, int) and isinstance(theirs, int):
            shared[key] = min(ours, theirs)
    return cast(ModelProfile, shared) or None
