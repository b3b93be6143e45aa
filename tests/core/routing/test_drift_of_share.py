"""The one warning about a share of strong calls that is far from the one asked for."""

import logging
import warnings

import pytest

from routellm_core import Decision
from routellm_core.routing.decision import Reason, Route
from routellm_core.routing.drift import DRIFT_CALLS, LOOK, ExpectedTraffic, ShareDriftWarning
from routellm_core.routing.routing_counter import RoutingCounter


def count(counter: RoutingCounter, strong: int, weak: int, reason: Reason = "score", times: int = 1) -> None:
    routes: list[Route] = [*["strong"] * strong, *["weak"] * weak]  # type: ignore[list-item]
    for route in routes * times:
        counter.count(Decision(route, None, 0.5, reason, "random"))


def count_mixed(counter: RoutingCounter, strong: int, weak: int, times: int = 1) -> None:
    """Mixed, so that the share is the same in every window."""
    for turn in range(times * (strong + weak)):
        is_strong = (turn + 1) * strong // (strong + weak) > turn * strong // (strong + weak)
        count(counter, strong=int(is_strong), weak=int(not is_strong))


@pytest.mark.parametrize(
    ("asked", "strong", "weak"), [(0.3, 100, 100), (0.3, 0, 200), (1.0, 179, 21), (0.0, 21, 179)]
)
def test_a_share_far_from_the_asked_one_warns_and_names_the_command(
    asked: float, strong: int, weak: int
) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(asked))
    with pytest.warns(ShareDriftWarning) as warned:
        count_mixed(counter, strong, weak, times=2)

    assert len(warned) == 1
    message = str(warned[0].message)
    assert f"{strong / DRIFT_CALLS:.0%} of the last 2" in message
    assert f"scored calls went to strong, against a target of {asked:.0%}" in message
    assert f"routellm calibrate --prompts FILE --strong-share {asked:g}" in message


# Warnings are errors in this test run, and counting one of them would leave a log record.
@pytest.mark.parametrize(
    ("asked", "strong", "weak"),
    [
        (0.3, 0, DRIFT_CALLS - 1),
        (0.3, 80, 120),
        (0.3, 40, 160),
        (0.9, 160, 40),
        (None, 200, 0),
    ],
)
def test_too_few_calls_or_a_share_within_a_tenth_warn_nobody(
    asked: float | None, strong: int, weak: int, caplog: pytest.LogCaptureFixture
) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(asked))
    count_mixed(counter, strong, weak)

    assert counter.snapshot().strong.calls == strong
    assert caplog.records == []


def test_calls_that_no_score_decided_are_no_drift(caplog: pytest.LogCaptureFixture) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.1))
    count(counter, strong=500, weak=0, reason="tools")

    assert caplog.records == []


def test_with_warnings_as_errors_counting_goes_on_and_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.9))
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="routellm_core"):
        warnings.simplefilter("error")
        count(counter, strong=0, weak=250)

    assert counter.snapshot().requests == 250
    assert caplog.text.count("routellm calibrate") == 1


def test_after_a_reset_the_warning_may_come_again() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.9))
    with pytest.warns(ShareDriftWarning) as warned:
        count(counter, strong=0, weak=DRIFT_CALLS)
    counter.reset()
    with pytest.warns(ShareDriftWarning) as again:
        count(counter, strong=0, weak=DRIFT_CALLS)

    assert (len(warned), len(again)) == (1, 1)


def test_a_look_at_the_statistics_loses_no_warning() -> None:
    counter = RoutingCounter(expected=ExpectedTraffic(0.1, threshold=0.5))
    # At a threshold of its own, so that the comparison falls between two multiples of LOOK.
    counter.count(Decision("weak", None, 0.9, "score", "random"))

    def calls_and_looks() -> None:
        for _ in range(DRIFT_CALLS + LOOK):
            count(counter, strong=1, weak=0)
            counter.snapshot()

    with pytest.warns(ShareDriftWarning) as warned:
        calls_and_looks()

    assert len(warned) == 1
    assert f"100% of the last {DRIFT_CALLS} scored calls" in str(warned[0].message)
