"""Capabilities: what a call needs, what a model is known to lack, and so why a side can't serve it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from routellm_core.routing.decision import Reason, Route

Need = Literal["image", "audio", "video", "file", "tools", "structured_output"]
"""What a call may need from a model beyond text; "file" is a document such as a PDF."""

NEEDS: tuple[Need, ...] = get_args(Need)

_REASONS: dict[Need, Reason] = {
    "image": "vision",
    "audio": "unsupported",
    "video": "unsupported",
    "file": "unsupported",
    "tools": "tools",
    "structured_output": "structured_output",
}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one model is known to lack; anything not named here is unknown and affects nothing.

    Attributes:
        lacks: needs that the model is known not to serve.
        context_window: the most input tokens it takes; None if unknown.

    Raises:
        ValueError: `lacks` holds something that is not a need.
    """

    lacks: frozenset[Need] = frozenset()
    context_window: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lacks", check_needs(self.lacks, "lacks"))

    def obstacles(self, needs: Iterable[Need], tokens: int | None) -> set[Reason]:
        """Return why this model can't serve a call with these needs and about this many tokens."""
        found = {_REASONS[need] for need in needs if need in self.lacks}
        if tokens is not None and self.context_window is not None and tokens > self.context_window:
            found.add("context_window")
        return found


def check_needs(values: Iterable[str], field: str) -> frozenset[Need]:
    """Return the needs as a frozenset.

    Raises:
        ValueError: one of them is not a known need.
    """
    if isinstance(values, str):
        raise ValueError(f"{field} is {values!r}, expected a set of {list(NEEDS)}, such as {{{values!r}}}.")
    checked = frozenset(values)
    for value in checked:
        if value not in NEEDS:
            raise ValueError(f"{field} holds {value!r}, expected some of {list(NEEDS)}.")
    return checked  # type: ignore[return-value]  # each was checked against the literal


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Why sides can't serve one call.

    Attributes:
        by_route: side -> the reasons; empty or missing for a side that can, as far as is known.
    """

    by_route: Mapping[Route, frozenset[Reason]] = field(default_factory=dict)

    def barred(self, routes: Sequence[Route]) -> dict[Route, frozenset[Reason]]:
        """Return the sides that can't serve the call, with what others can do and they can't.

        What no side can do bars none of them: the chosen provider says so itself. Nor is any barred where
        each of them lacks something that another one has.
        """
        found = {route: self.by_route.get(route, frozenset()) for route in routes}
        shared = frozenset.intersection(*found.values())
        barred = {route: reasons - shared for route, reasons in found.items() if reasons - shared}
        return barred if len(barred) < len(found) else {}


NO_OBSTACLES = Obstacles()


@dataclass(frozen=True)
class TierCapabilities:
    """What the models of all tiers are known to lack, by tier."""

    by_route: Mapping[Route, Capabilities] = field(default_factory=dict)

    @cached_property
    def smallest_window(self) -> int | None:
        """The smallest of the known context windows, in tokens; None if none is known."""
        windows = (each.context_window for each in self.by_route.values())
        return min(filter(None, windows), default=None)

    def obstacles(
        self, needs: Iterable[Need], tokens: int | None, unsupported: frozenset[Route] = frozenset()
    ) -> Obstacles:
        """Return the obstacles to a call.

        Args:
            needs: what the call needs from a model beyond text.
            tokens: estimated input tokens; None if not estimated.
            unsupported: sides that can't take the call for a reason of the host's.
        """
        if not needs and tokens is None and not unsupported:
            return NO_OBSTACLES
        found: dict[Route, frozenset[Reason]] = {}
        for route, capabilities in self.by_route.items():
            reasons = capabilities.obstacles(needs, tokens)
            if route in unsupported:
                reasons.add("unsupported")
            if reasons:
                found[route] = frozenset(reasons)
        return Obstacles(found) if found else NO_OBSTACLES
