"""Battle: two models answered the same prompt, and one of them won or neither did.

Read from rows of three layouts, distinguished by their fields:

- flat: prompt, model_a, model_b, winner.
- conversations (`chatbot_arena_conversations`, 33k, and `arena-human-preference-140k`, whose content is a
  list of blocks): conversation_a and conversation_b, lists of {"role", "content"}, instead of prompt; the
  first user turn is the prompt.
- preference (`lmsys-arena-human-preference-55k`): prompt is a JSON list of the user's turns, and there are
  winner_model_a, winner_model_b, winner_tie, of which one is 1, instead of winner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

from routellm_core.preferences.reading.messages import text_of
from routellm_core.preferences.reading.prompt_texts import prompt_text
from routellm_core.preferences.reading.records import Record
from routellm_core.preferences.reading.rows import read_records

Winner = Literal["model_a", "model_b", "tie"]

# spelling -> winner, and whether the voter found both bad
_WINNERS: dict[str, tuple[Winner, bool]] = {
    "model_a": ("model_a", False),
    "model_b": ("model_b", False),
    "tie": ("tie", False),
    "tie_both_bad": ("tie", True),
    "tie_bothbad": ("tie", True),
    "tie (bothbad)": ("tie", True),
    "both_bad": ("tie", True),
    "bothbad": ("tie", True),
}

_CONVERSATIONS = ("conversation_a", "conversation_b")

_COLUMNS: dict[str, Winner] = {"winner_model_a": "model_a", "winner_model_b": "model_b", "winner_tie": "tie"}

_WANTED_TURNS = "a list of turns, the first of them text"


@dataclass(frozen=True)
class Battle:
    """One comparison.

    Attributes:
        prompt: what both models answered; "" if the source keeps votes without prompts.
        model_a: a model's name.
        model_b: another model's name.
        winner: "model_a", "model_b" or "tie".
        both_bad: whether a tie's answers were both bad, if the source says so; it trains as a tie.
    """

    prompt: str
    model_a: str
    model_b: str
    winner: Winner
    both_bad: bool = False

    @property
    def target(self) -> float:
        """1 if model_a won, 0 if model_b won, 0.5 for a tie."""
        return {"model_a": 1.0, "model_b": 0.0, "tie": 0.5}[self.winner]

    @property
    def pair(self) -> tuple[str, str]:
        """The two models by name, whichever of them was shown first."""
        return (self.model_a, self.model_b) if self.model_a < self.model_b else (self.model_b, self.model_a)

    def to_dict(self) -> dict[str, Any]:
        """Return the flat layout."""
        values = {
            "prompt": self.prompt,
            "model_a": self.model_a,
            "model_b": self.model_b,
            "winner": self.winner,
        }
        return {**values, "both_bad": True} if self.both_bad else values

    @staticmethod
    def rest_of(record: Record) -> dict[str, Any]:
        """Return the fields of a row that the battle does not hold, such as an id."""
        told = {"prompt", "model_a", "model_b", "winner", "both_bad", *_CONVERSATIONS, *_COLUMNS}
        return {field: value for field, value in record.values.items() if field not in told}

    @classmethod
    def from_record(cls, record: Record, *, with_prompt: bool = True) -> Battle:
        """Make a battle from a row of any of the three layouts.

        Raises:
            RowError: names the place, the field and the value.
        """
        winner, both_bad = _winner(record)
        model_a, model_b = record.text("model_a"), record.text("model_b")
        if model_a == model_b:
            record.refuse("model_b", "a model other than model_a")
        return cls(_prompt(record) if with_prompt else "", model_a, model_b, winner, both_bad)


def read_battles(path: str | PathLike[str], *, with_prompts: bool = True) -> Iterator[Battle]:
    """Read battles strictly, from JSON Lines, a JSON array or CSV: the first unusable row is an error.

    `sifting.sift_battles` counts such rows instead.

    Args:
        path: plain or .gz.
        with_prompts: False for files of votes only; prompts are then "".

    Raises:
        DataError: names the file, the line, the field and the value.
    """
    for record in read_records(path):
        yield Battle.from_record(record, with_prompt=with_prompts)


def _winner(record: Record) -> tuple[Winner, bool]:
    values = record.values
    if "winner" not in values and any(column in values for column in _COLUMNS):
        return _winner_by_columns(record), False
    named = _WINNERS.get(str(values.get("winner")).strip().lower())
    if named is None:
        record.refuse("winner", " or ".join(map(repr, ("model_a", "model_b", "tie"))))
    winner, both_bad = named
    flag = values.get("both_bad")
    flagged = str(flag).strip().lower() in ("true", "1", "1.0")
    if flagged and winner != "tie":
        record.refuse("both_bad", "false where a model won")
    if not flagged and flag not in (None, "") and str(flag).strip().lower() not in ("false", "0", "0.0"):
        record.refuse("both_bad", "true or false")
    return winner, both_bad or flagged


def _winner_by_columns(record: Record) -> Winner:
    won: list[Winner] = []
    for column, winner in _COLUMNS.items():
        # CSV has text, a frame its own number types, JSON perhaps booleans.
        value = str(record.values.get(column)).strip().lower()
        if value in ("1", "1.0", "true"):
            won.append(winner)
        elif value not in ("0", "0.0", "false"):
            record.refuse(column, "0 or 1")
    if len(won) != 1:
        record.refuse("winner_model_a", "1 in exactly one of winner_model_a, winner_model_b, winner_tie")
    return won[0]


def _prompt(record: Record) -> str:
    values = record.values
    if "prompt" not in values and any(field in values for field in _CONVERSATIONS):
        first, second = (_first_turn(record, field) for field in _CONVERSATIONS)
        if first != second:
            record.refuse("conversation_b", "the same first turn as conversation_a")
        return record.checked_text("conversation_a", first)
    if "winner" not in values and any(column in values for column in _COLUMNS):
        return record.checked_text("prompt", _first_of_list(record))
    return prompt_text(record)


def _first_turn(record: Record, field: str) -> object:
    wanted = "a list of turns with role and content, one of them the user's"
    for turn in _turns(record, field, wanted):
        if not isinstance(turn, dict):
            record.refuse(field, wanted)
        if turn.get("role") == "user":
            content = turn.get("content")
            return text_of(content) if isinstance(content, list) else content
    return record.refuse(field, wanted)


def _first_of_list(record: Record) -> object:
    value = record.values.get("prompt")
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return value
    turns = _turns(record, "prompt", _WANTED_TURNS)
    return turns[0] if turns else record.refuse("prompt", _WANTED_TURNS)


def _turns(record: Record, field: str, wanted: str) -> Sequence[object]:
    # A list, or its JSON text in CSV.
    value = record.values.get(field)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            record.refuse(field, wanted)
    if not isinstance(value, list | tuple):
        record.refuse(field, wanted)
    return value
