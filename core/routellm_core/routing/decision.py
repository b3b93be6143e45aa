"""Decision: where one call goes and why; the record that ends up in answers, traces and statistics."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from routellm_core.routing.call_account import CallAccount
    from routellm_core.routing.conversation import Place

Route = str
"""The name of a tier: "weak" or "strong" in a pair, a name of the user's where there are more."""

Reason = Literal[
    "score",
    "forced",
    "tools",
    "vision",
    "context_window",
    "structured_output",
    "sticky",
    "housekeeping",
    "no_text",
    "unsupported",
    "router_error",
    "escalated",
    "budget",
    "stuck",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """One routed call.

    Attributes:
        route: the side that answers: "strong" or "weak", or the name of its tier.
        score: the router's win rate for the strong model, in [0, 1]; None if it was not asked or failed.
        threshold: the threshold that applies, in [0, 1], even if no score was compared with it; of several
            that the score has reached, the highest.
        reason: why this side was chosen.
        router: the router's registered name, else its class name.
        shadow_route: in shadow mode, the side that would have answered; else None.
        percentile: the share of compared scores below this one, 0 to 100: of the traffic's own latest scores
            if the share follows it, else of those from the router or the calibration.
        id: the call's id in the decision log; None without one.
        text: the scored text; not part of the record.
        account: what is learned about the call; None if not needed.
        place: where in a named conversation it is made; None outside of one.
        repeated: where the conversation changes sides, the share of the prompt, 0 to 1, that the other side
            has read already.
        asked: the sides that were asked before this one, oldest first; not part of the record.
        barred: of more than two tiers, those that can't serve the call; not part of the record.
    """

    route: Route
    score: float | None
    threshold: float
    reason: Reason
    router: str
    shadow_route: Route | None = None
    percentile: float | None = None
    id: str | None = None
    text: str | None = field(default=None, repr=False, compare=False)
    account: CallAccount | None = field(default=None, repr=False, compare=False)
    place: Place | None = field(default=None, repr=False, compare=False)
    repeated: float = field(default=0.0, repr=False, compare=False)
    asked: tuple[Route, ...] = field(default=(), repr=False, compare=False)
    barred: frozenset[Route] = field(default=frozenset(), repr=False, compare=False)

    def record(self) -> dict[str, Any]:
        """Return plain Python values, for `response_metadata["routellm"]`, traces and JSON."""
        record: dict[str, Any] = {
            "route": self.route,
            "score": self.score,
            "threshold": self.threshold,
            "reason": self.reason,
            "router": self.router,
        }
        if self.percentile is not None:
            record["percentile"] = self.percentile
        if self.id is not None:
            record["id"] = self.id
        if self.shadow_route is not None:
            record["shadow_route"] = self.shadow_route
        return record

    def completed_record(self) -> dict[str, Any]:
        """Return the record of an answer, to which the account adds what the call cost once that is known."""
        record = self.record()
        if self.account is not None:
            self.account.record = record
        return record

    def escalated(self, to: Route) -> Decision:
        """Return the decision to ask another side instead, after this one's answer or error."""
        asked = (*self.asked, self.route)
        return replace(self, route=to, reason="escalated", asked=asked, repeated=0.0)

    def shadowed(self, top: Route = "strong") -> Decision:
        """Return the decision of shadow mode: the top tier answers, and the other route is kept."""
        return replace(self, route=top, shadow_route=self.route)
