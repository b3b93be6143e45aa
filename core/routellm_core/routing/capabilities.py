"""Capabilities: what a call needs, what a model is known to lack, and so why a side can't serve it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


UNKNOWN = Capabilities()


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Why each side can't serve one call, by reason; empty for a side that can, as far as is known."""

    strong: frozenset[Reason] = frozenset()
    weak: frozenset[Reason] = frozenset()


NO_OBSTACLES = Obstacles()


@dataclass(frozen=True)
class PairCapabilities:
    """What both models are known to lack."""

    strong: Capabilities = UNKNOWN
    weak: Capabilities = UNKNOWN

    @cached_property
    def smallest_window(self) -> int | None:
        """The smaller one of the known context windows, in tokens; None if none is known."""
        windows = (self.strong.context_window, self.weak.context_window)
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
        strong, weak = self.strong.obstacles(needs, tokens), self.weak.obstacles(needs, tokens)
        if "strong" in unsupported:
            strong.add("unsupported")
        if "weak" in unsupported:
            weak.add("unsupported")
        return Obstacles(frozenset(strong), frozenset(weak))
