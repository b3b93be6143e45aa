"""PairSettings: the settings of ChatRouteLLM checked, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self, cast

from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import PrivateAttr, ValidationError, model_validator
from typing_extensions import override

from langchain_routellm.constructor_arguments import models_from, without_inputs
from langchain_routellm.pair_fields import GivenModel, PairFields
from langchain_routellm.routed_call import Reading, RoutedCall
from langchain_routellm.run_config import call_config
from langchain_routellm.side import PUSHED_DOWN, Side, checker_side, with_setting
from langchain_routellm.switchboard import Switchboard
from langchain_routellm.usage import message_usage
from routellm_core import Disagreement, RoutingStats, __version__
from routellm_core.pair.pair_check import warn_of_slips
from routellm_core.pair.routing_state import RoutingState
from routellm_core.pair.tier_arguments import check_between
from routellm_core.routing.capabilities import Need, TierCapabilities
from routellm_core.routing.decision import Route
from routellm_core.routing.list_prices import LISTED, listed_prices
from routellm_core.routing.prices import Price, Prices
from routellm_core.settings import (
    SETTING_NAMES,
    RouterGiven,
    RoutingSettings,
)


class PairSettings(PairFields):
    """The settings of a routed pair; `ChatRouteLLM` adds the calls."""

    _state: RoutingState = PrivateAttr()
    _switchboard: Switchboard | None = PrivateAttr(default=None)
    _routing: RoutingSettings = PrivateAttr()
    _router_given: RouterGiven = PrivateAttr(default="default")
    _resolved: bool = PrivateAttr(default=False)

    def __init__(self, **given: Any) -> None:
        cls = type(self)
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias) if name}
        try:
            super().__init__(**models_from(given, known, cls.__name__))
        except ValidationError as error:
            refused = without_inputs(error)
        else:
            return
        # Outside of the handler, or the first error would be this one's context.
        raise refused

    @model_validator(mode="after")
    def _resolve_routing(self) -> Self:
        # pydantic validates a finished model again when it becomes a field of another one.
        if self._resolved:
            return self
        _check_pair(self.__dict__)
        if self.prices == LISTED:
            self.__dict__["prices"] = self._listed_prices()
        settings = RoutingSettings.checked(self.__dict__)
        self._router_given = self.router
        self._keep(settings)
        self._state = RoutingState(settings)
        self._check_models()
        self._warn_of_slips(settings)
        self._resolved = True
        return self

    @model_validator(mode="after")
    def _set_routellm_version(self) -> Self:
        self._add_version("routellm-plugins", __version__)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; routing settings are checked as in the constructor and count from the next call on."""
        if name not in _SWITCHED:
            super().__setattr__(name, value)
            return
        _check_pair({**self.__dict__, name: value})
        if name == "prices" and value == LISTED:
            value = self._listed_prices()
        settings = self._routing.with_change(name, value) if name in SETTING_NAMES else self._routing
        before = dict(self.__dict__)
        super().__setattr__(name, value)
        if name == "router":
            self._router_given = value
        self._keep(settings)
        self._forget(name)
        try:
            self._check_models()
        except ValueError:
            self.__dict__.update(before)
            raise

    def _keep(self, settings: RoutingSettings) -> None:
        """Keep checked settings, and in the fields what was given of them.

        A threshold that follows from a share is no field's value: hosts make models anew from their fields.
        """
        self._routing = settings
        derived = {"threshold": None} if settings.derives_threshold else {}
        # Through __dict__, so that a default never counts as a setting that the user gave.
        self.__dict__.update(vars(settings) | derived)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model; updated settings are checked, and the copy counts its calls for itself.

        A setting that is not the pair's own, such as `temperature`, is set on copies of both models.

        Raises:
            ValueError: a setting is not what was expected, or one of the models has none of this name.
        """
        copy = super().model_copy(deep=deep)
        copy._state = self._state.copy(self._routing)
        copy._forget("")
        for name, value in (update or {}).items():
            if name in type(self).model_fields:
                setattr(copy, name, value)
                continue
            for route, field in ((self.tier_names[-1], "strong"), (self.tier_names[0], "weak")):
                setattr(copy, field, with_setting(route, getattr(copy, field), name, value))
            if self.between:
                named = zip(self.tier_names[1:-1], copy.between, strict=True)
                copy.between = [
                    with_setting(route, cast("Runnable[Any, Any]", model), name, value)
                    for route, model in named
                ]
        return copy

    @override
    def copy(
        self, *, include: Any = None, exclude: Any = None, update: Any = None, deep: bool = False
    ) -> Self:
        """Copy the model: the older name of `model_copy`.

        Raises:
            ValueError: fields are to be left out, without which it is no pair.
        """
        if include is not None or exclude is not None:
            raise ValueError("include and exclude are given, but a pair is copied whole: use update=.")
        return self.model_copy(update=update, deep=deep)

    def routing_stats(self, *, reset: bool = False) -> RoutingStats:
        """Return what was counted since the start or the last reset; `reset`: and start again."""
        return self._state.counter.snapshot(reset=reset)

    def reset_routing_stats(self) -> None:
        """Start counting again from nothing."""
        self._state.counter.reset()

    @property
    def switchboard(self) -> Switchboard:
        """What decides, counts and asks, made from the settings."""
        made: Switchboard | None = self._private["_switchboard"]
        if made is None:
            made = self._private["_switchboard"] = self._made_switchboard(self._routing)
        return made

    def _made_switchboard(self, settings: RoutingSettings) -> Switchboard:
        pushed = {
            name: getattr(self, name)
            for name in PUSHED_DOWN
            if name in self.model_fields_set and getattr(self, name) is not None
        }
        stop = {"stop": self.stop} if self.stop else {}
        given = {route: Side.from_value(route, model) for route, model in self.models.items()}
        # Providers' adapters do not tell every wording of it: the code is the same in all of them.
        escalation = settings.escalation(
            always=(ContextOverflowError,), always_codes=("context_length_exceeded",)
        )
        models = {route: side.name for route, side in given.items()} if self._state.logs else {}
        sides = {
            route: side.with_settings(pushed, stop, settings.lacks(route)) for route, side in given.items()
        }
        checker = None
        if escalation.disagreement is not None:
            asked = checker_side(escalation.disagreement.checker)
            checker = asked.with_settings(pushed, stop, frozenset())
        return Switchboard(
            sides=sides,
            dispatcher=self._state.dispatcher(settings, escalation, models, message_usage),
            checker=checker,
            reading=Reading(
                TierCapabilities({route: side.capabilities() for route, side in sides.items()}),
                self.prompt_extractor,
                settings.sticky == "conversation",
                settings.housekeeping_route,
                settings.escalate_when,
                settings.ladder,
            ),
        )

    @property
    def models(self) -> dict[Route, GivenModel]:
        """The models as they were given, by the name of their side, the most capable first."""
        lowest, *between, top = self.tier_names
        middle = dict(zip(between, self.between, strict=True))
        return {top: self.strong, **dict(reversed(middle.items())), lowest: self.weak}

    def _listed_prices(self) -> dict[Route, Price]:
        return listed_prices(
            {route: Side.from_value(route, model).name for route, model in self.models.items()}
        )

    def _warn_of_slips(self, settings: RoutingSettings) -> None:
        names, sides, prices = self.tier_names, self.switchboard.sides, settings.prices
        for lower, upper in pairwise(names):
            warn_of_slips(
                same=self.models[upper] is self.models[lower],
                strong=sides[upper].name,
                weak=sides[lower].name,
                prices=prices and Prices(prices.of(upper), prices.of(lower)),
                names=(upper, lower),
            )

    def routed_call(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None,
        stop: list[str] | None,
        kwargs: dict[str, Any],
        *,
        needs: frozenset[Need] = frozenset(),
        unsupported: frozenset[Route] = frozenset(),
        traced: bool = True,
    ) -> RoutedCall:
        """Read one call's arguments; see `RoutedCall` for what is known of the called method."""
        if stop is not None:
            kwargs["stop"] = stop
        return RoutedCall(
            input,
            None if isinstance(input, str) else self._convert_input(input).to_messages(),
            call_config(config, self.callbacks, self.tags, self.metadata, self.name),
            kwargs,
            self.switchboard.sides,
            needs,
            unsupported,
            traced and self.trace_routing,
        )

    def _check_models(self) -> None:
        """Raise now, not at the first call, if a model can't take a setting that is pushed down to it."""
        _ = self.switchboard

    @property
    def _private(self) -> dict[str, Any]:
        # pydantic finds private attributes only after everything else has failed: this is asked at each call.
        private: dict[str, Any] = self.__pydantic_private__  # type: ignore[assignment]  # it has some: never None
        return private

    def _forget(self, name: str) -> None:
        """Forget what follows from the settings; it is made again when it is needed."""
        self._switchboard = None
        self._state.change(self._routing, name)

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        private = dict(state["__pydantic_private__"] or {})
        private["_switchboard"] = None
        return {**state, "__pydantic_private__": private}


_SWITCHED = SETTING_NAMES | {
    "strong",
    "weak",
    "between",
    "prompt_extractor",
    "stop",
    *PUSHED_DOWN,
}
"""Fields that the switchboard is made from."""


def _check_pair(settings: Mapping[str, Any]) -> None:
    names = settings["tier_names"]
    check_between(settings["between"], names)
    models = (settings["weak"], *settings["between"], settings["strong"])
    for route, model in zip(names, models, strict=True):
        Side.from_value(route, model)
    if isinstance(settings["escalate_if"], Disagreement):
        checker_side(settings["escalate_if"].checker)
