"""Spend: what calls have cost and may still cost, kept below a cap.

Before a call, the most it can cost is reserved; after it, what the provider counted takes the reservation's
place. No call starts whose reservation could take the sum above the cap, so the cap holds however many calls
run at once. Only a provider that exceeds the limit sent with a call can pass it, by the calls then in flight.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence

from routellm_core.preferences.judging.responder import Message, Responder
from routellm_core.routing.prices import Price, TokenUsage
from routellm_core.routing.validation import check_positive

# Roles and separators that a provider's template adds to each message and to the whole.
_TOKENS_PER_MESSAGE = 16


class SpendCapReached(Exception):
    """The next call could take the spend above the cap."""


def most_usage(responder: Responder, messages: Sequence[Message]) -> TokenUsage:
    """Return the most tokens that one call can use.

    Byte-level tokenizers make no more tokens than there are bytes; the output is at most `max_tokens`.
    """
    read = sum(len(message["content"].encode("utf-8", "replace")) for message in messages)
    return TokenUsage(read + _TOKENS_PER_MESSAGE * (len(messages) + 1), responder.max_tokens)


class Spend:
    """Counts money, in the currency of whoever gives the prices; without prices, everything costs 0."""

    def __init__(self, prices: Mapping[str, Price] | None = None, cap: float | None = None) -> None:
        """Store prices and cap.

        Args:
            prices: model -> price per million tokens.
            cap: the most that may be spent in all; None for no cap.

        Raises:
            ValueError: a cap that is not a positive number, or a cap without prices.
        """
        if cap is not None:
            check_positive(cap, "the cap on spend")
        if cap is not None and not prices:
            raise ValueError("a cap on spend needs prices to count the cost.")
        self.prices = dict(prices or {})
        self.cap = cap
        self.spent = 0.0
        self.lost = 0.0
        """Reserved for calls whose answer never came: the provider may have charged for them."""
        self._reserved: list[float] = []
        self._settled = asyncio.Condition()

    @property
    def committed(self) -> float:
        """What is spent, may have been, or may be by the calls in flight; never above the cap."""
        return self.spent + self.lost + math.fsum(self._reserved)

    def check_models(self, models: Sequence[str]) -> None:
        """Raise an error if there is a cap and one of the models has no price.

        Raises:
            ValueError: names the models without a price.
        """
        missing = [model for model in dict.fromkeys(models) if model not in self.prices]
        if self.cap is not None and missing:
            raise ValueError(
                f"a cap on spend needs the price of every model: none is given for "
                f"{', '.join(map(repr, missing))}."
            )

    def cost(self, model: str, usage: TokenUsage) -> float:
        """Return what these tokens cost; 0 for a model without a price."""
        price = self.prices.get(model)
        return 0.0 if price is None else price.cost(usage)

    async def reserve(self, amount: float) -> None:
        """Set money aside for a call, waiting for calls in flight where only their end can make room.

        Raises:
            SpendCapReached: there is no room, and nothing in flight that could make any.
        """
        async with self._settled:
            while self.cap is not None and self.committed + amount > self.cap:
                if not self._reserved:
                    raise SpendCapReached(
                        f"{self.spent + self.lost:.6f} of {self.cap:g} is spent, and the next call could "
                        f"cost {amount:.6f}"
                    )
                await self._settled.wait()
            self._reserved.append(amount)

    async def settle(self, amount: float, *, spent: float = 0.0, lost: float = 0.0) -> None:
        """Give a reservation back, and count what the call did cost or may have cost."""
        async with self._settled:
            self._reserved.remove(amount)
            self.spent += spent
            self.lost += lost
            self._settled.notify_all()
