"""RoutingRequest: one call as the policy sees it, whichever framework it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route
from routellm_core.routing.override import NO_OVERRIDE, RoutingOverride
from routellm_core.routing.validation import check_fraction, check_route

MIN_SCORED_CHARACTERS = 16
"""A shorter follow-up ("yes", "continue") says nothing of its own difficulty; the router's training data
holds no prompt below this length either (paper, section 4.1)."""


@dataclass(frozen=True, slots=True)
class RoutingRequest:
    """What is known of a call before it is routed.

    Attributes:
        text: the text to score; None or blank where the call holds no human text.
        needs: what the call needs of a model beyond text.
        tokens: estimated input tokens; None where not estimated.
        route: a forced route; beats everything.
        threshold: beats the policy's own threshold, in [0, 1].
        sticky: the side that the conversation is to stay on; None where it is free.
        unsupported: sides that the adapter knows can't take this call, for a reason of its host's.

    Raises:
        ValueError: a threshold or route that is not one; the message names the field.
    """

    text: str | None = None
    needs: frozenset[Need] = frozenset()
    tokens: int | None = None
    route: Route | None = None
    threshold: float | None = None
    sticky: Route | None = None
    unsupported: frozenset[Route] = frozenset()

    def __post_init__(self) -> None:
        if self.threshold is not None:
            object.__setattr__(self, "threshold", check_fraction(self.threshold, "threshold"))
        if self.route is not None:
            check_route(self.route, "route")
        if self.sticky is not None:
            check_route(self.sticky, "sticky")

    def overridden(self, *overrides: RoutingOverride) -> RoutingRequest:
        """Return this request with overrides applied; of two that set a field, the first counts."""
        merged = NO_OVERRIDE
        for override in overrides:
            if override is not NO_OVERRIDE:
                merged = merged.or_else(override)
        if merged is NO_OVERRIDE or merged == NO_OVERRIDE:
            return self
        return replace(
            self,
            text=merged.question if merged.question is not None else self.text,
            route=merged.route or self.route,
            threshold=merged.threshold if merged.threshold is not None else self.threshold,
        )


def scored_text(human_texts: Sequence[str]) -> str | None:
    """Choose the text to score from a conversation's human texts, oldest first.

    It is the newest one; where that has fewer than 16 characters, the latest earlier one of at least 16,
    where there is one. Blank texts do not count. None where nothing is left.
    """
    texts = [text for text in (text.strip() for text in human_texts) if text]
    long_enough = [text for text in texts if len(text) >= MIN_SCORED_CHARACTERS]
    if not texts:
        return None
    if len(texts[-1]) >= MIN_SCORED_CHARACTERS or not long_enough:
        return texts[-1]
    return long_enough[-1]
