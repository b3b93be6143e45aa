"""TokenSum: the tokens of many answers, added up in place."""

from __future__ import annotations

from routellm_core.routing.prices import TokenUsage


class TokenSum:
    """The tokens so far."""

    __slots__ = ("cached_input", "input", "output")

    def __init__(self) -> None:
        self.input = self.output = self.cached_input = 0

    def add(self, usage: TokenUsage) -> None:
        """Add those of one answer."""
        self.input += usage.input
        self.output += usage.output
        self.cached_input += usage.cached_input

    @property
    def usage(self) -> TokenUsage:
        """The tokens as those of one answer."""
        return TokenUsage(self.input, self.output, self.cached_input)
