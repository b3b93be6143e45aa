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
from routellm_core.checkpoints.redaction import redacted
from routellm_core.routing.prices import CHARACTERS_PER_TOKEN


class PairIdentity(PairSettings):
    """How a routed pair identifies itself to callers, caches and tracers."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show only what distinguishes one pair from another: a chat model has many fields."""
        for route, model in self.models.items():
            yield route, described(model)
        yield "router", self._routing.router.name
        yield "threshold", self._routing.threshold

    @override
    def _resolve_model_profile(self) -> ModelProfile | None:
        # The first access is before the settings are checked.
        said = {self.tier_names[-1]: self.strong_lacks, self.tier_names[0]: self.weak_lacks}
        return shared_profile(
            *(
                Side.from_value(
                    route, model, frozenset((*said.get(route, ()), *self.tier_lacks.get(route, ())))
                )
                for route, model in self.models.items()
            )
        )

    @property
    @override
    def _llm_type(self) -> str:
        """The models' type if all share one, since hosts count tokens and choose formats by it."""
        kinds = {side.lead._llm_type for side in self.switchboard.sides.values()}
        return kinds.pop() if len(kinds) == 1 else "chat-routellm"

    @property
    def model_name(self) -> str | None:
        """What the names of models of one provider have in common, such as "gpt-4o"; else None.

        Hosts look for a family of models in it: only what is true of all may be found there.
        """
        sides = self.switchboard.sides.values()
        names = [name for side in sides if (name := model_name(side)) is not None]
        if len(names) < len(sides) or len({provider_of(side) for side in sides}) > 1:
            return None
        same = list(takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False)))
        return names[0][: len(same)].rstrip("-.:/") or None

    @property
    @override
    def _identifying_params(self) -> dict[str, Any]:
        return {
            **{route: _identity(model) for route, model in self.models.items()},
            "router": f"{self._routing.router.name}:{type(self._routing.router).__qualname__}",
            "threshold": self._routing.threshold,
            "thresholds": self._routing.borders,
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
        return self.switchboard.top.lead.get_token_ids(text)

    @override
    def get_num_tokens(self, text: str) -> int:
        """Count tokens as the strong model does, or estimate them if its tokenizer is not available."""
        try:
            return self.switchboard.top.lead.get_num_tokens(text)
        except Exception:
            return ceil(len(text) / CHARACTERS_PER_TOKEN)

    @override
    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Count tokens as the strong model does, or estimate them if its tokenizer is not available."""
        strong = self.switchboard.top.lead
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
        """Describe how to rebuild this pair, if both models and all settings can be serialized."""
        kwargs = constructor_arguments(self, self._router_given)
        if kwargs is None:
            return self.to_json_not_implemented()
        # The class as such promises nothing: `is_lc_serializable` stays False.
        return {"lc": 1, "type": "constructor", "id": self.lc_id(), "kwargs": kwargs}


def _identity(model: object) -> dict[str, Any]:
    """Return what identifies an inner model; providers leave out the address."""
    if isinstance(model, RunnableBinding):
        return _identity(model.bound) | {"bound": redacted(model.kwargs)}
    if isinstance(model, RunnableWithFallbacks):
        return {"fallbacks": [_identity(each) for each in model.runnables]}
    asdict = getattr(model, "asdict", None)
    address = next((v for name in ("openai_api_base", "base_url") if (v := getattr(model, name, None))), None)
    said = asdict() if callable(asdict) else {"model": described(model)}
    return dict(cast(Mapping[str, Any], redacted({"address": address, **said})))


def shared_profile(*sides: Side) -> ModelProfile | None:
    """Return what profiles have in common: abilities that all have, the smallest of their limits.

    What one side's profile does not mention is unknown and left out; without one of the profiles, all is.
    Images, audio, video and files that only some sides are known to lack count as the others have them, as
    the calls that hold them go there.
    """
    profiles = [cast(Mapping[str, Any], side.lead.profile or {}) for side in sides]
    if not all(profiles):
        return None
    lacked = [side.capabilities().lacks for side in sides]
    shared: dict[str, Any] = {}
    for key in {key for profile in profiles for key in profile}:
        need = MEDIA_KEYS.get(key)
        serving = [profile for profile, lacks in zip(profiles, lacked, strict=True) if need not in lacks]
        values = [profile.get(key) for profile in serving or profiles]
        if all(isinstance(value, bool) for value in values):
            shared[key] = all(values)
        elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            shared[key] = min(value for value in values if value is not None)
    return cast(ModelProfile, shared) or None
