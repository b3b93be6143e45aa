"""RoutingState: what a routed pair keeps between its calls: scores, counts, share, log and budget."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from routellm_core.calibration.borders import THRESHOLDS
from routellm_core.routing.budget import Budget
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.decision import Route
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.drift import ExpectedTraffic
from routellm_core.routing.escalation import Escalation
from routellm_core.routing.journal import FunctionStore, Journal
from routellm_core.routing.logged_decisions import log_path
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.shadow_sample import ShadowSample
from routellm_core.routing.share_history import logged_share_state
from routellm_core.routing.share_tracker import ShareTracker
from routellm_core.routing.shared_spend import SharedSpend
from routellm_core.routing.tier_shares import TierShares
from routellm_core.settings import RoutingSettings

_LOG = logging.getLogger("routellm")


class RoutingState:
    """Made once for a pair; the dispatcher is made from it anew whenever a setting changes."""

    def __init__(self, settings: RoutingSettings) -> None:
        """Start from nothing, or from what the decision log remembers."""
        settings.router.check_thresholds(settings.borders or (settings.threshold,))
        self.cache = ScoreCache()
        ladder = settings.ladder
        self.memory = ConversationMemory(ladder=ladder)
        self.counter = RoutingCounter(settings.prices, settings.traffic(), settings.on_drift, ladder)
        self.log: DecisionLog | None = None
        self.share: ShareTracker | TierShares | None = None
        self.budget: Budget | None = None
        self.sample: ShadowSample | None = None
        self._told: DecisionLog | None = None
        self._open_logs(settings)
        self._start_share(settings)
        self._start_budget(settings)
        self._start_sample(settings)

    def change(self, settings: RoutingSettings, name: str) -> None:
        """Update what depends on a changed setting; "" for none in particular."""
        if name == "router":
            self.cache = ScoreCache()
        self.counter.prices = settings.prices
        self.counter.on_drift = settings.on_drift
        if name in ("decision_log", "log_text", "on_decision"):
            self._open_logs(settings)
        if name in ("router", "share_window", *THRESHOLDS):
            self._start_share(settings)
            self.counter.expected = settings.traffic()
        if name in ("budget", "prices", "mode"):
            self._start_budget(settings)
        if name in ("shadow_sample", "shadow_max_cost", "prices", "mode", "decision_log"):
            self._start_sample(settings)

    def copy(self, settings: RoutingSettings) -> RoutingState:
        """Return the state of a copied pair: it counts for itself; the rest stays in common."""
        copied: RoutingState = object.__new__(RoutingState)
        copied.__dict__.update(self.__dict__)
        copied.counter = RoutingCounter(
            settings.prices, self.counter.expected, settings.on_drift, settings.ladder
        )
        return copied

    def expect(self, traffic: ExpectedTraffic) -> None:
        """Compare the calls with what a calibration found."""
        self.counter.expected = traffic

    def dispatcher(
        self,
        settings: RoutingSettings,
        escalation: Escalation,
        models: Mapping[Route, str | None],
        usage_of: Callable[[Any], TokenUsage | None],
    ) -> Dispatcher:
        """Return what decides, counts, writes down and escalates by these settings.

        Args:
            settings: the pair's.
            escalation: when the other side is asked.
            models: the names of the models.
            usage_of: the tokens of a message, as `Dispatcher` wants it.
        """
        self.counter.on_drift = settings.on_drift
        self.counter.watch(settings.router.reading_stats)
        if self._told is None:
            self._open_hook(settings)
        logs = self.logs
        return Dispatcher(
            policy=settings.policy(
                self.cache, self.share, self.counter.expected.score_quantiles, self.memory
            ),
            escalation=escalation,
            counter=self.counter,
            shadow=settings.mode == "shadow",
            usage_of=usage_of,
            journal=Journal(logs, settings.router, models) if logs else None,
            budget=self.budget,
            sample=self.sample,
            memory=self.memory,
        )

    @property
    def logs(self) -> tuple[DecisionLog, ...]:
        """The logs that each call is written to."""
        return tuple(log for log in (self.log, self._told) if log is not None)

    def _open_logs(self, settings: RoutingSettings) -> None:
        self.log = settings.decision_log
        self._open_hook(settings)

    def _open_hook(self, settings: RoutingSettings) -> None:
        self._told = None
        if settings.on_decision is not None:
            self._told = DecisionLog(FunctionStore(settings.on_decision), "on_decision", settings.log_text)

    def __getstate__(self) -> dict[str, Any]:
        # The user's functions are among the settings, and are taken from there again.
        return {**self.__dict__, "_told": None}

    def _start_share(self, settings: RoutingSettings) -> None:
        self.share = settings.share_tracker()
        if self.share is None or self.log is None or not log_path(self.log.where).is_file():
            return
        try:
            trackers = self.share.borders if isinstance(self.share, TierShares) else (self.share,)
            for place, tracker in enumerate(trackers, start=1):
                above = settings.tier_names[place:]
                tracker.restore(
                    logged_share_state(self.log.where, tracker, settings.router.fingerprint, above)
                )
        except Exception as error:
            _LOG.warning(
                "the share starts over: %s can't be read (%s).", self.log.where, type(error).__name__
            )

    def _start_budget(self, settings: RoutingSettings) -> None:
        # In shadow mode strong answers everything: there is nothing to save.
        if settings.budget is None or settings.mode == "shadow":
            self.budget = None
            return
        self.budget = Budget(settings.budget, ladder=settings.ladder)
        if self.log is not None:
            self.budget.share(SharedSpend(self.log))

    def _start_sample(self, settings: RoutingSettings) -> None:
        if not settings.shadow_sample or settings.mode != "shadow":
            self.sample = None
            return
        price = None if settings.prices is None else settings.prices.weak
        lowest = settings.ladder.lowest
        shared = self.log if self.log is not None and self.log.shared else None
        self.sample = ShadowSample(settings.shadow_sample, lowest, settings.shadow_max_cost, price, shared)
