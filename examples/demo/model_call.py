"""ModelCall: one row of the demo's table: what was asked, where it went and why, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routellm_core.routing.prices import Prices, TokenUsage


@dataclass(frozen=True)
class ModelCall:
    """One call of one model.

    Attributes:
        part: "chain", "agent" or "docs".
        prompt: what the person asked.
        record: the routing record: route, score, threshold, reason, router.
        model: the name of the model that answered, in its provider's own words.
        usage: the tokens that the provider counted.
    """

    part: str
    prompt: str
    record: Mapping[str, Any]
    model: str
    usage: TokenUsage

    @classmethod
    def from_message(cls, part: str, prompt: str, message: Any) -> ModelCall:
        """Read a LangChain answer."""
        usage: Mapping[str, Any] = message.usage_metadata or {}
        cached = (usage.get("input_token_details") or {}).get("cache_read") or 0
        return cls(
            part=part,
            prompt=prompt,
            record=message.response_metadata["routellm"],
            model=message.response_metadata["model_name"],
            usage=TokenUsage(usage.get("input_tokens", 0), usage.get("output_tokens", 0), cached),
        )

    def cost(self, prices: Prices) -> float:
        """Return what the call cost, in the currency of the prices."""
        return prices.of(self.record["route"]).cost(self.usage)
