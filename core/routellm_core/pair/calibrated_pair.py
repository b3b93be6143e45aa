"""Calibrated pairs: the settings that a calibration gives a pair, and the traffic that it expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routellm_core.calibration.borders import THRESHOLDS
from routellm_core.calibration.record import Calibration
from routellm_core.loading import is_fetched
from routellm_core.router import Router
from routellm_core.routing.drift import ExpectedTraffic


def settings_from_calibration(calibration: Calibration, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with a calibration's router and threshold.

    Raises:
        ValueError: a threshold or share is given as well, or the calibration names a router on the Hub.
    """
    if "router" not in settings and is_fetched(calibration.router):
        raise ValueError(
            f"the calibration names the router {calibration.router!r} on the Hugging Face Hub, and a file "
            f"alone never triggers a download: give router={calibration.router!r} as well."
        )
    for name in THRESHOLDS:
        if name in settings:
            raise ValueError(
                f"{name} is given, but the calibration already sets the threshold: drop one of them."
            )
    return {"router": calibration.router, "threshold": calibration.threshold, **settings}


def calibrated_traffic(
    calibration: Calibration, router: Router, strong: str | None, weak: str | None
) -> ExpectedTraffic:
    """Return the traffic that a calibration expects, after checking that it was made for this pair.

    Args:
        calibration: as loaded.
        router: the one in use.
        strong: the strong model's name; None if unknown.
        weak: the weak model's name; None if unknown.

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
        knows=router.knows,
    )
