"""Reported usage: whether the tokens that a provider reports can be true, before they are counted."""

from __future__ import annotations

from routellm_core.routing.prices import TokenUsage

_MOST_TIMES = 10
"""A provider may exceed the limit sent with a call, by tokens it thinks with or adds itself; by more than so
many times it can't."""


def believable_usage(usage: object, most: TokenUsage) -> TokenUsage | None:
    """Return what a provider reported if it can be true; else None, and the most stands for it.

    Args:
        usage: what was reported, of any type.
        most: the most that the call could use, by the limits sent with it.
    """
    if not isinstance(usage, TokenUsage) or usage.credible() is None:
        return None
    if usage.input > _MOST_TIMES * most.input or usage.output > _MOST_TIMES * most.output:
        return None
    return usage
