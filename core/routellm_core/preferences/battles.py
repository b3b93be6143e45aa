"""Battle: two models answered the same prompt, and one of them won or neither did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Literal

from routellm_core.preferences.records import read_records

Winner = Literal["model_a", "model_b", "tie"]

_WINNERS: dict[str, Winner] = {
    "model_a": "model_a",
    "model_b": "model_b",
    "tie": "tie",
    "tie_both_bad": "tie",
    "tie (bothbad)": "tie",
}


@dataclass(frozen=True)
class Battle:
    """One comparison.

    Attributes:
        prompt: what both models answered; "" where the source keeps votes without prompts.
        model_a: a model's name.
        model_b: another model's name.
        winner: "model_a", "model_b" or "tie".
    """

    prompt: str
    model_a: str
    model_b: str
    winner: Winner

    @property
    def target(self) -> float:
        """1 where model_a won, 0 where model_b won, 0.5 for a tie."""
        return {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}[self.winner]


def read_battles(path: str | PathLike[str], *, with_prompts: bool = True) -> Iterator[Battle]:
    """Read battles from JSON Lines or CSV with the fields prompt, model_a, model_b, winner.

    Args:
        path: plain or .gz.
        with_prompts: False for files of votes alone; prompts are then "".

    Raises:
        DataError: names the file, the line, the field and the value.
    """
    for record in read_records(path):
        winner = _WINNERS.get(str(record.values.get("winner")))
        if winner is None:
            record.refuse("winner", " or ".join(map(repr, ("model_a", "model_b", "tie"))))
        model_a, model_b = record.text("model_a"), record.text("model_b")
        if model_a == model_b:
            record.refuse("model_b", "another model than model_a")
        yield Battle(record.text("prompt") if with_prompts else "", model_a, model_b, winner)
