"""Prices: what the two models cost, in the user's currency, per million tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from routellm_core.routing.decision import Route
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.validation import check_amount

MOST_TOKENS = 100_000_000
"""No answer has used as many tokens: far beyond every model's window."""

CHARACTERS_PER_TOKEN = 4
"""The usual estimate for English, where tokens are not counted."""

_FIELDS = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one or more answers.

    Attributes:
        input: input tokens, the cached ones included.
        output: output tokens.
        cached_input: those of `input` that the provider read from its prompt cache.
    """

    input: int = 0
    output: int = 0
    cached_input: int = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.input or self.output)

    def credible(self) -> TokenUsage | None:
        """Return these tokens as a provider reported them, of any type; None if that can't be true."""
        read, written, cached = self.input, self.output, self.cached_input
        if not (_is_count(read) and _is_count(written) and _is_count(cached)):
            return None
        is_true = 0 <= cached <= read <= MOST_TOKENS and 0 <= written <= MOST_TOKENS
        return self if is_true else None

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            self.input + other.input, self.output + other.output, self.cached_input + other.cached_input
        )


def _is_count(value: object) -> bool:
    # bool is an int too. Most counts are plain ints, and known by their type.
    return type(value) is int or (isinstance(value, int) and not isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class Price:
    """One model's price per million tokens.

    Attributes:
        input: per million input tokens.
        output: per million output tokens.
        cached_input: per million input tokens read from the provider's prompt cache; None: as `input`.
    """

    input: float
    output: float
    cached_input: float | None = None

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "cached_input" and value is None:
                continue
            check_amount(value, f"price {part.name}", "per million tokens")

    @classmethod
    def from_mapping(cls, value: Price | Mapping[str, Any], name: str) -> Price:
        """Make a price from `{"input": 2.5, "output": 10}`; `name` is its owner in messages.

        Raises:
            ValueError: a part is missing, unknown or not a number; the message names it.
        """
        if isinstance(value, Price):
            return value
        if not isinstance(value, Mapping) or not {"input", "output"} <= set(value) <= set(_FIELDS):
            raise ValueError(
                f"prices[{name!r}] is {value!r}, expected the keys 'input', 'output' and, if wanted, "
                "'cached_input'."
            )
        try:
            return cls(**value)
        except ValueError as error:
            raise ValueError(f"prices[{name!r}]: {error}") from None

    @property
    def discount(self) -> float | None:
        """What a million input tokens cost less from the provider's prompt cache; None if not given."""
        return None if self.cached_input is None else self.input - self.cached_input

    def cost(self, usage: TokenUsage) -> float:
        """Return what these tokens cost."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input - usage.cached_input
        return (fresh * self.input + usage.cached_input * cached + usage.output * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of both sides, or of all tiers.

    Attributes:
        strong: the strong side's, or the highest tier's.
        weak: the weak side's, or the lowest tier's.
        tiers: of more than two tiers, each one's.
    """

    strong: Price
    weak: Price
    tiers: Mapping[Route, Price] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, value: Prices | Mapping[str, Any], ladder: Ladder = PAIR) -> Prices:
        """Make prices from `{"strong": {"input": 2.5, "output": 10}, "weak": ...}`, or such prices by tier.

        Raises:
            ValueError: a side or a price is missing, unknown or not a number; the message names it.
        """
        if isinstance(value, Prices):
            if set(value.tiers or PAIR.names) == set(ladder.names):
                return value
            value = asdict(value)
        if isinstance(value, Mapping) and "tiers" in value:
            # As this class itself is written down.
            value = value["tiers"] or {name: price for name, price in value.items() if name != "tiers"}
        if not isinstance(value, Mapping) or set(value) != set(ladder.names):
            first, *others = (f"'{name}': {{'input': ..., 'output': ...}}" for name in reversed(ladder.names))
            others = [f"{other.partition(':')[0]}: ..." for other in others]
            raise ValueError(
                f"prices is {value!r}, expected {{{', '.join([first, *others])}}} per million tokens."
            )
        prices = {name: Price.from_mapping(value[name], name) for name in ladder.names}
        return cls(prices[ladder.top], prices[ladder.lowest], {} if ladder == PAIR else prices)

    def __iter__(self) -> Iterator[Price]:
        return iter(self.tiers.values() or (self.strong, self.weak))

    def of(self, route: Route) -> Price:
        """Return one side's price."""
        found = self.tiers.get(route)
        return found or (self.strong if route == "strong" else self.weak)
