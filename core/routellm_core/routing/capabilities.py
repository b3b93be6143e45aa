"""Capabilities: what a call needs and what a model is known to lack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from routellm_core.routing.decision import Reason

Need = Literal["image", "audio", "video", "file", "tools", "structured_output"]
"""What a call may need of a model beyond text; "file" is a document such as a PDF."""

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
    """What one model is known to lack; whatever is not named here is unknown, and unknown moves nothing.

    Attributes:
        lacks: needs that the model is known not to serve.
        context_window: the most input tokens it takes; None where unknown.

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
