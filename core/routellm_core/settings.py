"""RoutingSettings: what both adapters' constructors take about routing, resolved the same way for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from inspect import iscoroutinefunction
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from routellm_core.calibration.share import threshold_for_share
from routellm_core.loading import load_router
from routellm_core.redaction import without_secrets
from routellm_core.router import Router
from routellm_core.routing.budget import BudgetLimit
from routellm_core.routing.capabilities import Need, check_needs
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.decision import Route
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.disagreement import Disagreement
from routellm_core.routing.drift import ExpectedTraffic, OnDrift
from routellm_core.routing.escalation import Errors, ErrorsGiven, Escalation
from routellm_core.routing.journal import OnDecision
from routellm_core.routing.policy import OnRouterError, RoutingPolicy
from routellm_core.routing.prices import Prices
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.share_tracker import DEFAULT_WINDOW, ShareTracker
from routellm_core.routing.stickiness import Stickiness
from routellm_core.routing.tool_loop import StuckLimits
from routellm_core.routing.validation import check_count, check_fraction, check_positive

T = TypeVar("T")

if TYPE_CHECKING:
    Given = Annotated[T, "as it is given"]
else:

    class Given:
        """`Given[T]`, of a host's field: what a user gives is a T, and the host takes whatever it is.

        Core checks it then, and says in its own words what was expected.
        """

        def __class_getitem__(cls, given: object) -> object:
            """Return what takes any value."""
            return Any


Mode = Literal["route", "shadow"]
Sticky = Literal["conversation"]
RouterGiven = Router | str | PathLike[str]
PricesGiven = Prices | Mapping[str, Any]
LogGiven = DecisionLog | str | PathLike[str]
EscalateIf = Callable[[Any], bool] | Disagreement
BudgetGiven = BudgetLimit | Mapping[str, Any]
StuckGiven = StuckLimits | Mapping[str, int]

THRESHOLDS = ("threshold", "strong_share")
"""The settings of which exactly one is given; `from_calibration` gives the first."""

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "housekeeping_route": (None, "strong", "weak"),
    "mode": ("route", "shadow"),
    "no_text_route": ("strong", "weak"),
    "on_router_error": ("strong", "weak", "raise"),
    "sticky": (None, "conversation"),
}


def resolve_router(value: Any) -> Router:
    """Return the router that `router=` names or is.

    Raises:
        ValueError: it is not a Router, a known name or a folder; the message names `router`.
    """
    if isinstance(value, Router):
        return value
    if isinstance(value, str | PathLike):
        return load_router(value)
    raise ValueError(
        f"router is {type(value).__name__}, expected a name such as 'default', a folder or a Router object."
    )


def resolve_threshold(router: Router, threshold: float | None, strong_share: float | None) -> float:
    """Return the threshold that exactly one of the two settings gives.

    Raises:
        ValueError: none or both are given, one is outside [0, 1], or a share is given for a router that
            ships no quantiles.
    """
    if (threshold is None) == (strong_share is None):
        given = "none of them" if threshold is None else "both threshold and strong_share"
        raise ValueError(
            "expected exactly one of strong_share= (the share of calls that strong answers, such as 0.3), "
            "threshold= (strong answers where the score is at least this) and from_calibration(path); "
            f"got {given}."
        )
    if strong_share is not None:
        return threshold_for_share(router, check_fraction(strong_share, "strong_share"))
    return check_fraction(threshold, "threshold")


def check_choice(value: Any, field: str, choices: tuple[Any, ...]) -> None:
    """Say what was expected where a setting is none of its choices.

    Raises:
        ValueError: names the field, the value and the choices.
    """
    if value not in choices:
        raise ValueError(f"{field} is {value!r}, expected one of {list(choices)}.")


@dataclass(frozen=True)
class RoutingSettings:
    """What both adapters are given about routing, checked; their constructors describe each setting."""

    router: Router
    threshold: float
    strong_share: float | None = None
    housekeeping_route: Route | None = "weak"
    no_text_route: Route = "strong"
    on_router_error: OnRouterError = "strong"
    score_timeout: float | None = None
    mode: Mode = "route"
    escalate_on: ErrorsGiven = ()
    escalate_strong_on: ErrorsGiven = ()
    escalate_if: EscalateIf | None = None
    strong_lacks: frozenset[Need] = frozenset()
    weak_lacks: frozenset[Need] = frozenset()
    prices: Prices | None = None
    share_window: int | None = DEFAULT_WINDOW
    decision_log: DecisionLog | None = None
    log_text: bool = False
    on_decision: OnDecision | None = None
    on_drift: OnDrift | None = None
    budget: BudgetLimit | None = None
    escalate_when: StuckLimits | None = None
    sticky: Sticky | None = None
    sticky_turns: int | None = None

    @classmethod
    def checked(cls, given: Mapping[str, Any]) -> Self:
        """Check settings.

        Args:
            given: name -> value, as a user gives them; other names than these settings' are passed over.

        Raises:
            ValueError: one of them is not what was expected; the message names it.
        """
        try:
            return cls._checked(given)
        except ValueError as error:
            shown = without_secrets(str(error))
            if shown == str(error):
                raise
        # Outside of the handler, or the first error would be this one's context.
        raise ValueError(shown)

    @classmethod
    def _checked(cls, given: Mapping[str, Any]) -> Self:
        values = {name: value for name, value in given.items() if name in SETTING_NAMES}
        for name, choices in _CHOICES.items():
            if name in values:
                check_choice(values[name], name, choices)
        for name in ("strong_lacks", "weak_lacks"):
            values[name] = check_needs(values.get(name, ()), name)
        if values.get("prices") is not None:
            values["prices"] = Prices.from_mapping(values["prices"])
        if values.get("score_timeout") is not None:
            values["score_timeout"] = check_positive(values["score_timeout"], "score_timeout")
        _check_sticky(values)
        _check_operation(values)
        values["router"] = resolve_router(values.get("router", "default"))
        values["threshold"] = resolve_threshold(
            values["router"], values.get("threshold"), values.get("strong_share")
        )
        settings = cls(**values)
        settings.escalation()
        settings.share_tracker()
        return settings

    def with_change(self, name: str, value: Any) -> Self:
        """Return these settings with one of them changed, and the threshold following from a share.

        Raises:
            ValueError: the value is not what was expected.
        """
        values = {**vars(self), name: value}
        if name == "log_text" and self.decision_log is not None:
            values["decision_log"] = self.decision_log.name
        if name == "sticky" and value is None:
            values["sticky_turns"] = None
        if name in THRESHOLDS:
            values |= {other: None for other in THRESHOLDS if other != name}
        elif self.strong_share is not None:
            values["threshold"] = None
        return self.checked(values)

    def traffic(self) -> ExpectedTraffic:
        """Return what the calls are expected to look like by the router's shipped quantiles."""
        quantiles = self.router.score_quantiles
        # A share that follows the traffic has many thresholds.
        follows = self.strong_share is not None and self.share_window is not None
        return ExpectedTraffic(
            self.strong_share,
            None if follows else self.threshold,
            () if quantiles is None else tuple(quantiles.tolist()),
            knows=self.router.knows,
        )

    def share_tracker(self) -> ShareTracker | None:
        """Return what keeps the asked share on this traffic; None for a threshold that never moves."""
        quantiles = self.router.score_quantiles
        if self.strong_share is None or self.share_window is None or quantiles is None:
            return None
        return ShareTracker(self.strong_share, quantiles.tolist(), self.share_window)

    def escalation(self, *, always: Errors = (), always_codes: Iterable[str] = ()) -> Escalation:
        """Return when the other side is asked as well; see `Escalation.from_settings`."""
        return Escalation.from_settings(
            self.escalate_on,
            self.escalate_strong_on,
            self.escalate_if,
            always=always,
            always_codes=always_codes,
        )

    def policy(
        self,
        cache: ScoreCache,
        share: ShareTracker | None = None,
        quantiles: Sequence[float] = (),
        memory: ConversationMemory | None = None,
    ) -> RoutingPolicy:
        """Return the policy that decides by these settings.

        Args:
            cache: remembers scores.
            share: what `share_tracker()` made, with what it has learned since.
            quantiles: ascending scores that a percentile is told by.
            memory: remembers named conversations; None for one of its own.
        """
        sticky = None
        if self.sticky is not None:
            sticky = Stickiness(ConversationMemory() if memory is None else memory, self.sticky_turns)
        return RoutingPolicy(
            self.router,
            self.threshold,
            no_text_route=self.no_text_route,
            on_router_error=self.on_router_error,
            score_timeout=self.score_timeout,
            cache=cache,
            share=share,
            quantiles=quantiles,
            sticky=sticky,
        )


def _check_sticky(values: dict[str, Any]) -> None:
    if values.get("sticky_turns") is None:
        return
    values["sticky_turns"] = check_count(values["sticky_turns"], "sticky_turns", at_least=1)
    if values.get("sticky") is None:
        raise ValueError(
            f"sticky_turns is {values['sticky_turns']}, but nothing is sticky: give sticky='conversation'."
        )


def _check_operation(values: dict[str, Any]) -> None:
    """Check what is said of logs, hooks and money, and put logs and budgets in place of what was given."""
    for name in ("on_decision", "on_drift"):
        hook = values.get(name)
        if hook is not None and (not callable(hook) or iscoroutinefunction(hook)):
            raise ValueError(f"{name} is {hook!r}, expected a plain function.")
    where = values.get("decision_log")
    if where is not None and not isinstance(where, str | PathLike | DecisionLog):
        raise ValueError(
            f"decision_log is {where!r}, expected a file such as 'decisions.jsonl' or "
            "'sqlite:///decisions.db', or a DecisionLog."
        )
    if isinstance(where, DecisionLog):
        values["log_text"] = where.log_text
    elif where is not None:
        values["decision_log"] = DecisionLog.open(where, values.get("log_text", False))
    if values.get("escalate_when") is not None:
        values["escalate_when"] = StuckLimits.from_value(values["escalate_when"])
    if values.get("budget") is not None:
        values["budget"] = BudgetLimit.from_value(values["budget"])
        if values.get("prices") is None:
            raise ValueError("budget is given without prices=: nobody knows what a call costs.")


SETTING_NAMES = frozenset(field.name for field in fields(RoutingSettings))
