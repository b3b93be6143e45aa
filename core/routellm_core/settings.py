"""RoutingSettings: what both adapters' constructors take about routing, resolved the same way for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from routellm_core.calibration.borders import THRESHOLDS, borders_of, resolve_borders
from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.loading import load_router
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
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.policy import OnRouterError, RoutingPolicy
from routellm_core.routing.prices import Prices
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.setting_checks import check_choice, check_operation, check_routes, check_sticky
from routellm_core.routing.share_tracker import DEFAULT_WINDOW, ShareTracker
from routellm_core.routing.stickiness import Stickiness
from routellm_core.routing.tier_shares import TierShares
from routellm_core.routing.tool_loop import StuckLimits
from routellm_core.routing.validation import check_positive

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
PricesGiven = Prices | Mapping[str, Any] | Literal["list"]
LogGiven = DecisionLog | str | PathLike[str]
EscalateIf = Callable[[Any], bool] | Disagreement
BudgetGiven = BudgetLimit | Mapping[str, Any]
StuckGiven = StuckLimits | Mapping[str, int]

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "mode": ("route", "shadow"),
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
    shadow_sample: float | None = None
    shadow_max_cost: float | None = None
    budget: BudgetLimit | None = None
    escalate_when: StuckLimits | None = None
    sticky: Sticky | None = None
    sticky_turns: int | None = None
    tier_names: tuple[Route, ...] = PAIR.names
    tier_lacks: Mapping[Route, frozenset[Need]] = field(default_factory=dict)
    thresholds: tuple[float, ...] | None = None
    shares: tuple[float, ...] | None = None

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
        ladder = Ladder(tuple(values.get("tier_names", PAIR.names)))
        values["tier_names"] = ladder.names
        check_routes(values, ladder)
        for name, choices in _CHOICES.items():
            if name in values:
                check_choice(values[name], name, choices)
        for name in ("strong_lacks", "weak_lacks"):
            values[name] = check_needs(values.get(name, ()), name)
        if values.get("prices") is not None:
            values["prices"] = Prices.from_mapping(values["prices"], ladder)
        if values.get("score_timeout") is not None:
            values["score_timeout"] = check_positive(values["score_timeout"], "score_timeout")
        check_sticky(values)
        check_operation(values)
        values["router"] = resolve_router(values.get("router", "default"))
        values |= resolve_borders(values["router"], ladder, values)
        settings = cls(**values)
        settings.escalation()
        settings.share_tracker()
        return settings

    def with_change(self, name: str, value: Any) -> Self:
        """Return these settings with one of them changed, and the threshold following from a share.

        Raises:
            ValueError: the value is not what was expected.
        """
        if name == "tier_names" and tuple(value) != self.tier_names:
            raise ValueError("tier_names can't be changed: make a new router with from_tiers([...]).")
        values = {**vars(self), name: value}
        if name == "log_text" and self.decision_log is not None:
            values["decision_log"] = self.decision_log.name
        if name == "sticky" and value is None:
            values["sticky_turns"] = None
        if name in THRESHOLDS:
            values |= {other: None for other in THRESHOLDS if other != name}
        elif self.derives_threshold:
            values["threshold"] = None
        return self.checked(values)

    @property
    def derives_threshold(self) -> bool:
        """Whether the threshold follows from another setting."""
        return any(each is not None for each in (self.strong_share, self.shares, self.thresholds))

    @property
    def ladder(self) -> Ladder:
        """The tiers."""
        return Ladder(self.tier_names)

    @property
    def borders(self) -> tuple[float, ...] | None:
        """The thresholds between several tiers; None if one threshold is all of them."""
        return borders_of(self.router, self.shares) if self.shares else self.thresholds

    @property
    def top_share(self) -> float | None:
        """The share that was asked for the highest tier; None if thresholds are given."""
        return self.strong_share if self.shares is None else self.shares[-1]

    def lacks(self, route: Route) -> frozenset[Need]:
        """Return what the user says that a tier's model can't do."""
        ladder, found = self.ladder, self.tier_lacks.get(route, frozenset())
        if route == ladder.top:
            return found | self.strong_lacks
        return found | self.weak_lacks if route == ladder.lowest else found

    def traffic(self) -> ExpectedTraffic:
        """Return what the calls are expected to look like by the router's shipped quantiles."""
        quantiles = self.router.score_quantiles
        # A share that follows the traffic has many thresholds.
        follows = self.top_share is not None and self.share_window is not None
        return ExpectedTraffic(
            self.top_share,
            None if follows else self.threshold,
            () if quantiles is None else tuple(quantiles.tolist()),
            knows=self.router.knows,
        )

    def share_tracker(self) -> ShareTracker | TierShares | None:
        """Return what keeps the asked share on this traffic; None for a threshold that never moves."""
        quantiles = self.router.score_quantiles
        if self.top_share is None or self.share_window is None or quantiles is None:
            return None
        if self.strong_share is None:
            return TierShares(self.shares or (), quantiles.tolist(), self.share_window)
        return ShareTracker(self.strong_share, quantiles.tolist(), self.share_window)

    def escalation(self, *, always: Errors = (), always_codes: Iterable[str] = ()) -> Escalation:
        """Return when the other side is asked as well; see `Escalation.from_settings`."""
        return Escalation.from_settings(
            self.escalate_on,
            self.escalate_strong_on,
            self.escalate_if,
            always=always,
            always_codes=always_codes,
            ladder=self.ladder,
        )

    def policy(
        self,
        cache: ScoreCache,
        share: ShareTracker | TierShares | None = None,
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
            memory = ConversationMemory(ladder=self.ladder) if memory is None else memory
            sticky = Stickiness(memory, self.sticky_turns)
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
            ladder=self.ladder,
            borders=self.borders,
        )


SETTING_NAMES = frozenset(each.name for each in fields(RoutingSettings))
