"""RoutingRequest: one call as the policy sees it, whichever framework it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routellm_core.routing.capabilities import NO_OBSTACLES, Obstacles
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.decision import Route
from routellm_core.routing.follow_up import leans
from routellm_core.routing.override import NO_OVERRIDE, RoutingOverride
from routellm_core.routing.validation import check_fraction, check_route

MIN_SCORED_CHARACTERS = 16
"""A shorter follow-up ("yes", "continue") says nothing of its own difficulty; the router's training data
holds no prompt below this length either (paper, section 4.1)."""


# Not frozen: one is made at each call, and a frozen one takes several times as long to make.
@dataclass(slots=True)
class RoutingRequest:
    """What is known of a call before it is routed.

    Attributes:
        text: the call's own text to score; None or blank if it holds no human text.
        obstacles: why each side can't serve the call.
        route: a forced route; beats everything.
        threshold: beats the policy's own threshold, in [0, 1].
        sticky: the side that the conversation is to stay on; None if it is free.
        stuck: whether the call goes on with a tool loop that is stuck.
        question: scored instead of the text; None scores the text.
        loop: the side that the open tool loop has been on, from which no score moves it; None outside of one.
        housekeeping: the side for a call that a program makes for itself, such as a summary, and that no
            question is given for; None for any other call, and where such calls are scored.
        failure: why there is no text to score, which counts as the router's own failure.
        thread_id: the name of the conversation; None if it has none.
        conversation: what the messages tell of it; None if nobody asks, or nothing came before the call.

    Raises:
        ValueError: a threshold or route that is not one; the message names the field.
    """

    text: str | None = None
    obstacles: Obstacles = NO_OBSTACLES
    route: Route | None = None
    threshold: float | None = None
    sticky: Route | None = None
    question: str | None = None
    loop: Route | None = None
    housekeeping: Route | None = None
    failure: Exception | None = None
    stuck: bool = False
    thread_id: str | None = None
    conversation: Conversation | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None:
            self.threshold = check_fraction(self.threshold, "threshold")
        if self.route is not None:
            check_route(self.route, "route")

    @property
    def scored(self) -> str:
        """The text to score; blank if there is none."""
        return (self.text or "") if self.question is None else self.question

    def overridden(self, override: RoutingOverride) -> RoutingRequest:
        """Return this request with what it leaves open taken from an override."""
        if override is NO_OVERRIDE:
            return self
        own = RoutingOverride(self.question, self.threshold, self.route, self.thread_id)
        merged = own.or_else(override)
        if merged == own:
            return self
        return replace(
            self,
            question=merged.question,
            threshold=merged.threshold,
            route=merged.route,
            thread_id=merged.thread_id,
        )


def scored_text(human_texts: Sequence[str]) -> str | None:
    """Choose the text to score from a conversation's human texts, oldest first.

    It is the newest one that does not lean on what was said before it (see `leans`), so that "why?" and "now
    do the same for the transpose" are scored by the question that they are about. Where each leans, it is the
    first of at least 16 characters, else the newest. Blank texts do not count. None if nothing is left.
    """
    texts = [text for text in (text.strip() for text in human_texts) if text]
    if len(texts) < 2:
        return texts[0] if texts else None
    for text in reversed(texts):
        if not leans(text):
            return text
    return next((text for text in texts if len(text) >= MIN_SCORED_CHARACTERS), texts[-1])
