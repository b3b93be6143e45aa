"""Borders: the thresholds between the tiers of a router, as they are given or as shares make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from routellm_core.calibration.share import threshold_for_share
from routellm_core.router import Router
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.validation import check_fraction

THRESHOLDS = ("threshold", "strong_share", "thresholds", "shares")
"""The settings of which exactly one is given; `from_calibration` gives the first."""

_ROUNDING = 1e-6


def resolve_borders(router: Router, ladder: Ladder, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check how much goes to which tier.

    Args:
        router: scores.
        ladder: the tiers.
        given: the settings, of which exactly one of `THRESHOLDS` is not None.

    Returns:
        The checked setting, and `threshold`: the border below the highest tier.

    Raises:
        ValueError: none or several are given, one is not what was expected, or a share is given for a router
            that ships no quantiles.
    """
    named = [name for name in THRESHOLDS if given.get(name) is not None]
    if len(named) != 1 or (named[0] == "strong_share" and len(ladder.names) > 2):
        raise ValueError(_expected(ladder, named))
    (name,) = named
    value = given[name]
    if name == "strong_share":
        return {"threshold": threshold_for_share(router, check_fraction(value, name))}
    if name == "threshold":
        return {"threshold": check_fraction(value, name)}
    if name == "shares":
        shares = _checked(
            value, name, len(ladder.names), f"a share for each tier, from {ladder.lowest!r} up,"
        )
        if abs(sum(shares) - 1.0) > _ROUNDING:
            raise ValueError(
                f"shares is {value!r}, which add up to {sum(shares):g}, expected shares of all: 1."
            )
        return {"shares": shares, "threshold": borders_of(router, shares)[-1]}
    borders = _checked(value, name, len(ladder.names) - 1, "a threshold between each two tiers,")
    if list(borders) != sorted(borders):
        raise ValueError(f"thresholds is {value!r}, expected them in ascending order.")
    return {"thresholds": borders, "threshold": borders[-1]}


def borders_of(router: Router, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the ascending thresholds that give each tier its share, by the quantiles that a router ships.

    Raises:
        ValueError: the router ships no quantiles.
    """
    if router.score_quantiles is None:
        raise ValueError(
            f"shares is given, but router {router.name!r} ships no score quantiles: give thresholds=."
        )
    return tuple(
        threshold_for_share(router, min(1.0, sum(shares[place:]))) for place in range(1, len(shares))
    )


def _checked(value: Any, name: str, count: int, what: str) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        raise ValueError(f"{name} is {value!r}, expected {what} {count} in all.")
    return tuple(check_fraction(each, f"{name}[{place}]") for place, each in enumerate(value))


def _expected(ladder: Ladder, named: Sequence[str]) -> str:
    got = f"both {named[0]} and {named[1]}" if len(named) == 2 else " and ".join(named) or "none of them"
    if ladder == PAIR:
        return (
            "expected exactly one of strong_share= (the share of calls that strong answers, such as 0.3), "
            "threshold= (strong answers where the score is at least this) and from_calibration(path); "
            f"got {got}."
        )
    return (
        "expected exactly one of shares= (one for each tier, such as [0.5, 0.3, 0.2]) and thresholds= (the "
        f"scores from which each higher tier answers); got {got}."
    )
