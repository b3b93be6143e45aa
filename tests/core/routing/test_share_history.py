"""After a restart, each border between several tiers goes on where the decision log left it."""

from collections import Counter
from pathlib import Path

import pytest

from routellm_core import RoutingRequest
from routellm_core.pair.routing_state import RoutingState
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.tier_shares import TierShares
from routellm_core.settings import RoutingSettings

NAMES = ("nano", "mini", "full")


def started(log: Path) -> tuple[RoutingState, Dispatcher]:
    settings = RoutingSettings.checked(
        {"router": "random", "tier_names": NAMES, "shares": (0.5, 0.3, 0.2), "decision_log": log}
    )
    state = RoutingState(settings)
    return state, state.dispatcher(settings, settings.escalation(), {}, lambda answer: None)


def borders(state: RoutingState) -> list[float]:
    assert isinstance(state.share, TierShares)
    return [border.threshold for border in state.share.borders]


def test_each_border_goes_on_from_the_log(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    state, dispatcher = started(log)
    fresh = borders(state)
    for number in range(400):
        decision = dispatcher.decide(RoutingRequest(f"a question of number {number}"))
        dispatcher.answer(decision, lambda decision: decision.route)
    assert state.log is not None
    state.log.flush()
    again, dispatcher = started(log)
    assert borders(again) == pytest.approx(borders(state))
    assert borders(again) != fresh
    routes = Counter(
        dispatcher.decide(RoutingRequest(f"a later one, {number}")).route for number in range(1_000)
    )
    assert [routes[name] / 1_000 for name in NAMES] == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
