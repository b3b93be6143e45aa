"""Model names: whether two spellings, as a client, a log and a price list write them, mean one model."""

from __future__ import annotations

import re

# gpt-4o-2024-08-06, claude-sonnet-4-20250514, claude-3-5-haiku-latest, gpt-4-0613, mistral-large-2411
_DATE = re.compile(r"[-@](latest|\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$")


def bare_name(model: str) -> str:
    """Return a name in lower case and without its provider: "openai:gpt-4o" is "gpt-4o"."""
    return model.strip().lower().replace(":", "/").rsplit("/", 1)[-1]


def undated_name(model: str) -> str:
    """Return a bare name without its date: "gpt-4o-2024-08-06" is "gpt-4o"."""
    return _DATE.sub("", bare_name(model))


def same_model(one: str, other: str) -> bool:
    """Return whether two names mean one model; a name without a date stands for all its versions."""
    first, second = bare_name(one), bare_name(other)
    return first == second or first == undated_name(second) or undated_name(first) == second
