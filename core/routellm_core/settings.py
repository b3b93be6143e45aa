"""Settings: what both adapters' constructors take about routing, resolved the same way for both."""

from __future__ import annotations

from os import PathLike
from typing import Any

from routellm_core.calibration import threshold_for_share
from routellm_core.registry import load_router
from routellm_core.router import Router
from routellm_core.validation import check_fraction


def resolve_router(value: Any) -> Router:
    """Return the router that `router=` names or is.

    Raises:
        ValueError: it is not a Router, a known name or a folder; the message names `router`.
    """
    if isinstance(value, Router):
        return value
    if isinstance(value, str | PathLike):
        return load_router(value)
    raise ValueError(
        f"router is {type(value).__name__}, expected a name such as 'default', a folder or a Router object."
    )


def resolve_threshold(router: Router, threshold: float | None, strong_share: float | None) -> float:
    """Return the threshold that exactly one of the two settings gives.

    Raises:
        ValueError: none or both are given, one is outside [0, 1], or a share is given for a router that
            ships no quantiles.
    """
    if (threshold is None) == (strong_share is None):
        given = "none of them" if threshold is None else "both threshold and strong_share"
        raise ValueError(
            "expected exactly one of strong_share= (the share of calls that strong answers, such as 0.3), "
            "threshold= (strong answers where the score is at least this) and from_calibration(path); "
            f"got {given}."
        )
    if strong_share is not None:
        return threshold_for_share(router, check_fraction(strong_share, "strong_share"))
    return check_fraction(threshold, "threshold")


def check_choice(value: Any, field: str, choices: tuple[Any, ...]) -> None:
    """Say what was expected where a setting is none of its choices.

    Raises:
        ValueError: names the field, the value and the choices.
    """
    if value not in choices:
        raise ValueError(f"{field} is {value!r}, expected one of {list(choices)}.")
