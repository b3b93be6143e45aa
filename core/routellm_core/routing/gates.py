"""Gates: the tiers that can serve a call at all, whatever its score."""

from __future__ import annotations

from dataclasses import replace

from routellm_core.routing.capabilities import Obstacles
from routellm_core.routing.decision import Decision, Reason, Route
from routellm_core.routing.ladder import Ladder

GATES: tuple[Reason, ...] = ("vision", "tools", "structured_output", "unsupported", "context_window")
"""The reasons of calls that a tier can't serve; where several move a call, the first is its reason."""


def only_tier(ladder: Ladder, obstacles: Obstacles) -> tuple[Route, Reason] | None:
    """Return the only tier that can serve a call, and why; None if there is a choice."""
    barred = obstacles.barred(ladder.names)
    left = [route for route in ladder.names if route not in barred]
    if len(left) > 1:
        return None
    return left[0], min(frozenset().union(*barred.values()), key=GATES.index)


def permitted(ladder: Ladder, obstacles: Obstacles, decision: Decision) -> Decision:
    """Return the decision for the next tier up that can serve the call, else for the next one down."""
    barred = obstacles.barred(ladder.names)
    if not barred:
        return decision
    decision = replace(decision, barred=frozenset(barred))
    if decision.route not in barred:
        return decision
    route = ladder.above(decision.route, barred) or ladder.below(decision.route, barred)
    reason = min(barred[decision.route], key=GATES.index)
    return replace(decision, route=route or decision.route, reason=reason)
