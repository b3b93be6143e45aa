"""Authorship: whether an answer in a history is a side's own, a sibling model's, or a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from langchain_core.messages import AIMessage

from langchain_routellm.provider import (
    calls_responses,
    interchangeable,
    model_name,
    provider_of,
    same_account,
    same_model,
    speaks,
)
from langchain_routellm.side import Side

Author = Literal["own", "sibling", "stranger"]
"""`own`: the side takes all of it. `sibling`: another model of the same provider and account, so that what is
bound to a model has to go. `stranger`: only what everybody understands is left."""


@dataclass
class Authorship:
    """Identifies who made the answers in a history that a side is about to receive.

    Attributes:
        side: the side that is called.
        others: the other one of the pair, or all other tiers.
    """

    side: Side
    others: Sequence[Side]

    @cached_property
    def provider(self) -> str:
        """The provider of the side that is called."""
        return provider_of(self.side)

    @cached_property
    def mixed(self) -> bool:
        """Whether the sides are of different providers."""
        return any(self.provider != provider_of(other) for other in self.others)

    @cached_property
    def speaks_two_forms(self) -> bool:
        """Whether another side takes inputs in another form: another provider's or another API's."""
        own = calls_responses(self.side)
        return self.mixed or any(calls_responses(other) != own for other in self.others)

    @cached_property
    def interchangeable(self) -> bool:
        """Whether all sides are one model of one account."""
        return all(interchangeable(self.side, other) for other in self.others)

    def author(self, message: AIMessage) -> Author:
        """Return who made an answer: by its provider, its routing record and its model's name, in that order.

        An answer of unknown origin counts as a stranger's: that loses thinking at worst, while the opposite
        guess makes the provider refuse the conversation for good.
        """
        metadata = message.response_metadata
        provider, name = metadata.get("model_provider"), metadata.get("model_name") or metadata.get("model")
        if isinstance(provider, str) and not speaks(self.provider, provider):
            return "stranger"
        if self.interchangeable:
            return "sibling" if self._is_of_another_model(name) else "own"
        record = metadata.get("routellm")
        route = record.get("route") if isinstance(record, dict) else None
        if route == self.side.route:
            return "sibling" if self._is_of_another_model(name) else "own"
        other = next((each for each in self.others if each.route == route), None)
        if other is not None and interchangeable(self.side, other):
            return "sibling" if self._is_of_another_model(name) else "own"
        if other is not None:
            kin = provider_of(other) == self.provider and same_account(self.side, other)
            return "sibling" if kin else "stranger"
        if not isinstance(provider, str):
            return "stranger"
        return "own" if self._is_named(name) else "sibling"

    def _is_of_another_model(self, name: object) -> bool:
        """Return whether the side had a different model when it answered, as old conversations may show."""
        asked = model_name(self.side)
        return isinstance(name, str) and bool(name) and asked is not None and not same_model(name, asked)

    def _is_named(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        mine = model_name(self.side)
        if mine is None or not same_model(name, mine):
            return False
        # The same model of two accounts: whose it was is unknown.
        return not any(
            provider_of(other) == self.provider and same_model(name, theirs)
            for other in self.others
            if (theirs := model_name(other)) is not None
        )
