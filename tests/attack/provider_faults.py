"""A pair and a model alone, under the same faults of a provider: the pair is as good as its model."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faulty_provider import ALL_FAULTS, Fault, FaultyProvider
from tests.routers import FixedRouter

MODELS = {"strong": "gpt-4o", "weak": "gpt-4o-mini"}
CERTAIN = ("429", "500", "timeout", "disconnect")
"""Faults that are errors wherever they happen."""

KEY = "sk-0123456789abcdefghijklmn"


@dataclass(frozen=True)
class Host:
    """A framework under test.

    Attributes:
        ways: name -> how a model is called, and what the call shows.
        pair: makes a pair of its settings.
        model: makes a model of a provider and a name.
    """

    ways: Mapping[str, Callable[[Any], Awaitable[Any]]]
    pair: Callable[..., Any]
    model: Callable[[FaultyProvider, str], Any]

    def outcome(self, way: str, llm: Any) -> Any:
        """Return what a call shows, or the kind of its error."""

        async def ask() -> Any:
            return await asyncio.wait_for(self.ways[way](llm), timeout=20)

        try:
            return asyncio.run(ask())
        except Exception as error:
            return type(error)

    def alone(self, way: str, side: str, fault: Fault) -> Any:
        """Return the outcome of one model that fails."""
        return self.outcome(way, self.model(FaultyProvider(fault, MODELS.values()), MODELS[side]))

    def check(self, seed: int) -> None:
        """Require that a call of a pair, drawn at random, ends as the chosen model's own does."""
        chance = random.Random(seed)
        way, fault = chance.choice(list(self.ways)), chance.choice(ALL_FAULTS)
        first, second = chance.sample(list(MODELS), 2)
        failing = chance.choice([[first], [second], [first, second]])
        takes_over = chance.random() < 0.5
        setting = "escalate_on" if first == "weak" else "escalate_strong_on"
        provider = FaultyProvider(fault, [MODELS[side] for side in failing])
        llm = self.pair(
            **{side: self.model(provider, name) for side, name in MODELS.items()},
            router=FixedRouter(0.0 if first == "weak" else 1.0),
            threshold=0.5,
            **({setting: Exception} if takes_over else {}),
        )
        found = self.outcome(way, llm)

        expected = [self.alone(way, first, fault if first in failing else "none")]
        if takes_over and first in failing:
            after = self.alone(way, second, fault if second in failing else "none")
            # Some classes take the other faults for no error, and some hosts turn them into an answer.
            expected = [after] if fault in CERTAIN else [*expected, after]
        assert found in expected
        stats = llm.routing_stats()
        assert stats.strong.calls + stats.weak.calls == len(provider.calls)
        assert provider.calls[0] == MODELS[first]
