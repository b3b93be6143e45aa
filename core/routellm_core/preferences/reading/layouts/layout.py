"""Layout: how one kind of log writes its calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from routellm_core.preferences.reading.logged_call import RawCall
from routellm_core.preferences.reading.nested import mapping, unpacked
from routellm_core.preferences.reading.token_counts import ImpossibleTokens, usage_of

Values = Mapping[str, object]


class Layout(Protocol):
    """What reads the rows of one kind of log; an instance reads one log."""

    name: str
    """As `--format` takes it."""

    title: str
    """Its name in messages, with an article."""

    def matches(self, values: Values) -> bool:
        """Return whether a row is of this kind."""
        ...

    def calls(self, values: Values) -> Iterable[RawCall]:
        """Return the model calls of a row; a row without any gives one of kind "other"."""
        ...

    def rest(self) -> Iterable[RawCall]:
        """Return calls that waited for rows that never came."""
        ...


class OneRowLayout:
    """A layout whose rows do not depend on each other."""

    def rest(self) -> Iterable[RawCall]:
        """Return nothing: no row is pending."""
        return ()


NO_CALL = RawCall(kind="other")


def with_usage(call: RawCall, *sources: object) -> RawCall:
    """Return the call with the tokens of the first source that has any."""
    for source in sources:
        try:
            usage = usage_of(source)
        except ImpossibleTokens as error:
            return replace(call, impossible=str(error))
        if usage is not None:
            return replace(call, usage=usage)
    return call


def has(values: Values, *names: str) -> bool:
    """Return whether a row has one of these fields, with something in it."""
    return any(values.get(name) not in (None, "", [], {}) for name in names)


def objects(value: object) -> list[Mapping[str, object]]:
    """Return the objects of a list, or of one written as a string."""
    found = unpacked(value)
    return [mapping(one) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
