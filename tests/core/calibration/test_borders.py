"""How much goes to which of several tiers: shares, thresholds, and one threshold for all of them."""

from typing import Any

import pytest

from routellm_core.calibration.borders import borders_of, resolve_borders
from routellm_core.routers.random_router import RandomRouter
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.tier_shares import TierShares
from routellm_core.settings import RoutingSettings

from tests.routers import FixedRouter

NAMES = ("nano", "mini", "full")
THREE = Ladder(NAMES)


def settings(**given: Any) -> RoutingSettings:
    return RoutingSettings.checked({"router": "random", "tier_names": NAMES, **given})


def test_shares_become_borders_at_the_routers_quantiles() -> None:
    found = borders_of(RandomRouter(), (0.5, 0.3, 0.2))
    assert found == pytest.approx((0.5, 0.8), abs=0.01)
    made = settings(shares=[0.5, 0.3, 0.2], share_window=None)
    assert made.policy(cache=None).borders == found  # type: ignore[arg-type]  # it decides nothing here
    assert (made.threshold, made.top_share, made.share_tracker()) == (found[-1], 0.2, None)


def test_shares_follow_the_traffic() -> None:
    tracker = settings(shares=(0.5, 0.3, 0.2)).share_tracker()
    assert isinstance(tracker, TierShares)
    assert tracker.shares == (0.5, 0.3, 0.2)


def test_thresholds_are_borders_as_they_are() -> None:
    made = settings(thresholds=[0.3, 0.7])
    assert (made.thresholds, made.threshold, made.top_share) == ((0.3, 0.7), 0.7, None)


def test_setting_one_takes_the_place_of_the_others() -> None:
    made = settings(shares=[0.5, 0.3, 0.2])
    off = made.with_change("threshold", 0.0)
    assert (off.threshold, off.shares, off.thresholds) == (0.0, None, None)
    again = off.with_change("thresholds", [0.1, 0.2])
    assert (again.threshold, again.thresholds, again.shares) == (0.2, (0.1, 0.2), None)
    assert again.with_change("mode", "shadow").thresholds == (0.1, 0.2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"exactly one of shares= .* and thresholds= .*; got none of them"),
        ({"shares": [0.5, 0.3, 0.2], "thresholds": [0.1, 0.2]}, "got both thresholds and shares"),
        ({"strong_share": 0.3}, "got strong_share"),
        (
            {"shares": [0.5, 0.5]},
            r"shares is \[0.5, 0.5\], expected a share for each tier, from 'nano' up, 3",
        ),
        ({"shares": 0.5}, "shares is 0.5, expected a share for each tier"),
        ({"shares": [0.5, 0.5, 0.5]}, "add up to 1.5"),
        ({"shares": [1.5, -0.5, 0.0]}, r"shares\[0\] is 1.5, expected a number in \[0, 1\]"),
        ({"thresholds": [0.5]}, r"thresholds is \[0.5\], expected a threshold between each two tiers, 2"),
        ({"thresholds": [0.5, 0.4]}, "expected them in ascending order"),
        ({"thresholds": ["a", 0.4]}, r"thresholds\[0\] is 'a'"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**given)


def test_shares_need_a_router_that_ships_quantiles() -> None:
    with pytest.raises(ValueError, match="shares is given, but router 'FixedRouter' ships no"):
        resolve_borders(FixedRouter(0.5), THREE, {"shares": (0.5, 0.3, 0.2)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"housekeeping_route": "medium"}, r"expected one of \[None, 'full', 'mini', 'nano'\]"),
        ({"no_text_route": "medium"}, r"expected one of \['full', 'mini', 'nano'\]"),
        ({"on_router_error": "medium"}, r"expected one of \['full', 'mini', 'nano', 'raise'\]"),
        ({"tier_lacks": ["tools"]}, r"tier_lacks is \[.tools.\], expected such as"),
        ({"tier_lacks": {"medium": {"tools"}}}, "a key of tier_lacks is 'medium'"),
        ({"tier_lacks": {"mini": {"tool"}}}, r"tier_lacks\['mini'\] holds 'tool'"),
        ({"prices": {"strong": {}, "weak": {}}}, "expected {'full': {'input'.*'mini': ..., 'nano': ...}"),
        ({"tier_names": ("a", "a")}, "two tiers are named 'a'"),
    ],
)
def test_settings_that_name_tiers_are_checked(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(thresholds=(0.3, 0.7), **given)


def test_what_the_user_says_that_a_tier_lacks() -> None:
    made = settings(
        thresholds=(0.3, 0.7), tier_lacks={"mini": ["image"], "strong": ["audio"]}, weak_lacks=["tools"]
    )
    assert [made.lacks(name) for name in NAMES] == [{"tools"}, {"image"}, {"audio"}]
