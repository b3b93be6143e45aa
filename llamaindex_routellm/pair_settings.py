"""PairSettings: what RouteLLM is made of: its settings, their checks, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Self

from llama_index.core.llms import LLM
from llama_index_instrumentation import get_dispatcher
from pydantic import ConfigDict, PrivateAttr
from typing_extensions import override

from llamaindex_routellm.answered import answered_usage
from llamaindex_routellm.heard_spans import spanned_where_heard
from llamaindex_routellm.pair_fields import PairFields
from llamaindex_routellm.reading import QUESTION_VARIABLES, Reading
from llamaindex_routellm.side import OVERLAID_SETTINGS, Side, pass_on, with_setting
from llamaindex_routellm.switchboard import Switchboard, judging_values
from routellm_core import Disagreement, RoutingStats
from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.pair.pair_check import warn_of_slips
from routellm_core.pair.routing_state import RoutingState
from routellm_core.pair.tier_arguments import check_between, nested_refusal
from routellm_core.routing.decision import Route
from routellm_core.routing.ladder import PAIR
from routellm_core.routing.list_prices import LISTED, listed_prices
from routellm_core.routing.prices import Price, Prices
from routellm_core.routing.setting_checks import check_choice
from routellm_core.settings import (
    SETTING_NAMES,
    RouterGiven,
    RoutingSettings,
)

_CHOICES = {"context_window": ("min", "strong"), "function_calling": ("any", "both")}
# For these None is a choice of its own.
_NONE_IS_A_CHOICE = ("share_window", "housekeeping_route")


class PairSettings(PairFields):
    """The settings of a routed pair; `RouteLLM` adds the calls."""

    # A given value may hold a key by mistake.
    model_config = ConfigDict(hide_input_in_errors=True)

    _switchboard: Switchboard | None = PrivateAttr(default=None)
    _state: RoutingState = PrivateAttr()
    _routing: RoutingSettings = PrivateAttr()
    _passed_on: dict[str, Any] = PrivateAttr(default_factory=dict)
    _router_given: RouterGiven = PrivateAttr(default="default")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dispatcher = get_dispatcher(cls.__module__)
        for name, method in list(vars(cls).items()):
            if (spared := spanned_where_heard(method, dispatcher)) is not None:
                setattr(cls, name, spared)

    def __init__(self, **settings: Any) -> None:
        _check_names(settings, set(type(self).model_fields), type(self).__name__)
        given = {
            name: value for name, value in settings.items() if value is not None or name in _NONE_IS_A_CHOICE
        }
        _check_pair(given)
        if given.get("prices") == LISTED:
            given["prices"] = _listed_prices(_by_tier(given))
        routing = RoutingSettings.checked(given)
        super().__init__(**given | _field_values(routing))
        self._routing = routing
        self._router_given = settings.get("router", "default")
        self._state = RoutingState(routing)
        self._warn_of_slips(routing)
        self._pass_on_callbacks()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; routing settings are checked as in the constructor and count from the next call on."""
        if name.startswith("_") or self.__pydantic_private__ is None:
            super().__setattr__(name, value)
            return
        if name in PairFields.__annotations__:
            self._set_routing(name, value)
            return
        super().__setattr__(name, value)
        if name in OVERLAID_SETTINGS:
            self._switchboard = None
        elif name == "callback_manager":
            self._pass_on_callbacks()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the LLM; updated settings are checked, and the copy counts its calls for itself.

        A setting that is not the pair's own, such as `temperature`, is set on copies of both models.

        Raises:
            ValueError: a setting is not what was expected, or one of the models has none of this name.
        """
        copy = super().model_copy(deep=deep)
        copy._state = self._state.copy(self._routing)
        copy._switchboard = None
        copy._passed_on = dict(self._passed_on)
        for name, value in (update or {}).items():
            if name in type(self).model_fields:
                setattr(copy, name, value)
                continue
            for route, field in ((self.tier_names[-1], "strong"), (self.tier_names[0], "weak")):
                setattr(copy, field, with_setting(route, getattr(copy, field), name, value))
            if self.between:
                named = zip(self.tier_names[1:-1], copy.between, strict=True)
                copy.between = [with_setting(route, model, name, value) for route, model in named]
        return copy

    @override
    def copy(
        self, *, include: Any = None, exclude: Any = None, update: Any = None, deep: bool = False
    ) -> Self:
        """Copy the LLM as `model_copy` does, which is its name today.

        Raises:
            ValueError: fields are to be left out, without which it is no pair.
        """
        if include is not None or exclude is not None:
            raise ValueError("include and exclude are given, but a pair is copied whole: use update=.")
        return self.model_copy(update=update, deep=deep)

    def routing_stats(self, *, reset: bool = False) -> RoutingStats:
        """Return what was counted since the start or the last reset; `reset`: and start again.

        LlamaIndex keeps no record in a conversation's messages: `switches` and their cost are those of the
        conversations that have a name, see `sticky`.
        """
        return self._state.counter.snapshot(reset=reset)

    def reset_routing_stats(self) -> None:
        """Start counting again from nothing."""
        self._state.counter.reset()

    @property
    def switchboard(self) -> Switchboard:
        """What decides, counts and asks, made from the settings."""
        # pydantic finds private attributes only after everything else has failed: this is asked at each call.
        made: Switchboard | None = self.__pydantic_private__["_switchboard"]  # type: ignore[index]  # never None
        if made is None:
            made = self._switchboard = self._made_switchboard(self._routing)
        return made

    def _made_switchboard(self, settings: RoutingSettings) -> Switchboard:
        given = {route: Side(route, model, settings.lacks(route)) for route, model in self.models.items()}
        models = {route: side.name for route, side in given.items()} if self._state.logs else {}
        rule = settings.escalate_if if isinstance(settings.escalate_if, Disagreement) else None
        return Switchboard(
            sides={route: side.with_settings(self) for route, side in given.items()},
            dispatcher=self._state.dispatcher(
                settings, judging_values(settings.escalation()), models, answered_usage
            ),
            reading=Reading(
                (*self.question_variables, *QUESTION_VARIABLES),
                settings.housekeeping_route,
                settings.sticky == "conversation",
                settings.escalate_when,
            ),
            checker=None if rule is None else Side("checker", rule.checker).with_settings(self),
        )

    @property
    def models(self) -> dict[Route, LLM]:
        """The models as they were given, by the name of their side, the most capable first."""
        return _by_tier({name: getattr(self, name) for name in ("strong", "weak", "between", "tier_names")})

    def _warn_of_slips(self, settings: RoutingSettings) -> None:
        prices = settings.prices
        for lower, upper in pairwise(self.tier_names):
            cheap, capable = self.models[lower], self.models[upper]
            warn_of_slips(
                same=capable is cheap,
                strong=Side(upper, capable).name,
                weak=Side(lower, cheap).name,
                prices=prices and Prices(prices.of(upper), prices.of(lower)),
                names=(upper, lower),
            )

    def _set_routing(self, name: str, value: Any) -> None:
        _check_pair({name: value})
        if name == "prices" and value == LISTED:
            value = _listed_prices(self.models)
        if name == "between":
            check_between(value, self.tier_names)
        settings = self._routing.with_change(name, value) if name in SETTING_NAMES else self._routing
        super().__setattr__(name, getattr(settings, name, value))
        self._routing = settings
        self.__dict__.update(_field_values(settings))
        self._switchboard = None
        if name == "router":
            self._router_given = value
        elif name in ("strong", "weak", "between"):
            ends = {"strong": self.tier_names[-1:], "weak": self.tier_names[:1]}
            for route in ends.get(name, self.tier_names[1:-1]):
                self._passed_on.pop(route, None)
            self._pass_on_callbacks()
        self._state.change(settings, name)

    def _pass_on_callbacks(self) -> None:
        for side, model in self.models.items():
            if pass_on(self.callback_manager, model, self._passed_on.get(side)):
                self._passed_on[side] = self.callback_manager
                # The copies that carry the router's settings carry the manager too.
                self._switchboard = None


def _by_tier(given: Mapping[str, Any]) -> dict[Route, LLM]:
    lowest, *between, top = given.get("tier_names", PAIR.names)
    middle = dict(zip(between, given.get("between", ()), strict=True))
    return {top: given["strong"], **dict(reversed(middle.items())), lowest: given["weak"]}


def _listed_prices(models: Mapping[Route, LLM]) -> dict[Route, Price]:
    return listed_prices({route: Side(route, model).name for route, model in models.items()})


def _field_values(settings: RoutingSettings) -> dict[str, Any]:
    """Return checked settings as the fields hold them.

    A threshold that follows from a share is no field's value: making a pair anew from its fields would
    give both.
    """
    derived = {"threshold": None} if settings.derives_threshold else {}
    return vars(settings) | derived


def _check_names(settings: Mapping[str, Any], known: set[str], name: str) -> None:
    for one in ("model", "model_name"):
        if one in settings:
            shown = without_secrets(repr(settings[one]))
            raise ValueError(
                f"{one}={shown} is one model, and {name} takes two: give strong= and weak=, such as "
                "strong=OpenAI('gpt-4o'), weak=OpenAI('gpt-4o-mini')."
            )
    for side in ("strong", "weak"):
        if settings.get(side) is None:
            raise ValueError(f"{side} is missing: expected an LLM of LlamaIndex, such as OpenAI(model=...).")
    for unknown in sorted(set(settings) - known):
        near = get_close_matches(unknown, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give it to the models: strong=OpenAI({unknown}=...)."
        raise ValueError(f"{unknown} is not a setting of {name}: {hint}")


def _check_pair(given: Mapping[str, Any]) -> None:
    """Check the settings that are LlamaIndex's own.

    Raises:
        ValueError: one of them is not what was expected; the message names it.
    """
    models = {side: given[side] for side in ("strong", "weak") if side in given}
    between = given.get("between", ())
    if len(models) == 2:
        check_between(between, tuple(given.get("tier_names", PAIR.names)))
    if isinstance(given.get("escalate_if"), Disagreement):
        models["checker"] = given["escalate_if"].checker
    for side, model in (*models.items(), *(("between", model) for model in between)):
        if isinstance(model, PairFields):
            raise ValueError(nested_refusal(side, type(model).__name__, "RouteLLM"))
        if not isinstance(model, LLM):
            raise ValueError(
                f"{side} is {type(model).__name__}, expected an LLM of LlamaIndex, such as OpenAI(model=...)."
            )
    for name, choices in _CHOICES.items():
        if name in given:
            check_choice(given[name], name, choices)
    names = given.get("question_variables", ())
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"question_variables is {names!r}, expected names of template variables, such as ('text',)."
        )
