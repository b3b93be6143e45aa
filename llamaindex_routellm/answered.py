"""Answered: an answer as a method of the router returns it, with the tokens that it took."""

from __future__ import annotations

from typing import NamedTuple

from routellm_core.routing.prices import TokenUsage


class Answered(NamedTuple):
    """An answer, ready for the caller, and its tokens."""

    value: object
    usage: TokenUsage


def answered_usage(answered: Answered) -> TokenUsage | None:
    """Return the tokens of an answer; None if its provider reports none."""
    return answered.usage or None
