"""Settings: what both adapters' constructors take about routing, resolved the same way for both."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from routellm_core.calibration.record import Calibration
from routellm_core.calibration.share import threshold_for_share
from routellm_core.loading import load_router
from routellm_core.router import Router
from routellm_core.routing.capabilities import check_needs
from routellm_core.routing.drift import ExpectedTraffic
from routellm_core.routing.escalation import Escalation
from routellm_core.routing.prices import Prices
from routellm_core.routing.validation import check_fraction

THRESHOLDS = ("threshold", "strong_share")
"""The settings of which exactly one is given; `from_calibration` gives the first."""


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


def checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings that both adapters have; return those that are kept in another form than given.

    Raises:
        ValueError: one of them is not what was expected; the message names it.
    """
    check_choice(settings["mode"], "mode", ("route", "shadow"))
    check_choice(settings["no_text_route"], "no_text_route", ("strong", "weak"))
    check_choice(settings["on_router_error"], "on_router_error", ("strong", "weak", "raise"))
    Escalation.from_settings(settings["escalate_on"], settings["escalate_strong_on"], settings["escalate_if"])
    prices = settings["prices"]
    return {
        "router": resolve_router(settings["router"]),
        "strong_lacks": check_needs(settings["strong_lacks"], "strong_lacks"),
        "weak_lacks": check_needs(settings["weak_lacks"], "weak_lacks"),
        "prices": None if prices is None else Prices.from_mapping(prices),
    }


def with_threshold(settings: Mapping[str, Any], changed: str) -> dict[str, Any]:
    """Return settings in which the threshold follows from the one that was changed.

    Args:
        settings: the new ones, checked.
        changed: the name of the one setting that was changed.
    """
    new = dict(settings)
    if changed in THRESHOLDS:
        new |= {"threshold": None, "strong_share": None, changed: settings[changed]}
    share = new["strong_share"]
    if changed in THRESHOLDS or (changed == "router" and share is not None):
        given = new["threshold"] if share is None else None
        new["threshold"] = resolve_threshold(new["router"], given, share)
    return new


def expected_traffic(settings: Mapping[str, Any]) -> ExpectedTraffic:
    """Return what the calls are expected to look like by the router's shipped quantiles."""
    quantiles = settings["router"].score_quantiles
    return ExpectedTraffic(
        settings["strong_share"],
        settings["threshold"],
        () if quantiles is None else tuple(quantiles.tolist()),
    )


def settings_from_calibration(calibration: Calibration, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with a calibration's router and threshold.

    Raises:
        ValueError: a threshold or share is given as well.
    """
    for name in THRESHOLDS:
        if name in settings:
            raise ValueError(
                f"{name} is given, but the calibration sets the threshold already: leave one of them out."
            )
    return {"router": calibration.router, "threshold": calibration.threshold, **settings}


def calibrated_traffic(
    calibration: Calibration, router: Router, strong: str | None, weak: str | None
) -> ExpectedTraffic:
    """Return what the calls are expected to look like by a calibration, once it fits what it is used for.

    Args:
        calibration: as loaded.
        router: the one in use.
        strong: the strong model's name, where known.
        weak: the weak model's name, where known.

    Raises:
        ValueError: it was made with another router.

    Warns:
        CalibrationWarning: it was made for another model.
    """
    calibration.check_router(router)
    calibration.check_models(strong, weak)
    return ExpectedTraffic(
        calibration.strong_share,
        calibration.threshold,
        calibration.score_quantiles,
        calibrated=bool(calibration.score_quantiles),
    )
