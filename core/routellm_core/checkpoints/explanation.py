"""Explanation: what moved one prompt's score, as numbers that add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Part:
    """What one thing in the prompt did to the score.

    Attributes:
        what: "word", "feature" of the text's shape, or "router" for the router that this one was made from.
        name: the word as it stands in the prompt, the feature's name, or the router's.
        amount: what it adds to the score; below 0 if it speaks for the weak model.
    """

    what: Literal["word", "feature", "router"]
    name: str
    amount: float


@dataclass(frozen=True)
class Neighbour:
    """A labelled prompt that the router keeps, near to the explained one.

    Attributes:
        prompt: its text.
        similarity: cosine of the rarely shared words' weights, in [0, 1].
        strong: quality of the strong model's answer there, in [0, 1]; None if it was not graded.
        weak: quality of the weak model's answer; None likewise.
    """

    prompt: str
    similarity: float
    strong: float | None
    weak: float | None

    @property
    def winner(self) -> str:
        """Who did better there: "strong", "weak", "tie", or "unknown"."""
        if self.strong is None or self.weak is None:
            return "unknown" if self.weak is None else "weak was right" if self.weak > 0.5 else "weak failed"
        return "tie" if self.strong == self.weak else "strong" if self.strong > self.weak else "weak"


@dataclass(frozen=True)
class Explanation:
    """Why a prompt has its score.

    Attributes:
        router: the router's name.
        score: in [0, 1].
        percentile: share of the prompts behind the router's quantiles that score less, 0 to 100; None if it
            ships none.
        kind: the kind of prompt, by its shape; None if the router tells none.
        supported: whether the router was made for prompts of this kind; None if it does not say.
        average: the score of an average prompt; None if the router's score is no sum.
        parts: score − average, taken apart, the largest first; empty if the score is no sum.
        neighbours: the nearest labelled prompts, nearest first, if the router keeps any.
        text: the prompt, where an adapter found it in a call; None if the caller gave it.
    """

    router: str
    score: float
    percentile: float | None = None
    kind: str | None = None
    supported: bool | None = None
    average: float | None = None
    parts: Sequence[Part] = ()
    neighbours: Sequence[Neighbour] = ()
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = dict(vars(self))
        values["parts"] = [dict(vars(part)) for part in self.parts]
        values["neighbours"] = [{**vars(near), "winner": near.winner} for near in self.neighbours]
        return values


def largest_first(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts by the size of their amounts; a word that occurs again is one part with the others."""
    totals: dict[tuple[Literal["word", "feature", "router"], str], float] = {}
    for part in parts:
        totals[part.what, part.name] = totals.get((part.what, part.name), 0.0) + part.amount
    merged = [Part(what, name, amount) for (what, name), amount in totals.items() if amount]
    return tuple(sorted(merged, key=lambda part: -abs(part.amount)))
