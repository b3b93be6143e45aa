"""Authorship: whether an answer in a history is a side's own, a sibling model's, or a stranger's."""

from __future__ import annotations

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
    """Tells who made the answers that a side is about to be sent.

    Attributes:
        side: the side that is called.
        other: the other one of the pair.
    """

    side: Side
    other: Side

    @cached_property
    def provider(self) -> str:
        """The provider of the side that is called."""
        return provider_of(self.side)

    @cached_property
    def mixed(self) -> bool:
        """Whether the two sides are of different providers."""
        return self.provider != provider_of(self.other)

    @cached_property
    def speaks_two_forms(self) -> bool:
        """Whether the other side takes inputs in another form: another provider's or another API's."""
        return self.mixed or calls_responses(self.side) != calls_responses(self.other)

    @cached_property
    def interchangeable(self) -> bool:
        """Whether both sides are one model of one account."""
        return interchangeable(self.side, self.other)

    def author(self, message: AIMessage) -> Author:
        """Return who made an answer: by its provider, its routing record and its model's name, in that order.

        What says nothing of its maker is a stranger's: that loses thinking at worst, while the opposite
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
        if route == self.other.route:
            return "stranger" if self.mixed or not same_account(self.side, self.other) else "sibling"
        if not isinstance(provider, str):
            return "stranger"
        return "own" if self._is_named(name) else "sibling"

    def _is_of_another_model(self, name: object) -> bool:
        """Tell whether the side had another model when it answered, as a long-lived conversation may show."""
        asked = model_name(self.side)
        return isinstance(name, str) and bool(name) and asked is not None and not same_model(name, asked)

    def _is_named(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        mine, others = model_name(self.side), model_name(self.other)
        if mine is None or not same_model(name, mine):
            return False
        # The same model of two accounts: whose it was can't be told.
        return self.mixed or others is None or not same_model(name, others)
