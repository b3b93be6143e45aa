"""PairSettings: what RouteLLM is made of: its settings, their checks, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from os import PathLike
from typing import Any, Literal, Self

from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index_instrumentation import get_dispatcher
from pydantic import ConfigDict, Field, PrivateAttr, SerializeAsAny

from llamaindex_routellm.attempt import answered_usage
from llamaindex_routellm.heard_spans import spanned_where_heard
from llamaindex_routellm.reading import QUESTION_VARIABLES, Reading
from llamaindex_routellm.side import OVERLAID_SETTINGS, Side, pass_on
from llamaindex_routellm.switchboard import Switchboard, judging_values
from routellm_core import RoutingStats
from routellm_core.calibrated_pair import calibrated_traffic, settings_from_calibration
from routellm_core.calibration.record import Calibration
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route
from routellm_core.routing.escalation import ErrorsGiven
from routellm_core.routing.policy import OnRouterError
from routellm_core.routing.share_tracker import DEFAULT_WINDOW
from routellm_core.routing_state import RoutingState
from routellm_core.settings import (
    SETTING_NAMES,
    BudgetGiven,
    Given,
    LogGiven,
    Mode,
    PricesGiven,
    RouterGiven,
    RoutingSettings,
    Sticky,
    StuckGiven,
    check_choice,
)

_CHOICES = {"context_window": ("min", "strong"), "function_calling": ("any", "both")}
# For these None is a choice of its own.
_NONE_IS_A_CHOICE = ("share_window", "housekeeping_route")


class PairSettings(FunctionCallingLLM):
    """The settings of a routed pair; `RouteLLM` adds the calls."""

    # What was given may hold a key where none belongs.
    model_config = ConfigDict(hide_input_in_errors=True)

    strong: SerializeAsAny[LLM] = Field(description="The capable model.")
    """The capable model, any LLM of LlamaIndex."""
    weak: SerializeAsAny[LLM] = Field(description="The cheap model.")
    """The cheap model, the same."""
    router: Given[RouterGiven] = "default"
    """A name, a folder written by `Router.save`, or a Router object."""
    threshold: float | None = None
    """A prompt goes to strong when its score is at least this, in [0, 1]."""
    strong_share: float | None = None
    """Instead of a threshold: the share of prompts that go to strong, in [0, 1]."""
    share_window: Given[int | None] = DEFAULT_WINDOW
    """How many of the last scored texts the share is kept on; None: the threshold stays where the router's
    own score quantiles put it."""
    sticky: Given[Sticky | None] = None
    """"conversation": once strong has answered in a conversation, strong answers the rest of it. What came
    before is known from the name that `routing(thread_id=...)` or `instrument_tags({"thread_id": ...})` gives
    it, and otherwise from the scores of the earlier turns."""
    sticky_turns: Given[int | None] = None
    """How many easy turns in a row stay on strong before the score decides again; None: all of them."""
    question_variables: Given[Sequence[str]] = ()
    """Names of template variables that hold the person's question, looked for before "query_str", "question"
    and "query", such as ("text",) for prompts that are about a text that the person wrote."""
    housekeeping_route: Given[Route | None] = "weak"
    """The side for calls that a program makes for itself: the prompts that build an index, extractors,
    evaluators that see no question, summaries of memories. None scores them by their whole text."""
    no_text_route: Given[Route] = "strong"
    """The side for calls that hold no text at all: "strong" or "weak"."""
    on_router_error: Given[OnRouterError] = "strong"
    """The side that answers when the router fails, or "raise"."""
    score_timeout: Given[float | None] = None
    """How many seconds a call waits for its score, after which the router has failed; None: as long as it
    takes. For routers that ask another machine; the router that ships is not timed."""
    mode: Given[Mode] = "route"
    """"shadow": strong answers every call, and the record's `shadow_route` says who would have."""
    escalate_on: Given[ErrorsGiven] = Field(default=(), exclude=True)
    """Exception types of the weak model, "parse_error" or "invalid_tool_call" (a whole answer that calls an
    unknown tool, or one with arguments that break its schema), after which strong is asked, once."""
    escalate_strong_on: Given[ErrorsGiven] = Field(default=(), exclude=True)
    """Exception types of the strong model after which weak is asked, once."""
    escalate_if: Callable[[Any], bool] | None = Field(default=None, exclude=True)
    """Given what a method of weak returns, whole: a response, or predict()'s text, or structured_predict()'s
    object (`str(answer)` is text in every case); true: strong is asked as well, once. A streamed answer is
    held back until it was judged, so that nobody is shown one that is rejected."""
    escalate_when: Given[StuckGiven | None] = None
    """When strong takes over the rest of a tool loop: {"repeated_tool_call": 3, "tool_errors": 2,
    "invalid_tool_call": 1}, or some of these."""
    strong_lacks: Given[Collection[Need]] = frozenset()
    """What the strong model can't do, beyond what its metadata says: of "image", "audio", "video", "file",
    "tools", "structured_output"."""
    weak_lacks: Given[Collection[Need]] = frozenset()
    """The same of the weak model; {"tools"} sends every call with tools to strong."""
    prices: Given[PricesGiven | None] = None
    """Per million tokens, for the statistics: {"strong": {"input": 2.5, "output": 10.0}, "weak": {...}}."""
    budget: Given[BudgetGiven | None] = None
    """What strong may cost by the prices: {"strong": 20.0, "per": "day"}; or per "hour", "week" or
    "month"."""
    decision_log: Given[LogGiven | None] = None
    """Where each call is written down: "decisions.jsonl" or "sqlite:///decisions.db". Read it back as a
    DecisionLog, whose `outcome(id, score)` says how good an answer was."""
    log_text: bool = False
    """Whether the log holds the scored text itself, beside its hash."""
    on_decision: Callable[[dict[str, Any]], Any] | None = Field(default=None, exclude=True)
    """Given each call's row of the log when the call has ended; called in the background."""
    on_drift: Callable[[Warning], Any] | None = Field(default=None, exclude=True)
    """Given a warning when the traffic has left what the threshold was set on."""
    context_window: Given[Literal["min", "strong"]] = "min"
    """The window that `metadata` promises, for which engines pack their prompts. "min": the smaller one, so
    that each packed prompt fits both models. "strong": the strong model's, which takes fewer calls; a prompt
    that is too long for weak goes to strong."""
    function_calling: Given[Literal["any", "both"]] = "any"
    """When `metadata` promises tool calls. "any": when one of the models makes them; calls with tools then go
    to that one. "both": when both do, so that LlamaIndex otherwise chooses ReAct, which each of them can
    do."""

    _switchboard: Switchboard | None = PrivateAttr(default=None)
    _state: RoutingState = PrivateAttr()
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
        routing = RoutingSettings.checked(given)
        super().__init__(**given | vars(routing))
        self._router_given = settings.get("router", "default")
        self._state = RoutingState(routing)
        self._pass_on_callbacks()

    @classmethod
    def from_calibration(cls, path: str | PathLike[str], *, strong: LLM, weak: LLM, **settings: Any) -> Self:
        """Make it with the router and the threshold that `routellm calibrate` wrote.

        Args:
            path: the file written by `routellm calibrate --out`.
            strong: as in the constructor.
            weak: as in the constructor.
            settings: the constructor's other settings.

        Raises:
            ValueError: `threshold` or `strong_share` is given as well, the file is not a calibration, or it
                was made with another router.

        Warns:
            CalibrationWarning: it was made for another model.
        """
        calibration = Calibration.load(path)
        llm = cls(strong=strong, weak=weak, **settings_from_calibration(calibration, settings))
        names = Side("strong", strong).name, Side("weak", weak).name
        llm._state.expect(calibrated_traffic(calibration, llm._routing.router, *names))
        llm._switchboard = None
        return llm

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; routing settings are checked as in the constructor and count from the next call on."""
        if name.startswith("_") or self.__pydantic_private__ is None:
            super().__setattr__(name, value)
            return
        if name in PairSettings.__annotations__:
            self._set_routing(name, value)
            return
        super().__setattr__(name, value)
        if name in OVERLAID_SETTINGS:
            self._switchboard = None
        elif name == "callback_manager":
            self._pass_on_callbacks()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the LLM; updated settings are checked, and the copy counts its calls for itself."""
        copy = super().model_copy(deep=deep)
        copy._state = self._state.copy(self._routing)
        copy._switchboard = None
        copy._passed_on = dict(self._passed_on)
        for name, value in (update or {}).items():
            setattr(copy, name, value)
        return copy

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
        strong = Side("strong", self.strong, settings.strong_lacks)
        weak = Side("weak", self.weak, settings.weak_lacks)
        models = {side.route: side.name for side in (strong, weak)} if self._state.logs else {}
        return Switchboard(
            sides={"strong": strong.with_settings(self), "weak": weak.with_settings(self)},
            dispatcher=self._state.dispatcher(
                settings, judging_values(settings.escalation()), models, answered_usage
            ),
            reading=Reading(
                (*self.question_variables, *QUESTION_VARIABLES),
                settings.housekeeping_route,
                settings.sticky == "conversation",
            ),
            stuck=settings.escalate_when,
        )

    @property
    def _routing(self) -> RoutingSettings:
        return RoutingSettings(**{name: getattr(self, name) for name in SETTING_NAMES})

    def _set_routing(self, name: str, value: Any) -> None:
        _check_pair({name: value})
        settings = self._routing.with_change(name, value) if name in SETTING_NAMES else self._routing
        super().__setattr__(name, getattr(settings, name, value))
        self.__dict__.update(vars(settings))
        self._switchboard = None
        if name == "router":
            self._router_given = value
        elif name in ("strong", "weak"):
            self._passed_on.pop(name, None)
            self._pass_on_callbacks()
        self._state.change(settings, name)

    def _pass_on_callbacks(self) -> None:
        for side, model in (("strong", self.strong), ("weak", self.weak)):
            if pass_on(self.callback_manager, model, self._passed_on.get(side)):
                self._passed_on[side] = self.callback_manager
                # The copies that carry the router's settings carry the manager too.
                self._switchboard = None


def _check_names(settings: Mapping[str, Any], known: set[str], name: str) -> None:
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
    for side in ("strong", "weak"):
        if side in given and not isinstance(given[side], LLM):
            raise ValueError(
                f"{side} is {type(given[side]).__name__}, expected an LLM of LlamaIndex, such as "
                "OpenAI(model=...)."
            )
    for name, choices in _CHOICES.items():
        if name in given:
            check_choice(given[name], name, choices)
    names = given.get("question_variables", ())
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"question_variables is {names!r}, expected names of template variables, such as ('text',)."
        )
