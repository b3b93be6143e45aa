import math
from pathlib import Path
from typing import Any

import pytest

from routellm_core import Router, RoutingPolicy, RoutingRequest, load_router
from routellm_core.calibration.borders import resolve_borders
from routellm_core.routers.random_router import RandomRouter
from routellm_core.routing.drift import ExpectedTraffic
from routellm_core.routing.escalation import PARSE_ERROR
from routellm_core.routing.ladder import PAIR
from routellm_core.routing.prices import Price, Prices
from routellm_core.routing.score_cache import ScoreCache
from routellm_core.routing.setting_checks import check_choice
from routellm_core.settings import RoutingSettings, resolve_router

from tests.routers import FixedRouter

PRICES = {"strong": {"input": 2.0, "output": 8.0}, "weak": {"input": 0.1, "output": 0.4}}


def threshold_of(router: Router, threshold: Any, share: Any) -> float:
    given = {"threshold": threshold, "strong_share": share}
    found: float = resolve_borders(router, PAIR, given)["threshold"]
    return found


def test_a_router_object_is_itself() -> None:
    router = FixedRouter(0.5)
    assert resolve_router(router) is router


def test_a_name_or_a_folder_is_loaded(tmp_path: Path) -> None:
    RandomRouter(seed=7).save(tmp_path)
    expected = RandomRouter(seed=7).score(["text"]).tolist()

    assert resolve_router("random").name == "random"
    assert resolve_router(tmp_path).score(["text"]).tolist() == expected
    assert resolve_router(str(tmp_path)).score(["text"]).tolist() == expected


@pytest.mark.parametrize("value", [None, 0.5, RandomRouter, lambda prompts: [0.5], ["random"]])
def test_what_is_no_router_is_refused_by_field(value: Any) -> None:
    expected = r"^router is \w+, expected a name such as 'default', a folder or a Router object\.$"
    with pytest.raises(ValueError, match=expected):
        resolve_router(value)


@pytest.mark.parametrize("value", ["no-such-router", Path("no-such-folder")])
def test_an_unknown_name_is_refused_with_the_known_ones(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^unknown router .*'default', .*'random'"):
        resolve_router(value)


def test_an_empty_name_is_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RandomRouter().save(tmp_path)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValueError, match=r"^router is '', expected a name"):
        resolve_router("")


def test_a_folder_that_holds_no_router_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is a folder without config\.json"):
        resolve_router(tmp_path)


@pytest.mark.parametrize("threshold", [0, 0.0, 0.5, 1])
def test_a_threshold_is_taken_as_it_is(threshold: float) -> None:
    resolved = threshold_of(FixedRouter(0.5), threshold, None)

    assert type(resolved) is float
    assert resolved == threshold


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_becomes_the_threshold_that_realises_it(share: float) -> None:
    router = load_router("random")
    policy = RoutingPolicy(router, threshold_of(router, None, share))
    decisions = [policy.decide(RoutingRequest(f"prompt {number}")) for number in range(5_000)]

    strong = sum(decision.route == "strong" for decision in decisions)
    assert strong / len(decisions) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("threshold", "share", "given"),
    [(None, None, "none of them"), (0.5, 0.3, "both threshold and strong_share"), (0.0, 0.0, "both")],
)
def test_exactly_one_is_given_and_the_message_names_all_three(
    threshold: float | None, share: float | None, given: str
) -> None:
    with pytest.raises(ValueError, match=f"got {given}") as caught:
        threshold_of(load_router("random"), threshold, share)

    for name in ("strong_share=", "threshold=", "from_calibration(path)"):
        assert name in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.1, True, "0.3", [0.3]])
def test_what_is_no_number_in_zero_to_one_is_refused_by_its_own_name(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^threshold is .*, expected a number in \[0, 1\]\.$"):
        threshold_of(load_router("random"), value, None)
    with pytest.raises(ValueError, match=r"^strong_share is .*, expected a number in \[0, 1\]\.$"):
        threshold_of(load_router("random"), None, value)


def test_a_share_needs_a_router_that_ships_quantiles() -> None:
    with pytest.raises(ValueError, match=r"strong_share .*'FixedRouter' ships no score quantiles"):
        threshold_of(FixedRouter(0.5), None, 0.3)


def test_a_choice_is_refused_by_field_and_value() -> None:
    check_choice("shadow", "mode", ("route", "shadow"))
    with pytest.raises(ValueError, match=r"^mode is 'shade', expected one of \['route', 'shadow'\]\.$"):
        check_choice("shade", "mode", ("route", "shadow"))


def test_settings_are_kept_in_the_form_that_routing_uses() -> None:
    settings = RoutingSettings.checked(
        {"router": "random", "strong_share": 0.3, "weak_lacks": ["tools"], "prices": PRICES, "temperature": 0}
    )

    assert settings.router.name == "random"
    assert settings.threshold == threshold_of(load_router("random"), None, 0.3)
    assert settings.weak_lacks == frozenset({"tools"})
    assert settings.prices == Prices(strong=Price(2.0, 8.0), weak=Price(0.1, 0.4))
    assert (settings.mode, settings.no_text_route, settings.on_router_error) == ("route", "strong", "strong")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mode": "shade"}, "mode is 'shade'"),
        ({"no_text_route": "medium"}, "no_text_route is 'medium'"),
        ({"on_router_error": "ignore"}, "on_router_error is 'ignore'"),
        ({"score_timeout": 0}, "score_timeout is 0, expected a number above 0"),
        ({"score_timeout": "1 s"}, "score_timeout is '1 s'"),
        ({"strong_lacks": {"vision"}}, "strong_lacks holds 'vision'"),
        ({"prices": 3}, "prices is 3"),
        ({"escalate_on": 429}, "escalate_on holds 429"),
        ({"strong_share": 0.5}, "got both threshold and strong_share"),
        ({"router": None}, "router is NoneType"),
    ],
)
def test_a_setting_is_refused_by_name_at_first_and_when_it_is_changed(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RoutingSettings.checked({"router": "random", "threshold": 0.5, **given})

    settings = RoutingSettings.checked({"router": "random", "threshold": 0.5})
    ((name, value),) = given.items()
    if name != "strong_share":
        with pytest.raises(ValueError, match=message):
            settings.with_change(name, value)


def test_the_threshold_follows_from_the_share_until_a_threshold_is_set() -> None:
    by_share = RoutingSettings.checked({"router": "random", "strong_share": 0.3})
    other = RandomRouter(seed=1)
    other.score_quantiles = load_router("random").score_quantiles
    by_threshold = by_share.with_change("threshold", 0.9)

    assert by_share.with_change("strong_share", 0.1).threshold > by_share.threshold
    assert by_share.with_change("router", other).strong_share == 0.3
    assert by_share.with_change("mode", "shadow").threshold == by_share.threshold
    assert (by_threshold.threshold, by_threshold.strong_share) == (0.9, None)
    assert by_threshold.with_change("router", FixedRouter(0.5)).threshold == 0.9
    with pytest.raises(ValueError, match="ships no score quantiles"):
        by_share.with_change("router", FixedRouter(0.5))


def test_settings_make_what_decides_and_what_escalates() -> None:
    settings = RoutingSettings.checked(
        {
            "router": FixedRouter(0.5),
            "threshold": 0.6,
            "no_text_route": "weak",
            "score_timeout": 2,
            "escalate_on": PARSE_ERROR,
        }
    )
    cache = ScoreCache()

    assert settings.policy(cache) == RoutingPolicy(
        settings.router, 0.6, no_text_route="weak", score_timeout=2.0
    )
    assert settings.policy(cache).cache is cache
    assert settings.escalation(always=(TimeoutError,)).on_parse_error
    assert settings.escalation(always=(TimeoutError,)).weak_errors == (TimeoutError,)
    assert settings.traffic() == ExpectedTraffic(None, 0.6, knows=settings.router.knows)
    assert len(RoutingSettings.checked({"router": "random", "strong_share": 0.3}).traffic().score_quantiles)
