"""RoutingPolicy: from a request to a decision.

The order is fixed: forced route, capability gates, housekeeping, stickiness, no text, score. It is written
once and serves sync and async, single calls and batches: each variant differs only in how scores are fetched.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from routellm_core.router import Router, RouterError
from routellm_core.routing.capabilities import NO_OBSTACLES, Obstacles
from routellm_core.routing.decision import Decision, Reason, Route
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.scorer import Scorer
from routellm_core.routing.share_tracker import Placement, ShareTracker, percentile_of
from routellm_core.routing.stickiness import Scores, Stickiness
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.routing.validation import check_fraction, check_positive, check_route

OnRouterError = Literal["strong", "weak", "raise"]

_LOG = logging.getLogger(__name__)

# Where several gates move a call, the first of these is its reason.
_GATES: tuple[Reason, ...] = ("vision", "tools", "structured_output", "unsupported", "context_window")


_NO_SCORES: Scores = {}


class RouterWarning(UserWarning):
    """A router failed, and the call went to `on_router_error` instead."""


@dataclass(frozen=True)
class RoutingPolicy:
    """Decides which side answers a call.

    Attributes:
        router: scores prompts.
        threshold: a prompt goes to strong when its score is at least this, in [0, 1].
        no_text_route: the side for calls without human text.
        on_router_error: "strong" or "weak": that side answers when the router fails, with a RouterWarning;
            "raise": the call fails with a RouterError.
        score_timeout: seconds that a call waits for its score, after which the router has failed; None for no
            limit. A router that scores inline is not timed.
        cache: remembers scores by text; policies that share a router may share it.
        share: decides by score instead of the threshold, which it starts from, so that the asked share of
            texts goes to strong; None for a threshold that never moves.
        quantiles: ascending scores that a percentile is told by, unless `share` tells it.
        sticky: when a conversation stays on strong; None for never.

    Raises:
        TypeError: `router` is not a Router.
        ValueError: another field is out of range; the message names it.
    """

    router: Router
    threshold: float
    no_text_route: Route = "strong"
    on_router_error: OnRouterError = "strong"
    score_timeout: float | None = None
    cache: ScoreCache = field(default_factory=ScoreCache, repr=False, compare=False)
    share: ShareTracker | None = field(default=None, repr=False, compare=False)
    quantiles: Sequence[float] = field(default=(), repr=False)
    sticky: Stickiness | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.router, Router):
            raise TypeError(
                f"router is {type(self.router).__name__}, expected a Router; load_router(name) makes one."
            )
        object.__setattr__(self, "threshold", check_fraction(self.threshold, "threshold"))
        if self.score_timeout is not None:
            check_positive(self.score_timeout, "score_timeout")
        check_route(self.no_text_route, "no_text_route")
        if self.on_router_error not in ("strong", "weak", "raise"):
            raise ValueError(
                f"on_router_error is {self.on_router_error!r}, expected 'strong', 'weak' or 'raise'."
            )

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self.router, self.cache, self.score_timeout)

    def decide(self, request: RoutingRequest) -> Decision:
        """Decide one call; waits for the router where its text has no score yet."""
        ruled = self._ruled(request)
        if ruled is not None:
            return ruled
        return self._scored(request, self._scorer.score(request.scored), self._past_scores(request))

    def preview(self, request: RoutingRequest) -> Decision:
        """Return what `decide` would, and let the share's threshold stay where it is."""
        ruled = self._ruled(request)
        if ruled is not None:
            return ruled
        score = self._scorer.score(request.scored)
        return self._scored(request, score, self._past_scores(request), previewed=True)

    def settled(self, decision: Decision) -> Decision:
        """Return the decision that `preview` made for a call that is made now; the share learns of it."""
        if self.share is None or decision.reason != "score" or decision.score is None or not decision.text:
            return decision
        self.share.place(
            decision.text, decision.score, as_decided=(decision.shadow_route or decision.route) == "strong"
        )
        return decision

    @property
    def in_force(self) -> float:
        """The threshold that the next score is compared with."""
        return self.threshold if self.share is None else self.share.threshold

    def decide_at_once(self, request: RoutingRequest) -> Decision | None:
        """Decide one call where an event loop may wait for it; None where `adecide` has to."""
        ruled = self._ruled(request)
        if ruled is not None:
            return ruled
        score = self._scorer.score_at_once(request.scored)
        if score is None:
            return None
        past: dict[str, float | Exception] = {}
        for text in self._past_texts(request):
            past_score = self._scorer.score_at_once(text)
            if past_score is None:
                return None
            past[text] = past_score
        return self._scored(request, score, past)

    async def adecide(self, request: RoutingRequest) -> Decision:
        """Decide one call without blocking the event loop."""
        decision = self.decide_at_once(request)
        if decision is not None:
            return decision
        score = await self._scorer.ascore(request.scored)
        past = self._past_texts(request)
        return self._scored(request, score, await self._scorer.ascores(past) if past else _NO_SCORES)

    def score_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, for `decide` to find."""
        self._scorer.scores(self._texts(requests))

    async def ascore_ahead(self, requests: Sequence[RoutingRequest]) -> None:
        """Score the texts of many calls in one call to the router, without blocking the event loop."""
        await self._scorer.ascores(self._texts(requests))

    def _texts(self, requests: Sequence[RoutingRequest]) -> list[str]:
        askable = (request for request in requests if request.failure is None)
        asked = [request for request in askable if self._ruled(request) is None]
        return [text for request in asked for text in (request.scored, *self._past_texts(request))]

    def _past_texts(self, request: RoutingRequest) -> Sequence[str]:
        """Return the texts of earlier turns whose scores decide as well."""
        if self.sticky is None or request.conversation is None or request.loop is not None:
            return ()
        return self.sticky.texts(request)

    def _past_scores(self, request: RoutingRequest) -> Scores:
        texts = self._past_texts(request)
        return self._scorer.scores(texts) if texts else _NO_SCORES

    def _ruled(self, request: RoutingRequest) -> Decision | None:
        """Return the decision where a rule makes it, None where the score has to."""
        if request.route is not None:
            return self._made(request, request.route, "forced")
        if request.obstacles is not NO_OBSTACLES:
            gate = _gate(request.obstacles)
            if gate is not None:
                return self._made(request, *gate)
        if request.housekeeping is not None and request.question is None:
            return self._made(request, request.housekeeping, "housekeeping")
        if request.stuck:
            return self._made(request, "strong", "stuck")
        if request.sticky is not None:
            return self._made(request, request.sticky, "sticky")
        if self._is_bound(request):
            return self._made(request, "strong", "sticky")
        if request.failure is not None and request.question is None:
            return self._scored(request, request.failure)
        if not request.scored.strip():
            if request.loop is not None:
                return self._made(request, request.loop, "sticky")
            return self._made(request, self.no_text_route, "no_text")
        return None

    def _is_bound(self, request: RoutingRequest) -> bool:
        """Tell whether the conversation keeps the call on strong, whatever its score."""
        if self.sticky is None or request.loop is not None:
            return False
        # Where easy turns count, the score has to tell an easy one.
        is_asked = self.sticky.turns is not None and bool(request.scored.strip())
        return not is_asked and self.sticky.holds(request)

    def _scored(
        self,
        request: RoutingRequest,
        score: float | Exception,
        past: Scores = _NO_SCORES,
        *,
        previewed: bool = False,
    ) -> Decision:
        decision = self._by_score(request, score, previewed)
        if request.loop is not None:
            return _kept_in_loop(request, decision)
        if self.sticky is None or decision.route == "strong":
            return decision
        if self.sticky.holds(request) or self.sticky.is_hard(past, self.in_force):
            return replace(decision, route="strong", reason="sticky")
        return decision

    def _by_score(self, request: RoutingRequest, score: float | Exception, previewed: bool) -> Decision:
        if isinstance(score, Exception):
            if self.on_router_error == "raise":
                raise RouterError(f"router {self.router.name!r} failed: {_said(score)}") from score
            _warn(self.router.name, score, self.on_router_error)
            return self._made(request, self.on_router_error, "router_error")
        if self.share is not None and request.threshold is None:
            place = self.share.preview if previewed else self.share.place
            return self._placed(request.scored, score, place(request.scored, score))
        threshold = self.threshold if request.threshold is None else request.threshold
        route: Route = "strong" if goes_to_strong(score, threshold) else "weak"
        percentile = percentile_of(score, self.quantiles) if self.quantiles else None
        return Decision(
            route, score, threshold, "score", self.router.name, percentile=percentile, text=request.scored
        )

    def _placed(self, text: str, score: float, placement: Placement) -> Decision:
        route: Route = "strong" if placement.strong else "weak"
        return Decision(
            route,
            score,
            placement.threshold,
            "score",
            self.router.name,
            percentile=placement.percentile,
            text=text,
        )

    def _made(self, request: RoutingRequest, route: Route, reason: Reason) -> Decision:
        threshold = self.in_force if request.threshold is None else request.threshold
        return Decision(route, None, threshold, reason, self.router.name, text=request.scored or None)


def _kept_in_loop(request: RoutingRequest, decision: Decision) -> Decision:
    """Return a decision that leaves an open tool loop where it is, unless this very call has a threshold."""
    if request.loop in (None, decision.route) or request.threshold is not None:
        return decision
    return replace(decision, route=request.loop, reason="sticky")


def _gate(obstacles: Obstacles) -> tuple[Route, Reason] | None:
    # What neither can do decides nothing: the chosen provider says so itself.
    only_weak, only_strong = obstacles.weak - obstacles.strong, obstacles.strong - obstacles.weak
    if only_weak and not only_strong:
        return "strong", min(only_weak, key=_GATES.index)
    if only_strong and not only_weak:
        return "weak", min(only_strong, key=_GATES.index)
    return None


def _said(error: Exception) -> str:
    # A RouterError is worded here; any other error's text may hold a prompt or a key, and is only its cause.
    return str(error) if isinstance(error, RouterError) else f"{type(error).__name__}."


def _warn(router: str, error: Exception, route: Route) -> None:
    # The error's own text may hold a prompt or a key; its kind is enough to go on with.
    message = (
        f"router {router!r} failed with {type(error).__name__}; the call goes to {route}. "
        "Set on_router_error='raise' to see the error."
    )
    try:
        warnings.warn(message, RouterWarning, stacklevel=2)
    except RouterWarning:
        # Somebody runs with warnings as errors; a failing router still must not fail the call.
        _LOG.warning(message)
