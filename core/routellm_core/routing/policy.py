"""RoutingPolicy: from a request to a decision.

The order is fixed: forced route, capability gates, housekeeping, stickiness, no text, score. Where the gates
leave more than one tier, the next rules choose, and a tier that can't serve the call passes it up. It is
written once and serves sync and async, single calls and batches: only how scores are fetched differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from routellm_core.checkpoints.percentile import percentile_of, two_places
from routellm_core.router import Router
from routellm_core.routing.capabilities import NO_OBSTACLES
from routellm_core.routing.decision import Decision, Reason, Route
from routellm_core.routing.gates import only_tier, permitted
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.router_failure import failed, warn_of_failure
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.scorer import Scorer
from routellm_core.routing.share_tracker import ShareTracker
from routellm_core.routing.stickiness import Scores, Stickiness
from routellm_core.routing.threshold import goes_to_strong, tier_of
from routellm_core.routing.tier_shares import TierShares
from routellm_core.routing.validation import check_fraction, check_positive

OnRouterError = Route | Literal["raise"]

_NO_SCORES: Scores = {}


@dataclass(frozen=True)
class RoutingPolicy:
    """Decides which side answers a call.

    Attributes:
        router: scores prompts.
        threshold: a prompt goes to strong when its score is at least this, in [0, 1]; with more than two
            tiers the border of the highest one, or the one border of all.
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
        ladder: the tiers.
        borders: the thresholds between the tiers, ascending; None: `threshold` between each two.

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
    share: ShareTracker | TierShares | None = field(default=None, repr=False, compare=False)
    quantiles: Sequence[float] = field(default=(), repr=False)
    sticky: Stickiness | None = field(default=None, repr=False, compare=False)
    ladder: Ladder = PAIR
    borders: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.router, Router):
            raise TypeError(
                f"router is {type(self.router).__name__}, expected a Router; load_router(name) makes one."
            )
        object.__setattr__(self, "threshold", check_fraction(self.threshold, "threshold"))
        if self.score_timeout is not None:
            check_positive(self.score_timeout, "score_timeout")
        self.ladder.resolved(self.no_text_route, "no_text_route")
        if self.on_router_error != "raise":
            self.ladder.resolved(self.on_router_error, "on_router_error", "raise")

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
            decision.text,
            decision.score,
            as_decided=self.ladder.place(decision.shadow_route or decision.route),
        )
        return decision

    @property
    def in_force(self) -> float:
        """The threshold that the next score is compared with."""
        return self.threshold if self.share is None else self.share.threshold

    def decide_at_once(self, request: RoutingRequest) -> Decision | None:
        """Decide one call where an event loop may wait for it; None if `adecide` has to."""
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
        """Return the decision where a rule makes it, None if the score has to."""
        if request.route is not None:
            return self._decision(request, self.ladder.resolved(request.route, "route"), "forced")
        if request.obstacles is not NO_OBSTACLES:
            gate = only_tier(self.ladder, request.obstacles)
            if gate is not None:
                decision = self._decision(request, *gate)
                return (
                    decision if self.ladder == PAIR else permitted(self.ladder, request.obstacles, decision)
                )
        if request.housekeeping is not None and request.question is None:
            return self._made(request, request.housekeeping, "housekeeping")
        if request.stuck:
            return self._made(request, self.ladder.top, "stuck")
        if request.sticky is not None:
            return self._made(request, request.sticky, "sticky")
        if self._is_bound(request):
            return self._made(request, self.ladder.top, "sticky")
        if request.failure is not None and request.question is None:
            return self._scored(request, request.failure)
        if not request.scored.strip():
            if request.loop is not None:
                return self._made(request, request.loop, "sticky")
            return self._made(request, self.no_text_route, "no_text")
        return None

    def _is_bound(self, request: RoutingRequest) -> bool:
        """Return whether the conversation keeps the call on strong, whatever its score."""
        if self.sticky is None or request.loop is not None:
            return False
        # Where easy turns count, the score has to tell an easy one.
        is_asked = self.sticky.turns is not None and bool(request.scored.strip())
        return not is_asked and self.sticky.kept(request) == len(self.ladder.names) - 1

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
            decision = _kept_in_loop(request, decision)
        elif self.sticky is not None and decision.route != self.ladder.top:
            decision = self._kept(self.sticky, request, decision, past)
        return (
            decision
            if request.obstacles is NO_OBSTACLES
            else permitted(self.ladder, request.obstacles, decision)
        )

    def _kept(
        self, sticky: Stickiness, request: RoutingRequest, decision: Decision, past: Scores
    ) -> Decision:
        """Return the decision, or one for the tier that the conversation keeps the call on."""
        kept = max(sticky.kept(request), sticky.reached(past, self._borders_in_force()) if past else 0)
        if kept <= self.ladder.place(decision.route):
            return decision
        return replace(decision, route=self.ladder.names[kept], reason="sticky")

    def _borders_in_force(self) -> Sequence[float]:
        """Return the thresholds between the tiers that the next score is compared with, ascending."""
        if isinstance(self.share, TierShares):
            return sorted(border.threshold for border in self.share.borders)
        if self.share is None and self.borders is not None:
            return self.borders
        return (self.in_force,) * (len(self.ladder.names) - 1)

    def _by_score(self, request: RoutingRequest, score: float | Exception, previewed: bool) -> Decision:
        if isinstance(score, Exception):
            if self.on_router_error == "raise":
                raise failed(self.router.name, score) from score
            warn_of_failure(self.router.name, score, self.on_router_error)
            return self._made(request, self.on_router_error, "router_error")
        tier, threshold, percentile = self._place(request, score, previewed)
        return Decision(
            self.ladder.names[tier],
            score,
            threshold,
            "score",
            self.router.name,
            percentile=percentile,
            text=request.scored,
        )

    def _place(
        self, request: RoutingRequest, score: float, previewed: bool
    ) -> tuple[int, float, float | None]:
        """Return the place of the tier for a score, the threshold that decided, and the percentile."""
        if self.share is not None and request.threshold is None:
            place = self.share.preview if previewed else self.share.place
            found = place(request.scored, score)
            return found.place, found.threshold, found.percentile
        percentile = two_places(percentile_of(score, self.quantiles)) if self.quantiles else None
        if request.threshold is None and self.borders is not None:
            tier = tier_of(score, self.borders)
            return tier, self.borders[max(tier - 1, 0)], percentile
        threshold = self.threshold if request.threshold is None else request.threshold
        return -1 if goes_to_strong(score, threshold) else 0, threshold, percentile

    def _made(self, request: RoutingRequest, route: Route, reason: Reason) -> Decision:
        """Return the decision for a side, or for the next one that can serve the call."""
        decision = self._decision(request, self.ladder.resolved(route, reason), reason)
        return (
            decision
            if request.obstacles is NO_OBSTACLES
            else permitted(self.ladder, request.obstacles, decision)
        )

    def _permitted(self, request: RoutingRequest, decision: Decision) -> Decision:
        if request.obstacles is NO_OBSTACLES:
            return decision
        return permitted(self.ladder, request.obstacles, decision)

    def _decision(self, request: RoutingRequest, route: Route, reason: Reason) -> Decision:
        threshold = self.in_force if request.threshold is None else request.threshold
        return Decision(route, None, threshold, reason, self.router.name, text=request.scored or None)


def _kept_in_loop(request: RoutingRequest, decision: Decision) -> Decision:
    """Return a decision that leaves an open tool loop where it is, unless this very call has a threshold."""
    if request.loop in (None, decision.route) or request.threshold is not None:
        return decision
    return replace(decision, route=request.loop, reason="sticky")
