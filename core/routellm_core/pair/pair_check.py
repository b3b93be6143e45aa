"""PairWarning: a likely mistake in a pair of models, reported when the pair is made."""

from __future__ import annotations

import warnings

from routellm_core.routing.list_prices import list_price
from routellm_core.routing.prices import Price, Prices


class PairWarning(UserWarning):
    """Both sides are one model, or the sides seem to be swapped."""


def warn_of_slips(
    *,
    same: bool,
    strong: str | None,
    weak: str | None,
    prices: Prices | None,
    names: tuple[str, str] = ("strong", "weak"),
) -> None:
    """Warn about a pair that can't save anything.

    Args:
        same: whether both sides are the same object.
        strong: the strong model's name; None if unknown.
        weak: the weak model's name; None if unknown.
        prices: as given for the statistics; None for list prices.
        names: what the two sides are called.

    Warns:
        PairWarning: both sides are one model object, or strong costs less than weak.
    """
    if same:
        _warn(f"{names[0]} and {names[1]} are the same model: there is nothing to route between.")
        return
    first, second = (prices.strong, prices.weak) if prices else (_listed(strong), _listed(weak))
    if first is None or second is None:
        return
    if first.input < second.input and first.output < second.output:
        by = "by prices=" if prices else f"by list price ({strong}, {weak})"
        _warn(f"{names[0]} costs less than {names[1]}, {by}: are the sides swapped?")


def _listed(name: str | None) -> Price | None:
    found = list_price(name) if name else None
    return found.price if found else None


def _warn(message: str) -> None:
    warnings.warn(message, PairWarning, stacklevel=3)
