"""Reading: how calls are read for the policy, by the pair's settings."""

from __future__ import annotations

from dataclasses import dataclass

from routellm_core.routing.decision import Route
from routellm_core.routing.tool_loop import StuckLimits

QUESTION_VARIABLES = ("query_str", "question", "query")
"""Template variables that hold the person's question in LlamaIndex's own prompts, the most common first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How calls are read.

    Attributes:
        question_variables: template variables that hold the person's question, the first that is there wins.
        housekeeping: the side for calls that a program makes for itself; None scores them.
        sticky: whether earlier turns count.
        stuck: when a tool loop counts as stuck; None for never.
    """

    question_variables: tuple[str, ...] = QUESTION_VARIABLES
    housekeeping: Route | None = "weak"
    sticky: bool = False
    stuck: StuckLimits | None = None
