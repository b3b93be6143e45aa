"""Cache loss: tokens that a change of sides makes the provider read again at the full price."""

from __future__ import annotations

from routellm_core.routing.prices import TokenUsage

SHORTEST_CACHED = 1_024
"""Tokens; no provider keeps a shorter prompt in its cache."""


def read_again(repeated: float, usage: TokenUsage | None) -> int:
    """Return how many tokens were paid in full that the prompt cache of the other side held.

    Args:
        repeated: share of the prompt that the other side had read already; 0 without a change of sides.
        usage: the answer's tokens; None if unknown.
    """
    if not repeated or usage is None:
        return 0
    known = round(repeated * usage.input)
    return max(0, known - usage.cached_input) if known >= SHORTEST_CACHED else 0
