"""Ladder: the tiers that a router chooses from, from the cheapest to the most capable."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from routellm_core.routing.decision import Route

_NO_NAMES = ("raise",)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Two or more tiers; a pair has the two that are called "weak" and "strong".

    In a longer one, "weak" and "strong" stand for the lowest and the highest tier wherever a tier is named.

    Attributes:
        names: from the cheapest tier to the most capable one.

    Raises:
        ValueError: fewer than two names, one that is given twice, is blank, or means something else.
    """

    names: tuple[Route, ...] = ("weak", "strong")

    def __post_init__(self) -> None:
        for name in self.names:
            if not isinstance(name, str) or not name.strip() or name in _NO_NAMES:
                raise ValueError(f"a tier is named {name!r}, expected a name such as 'mini'.")
            if self.names.count(name) > 1:
                raise ValueError(f"two tiers are named {name!r}: give each a name of its own.")
        if len(self.names) < 2:
            raise ValueError(
                f"the tiers are {list(self.names)}, expected two or more, the cheapest first and the most "
                "capable last."
            )
        for word, place in (("weak", 0), ("strong", len(self.names) - 1)):
            if word in self.names and self.names[place] != word:
                raise ValueError(
                    f"a tier is named {word!r}, which stands for the {'lowest' if place == 0 else 'highest'} "
                    "one: name it otherwise."
                )

    @property
    def lowest(self) -> Route:
        """The cheapest tier."""
        return self.names[0]

    @property
    def top(self) -> Route:
        """The most capable tier."""
        return self.names[-1]

    def place(self, route: Route) -> int:
        """Return a tier's place, 0 for the lowest."""
        return self.names.index(route)

    def above(self, route: Route, barred: Collection[Route] = ()) -> Route | None:
        """Return the next tier up that is not barred; None if there is none."""
        place = self.names.index(route) + 1
        if not barred:
            return self.names[place] if place < len(self.names) else None
        return next((name for name in self.names[place:] if name not in barred), None)

    def below(self, route: Route, barred: Collection[Route] = ()) -> Route | None:
        """Return the next tier down that is not barred; None if there is none."""
        return next((name for name in self.names[: self.place(route)][::-1] if name not in barred), None)

    def known(self, value: Any) -> Route | None:
        """Return the tier that a name, or one of the words "weak" and "strong", stands for; None for none."""
        if not isinstance(value, str):
            return None
        word = {"weak": self.lowest, "strong": self.top}.get(value, value)
        # The name itself: a user's own kind of string must not end up in a record.
        return next((name for name in self.names if name == word), None)

    def resolved(self, value: Any, field: str, *others: str) -> Route:
        """Return the tier that a setting names.

        Args:
            value: the setting.
            field: its name.
            others: what else it may be, for the message.

        Raises:
            ValueError: there is no such tier; the message names the field, the value and the tiers.
        """
        route = self.known(value)
        if route is None:
            *words, last = (repr(word) for word in (*reversed(self.names), *others))
            raise ValueError(f"{field} is {value!r}, expected {', '.join(words)} or {last}.")
        return route


PAIR = Ladder()
"""A weak and a strong model."""
