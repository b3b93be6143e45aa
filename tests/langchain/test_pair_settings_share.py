"""The share of strong follows the traffic; a threshold never moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from routellm_core.routing.drift import UnknownKindsWarning

from tests.langchain.operated import offline, record
from tests.pair_operation import NumberRouter, prompts


def test_the_share_follows_traffic_that_the_shipped_quantiles_do_not_know() -> None:
    llm = offline(strong_share=0.3)
    # every score lies above the shipped threshold of 0.7
    routes = [record(llm, prompt)["route"] for prompt in prompts(range(800, 1_000))]
    assert abs(routes.count("strong") / 200 - 0.3) < 0.15
    fixed = offline(strong_share=0.3, share_window=None)
    assert {record(fixed, prompt)["route"] for prompt in prompts(range(800, 850))} == {"strong"}


def test_the_record_has_the_threshold_in_force_and_the_percentile() -> None:
    llm = offline(strong_share=0.3)
    first = record(llm, prompts([700])[0])
    assert first["percentile"] == pytest.approx(70, abs=1)
    record(llm, prompts([990])[0])
    assert record(llm, prompts([10])[0])["threshold"] != first["threshold"]
    assert "id" not in first


def test_one_text_keeps_its_decision_and_a_preview_changes_nothing() -> None:
    llm = offline(strong_share=0.3)
    (prompt,) = prompts([710])
    before = llm.switchboard.dispatcher.policy.in_force
    assert [llm.route(prompt).route for _ in range(50)] == ["strong"] * 50
    assert llm.switchboard.dispatcher.policy.in_force == before
    assert record(llm, prompt)["route"] == "strong"
    for other in prompts(range(900, 999)):
        record(llm, other)
    assert record(llm, prompt)["route"] == "strong"


def test_a_threshold_never_moves() -> None:
    llm = offline(threshold=0.5)
    assert {record(llm, prompt)["threshold"] for prompt in prompts(range(800, 830))} == {0.5}


def test_a_window_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="share_window is 10, expected a whole number of at least 200"):
        offline(strong_share=0.3, share_window=10)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kinds_that_the_router_was_not_made_for_are_told() -> None:
    class SureRouter(NumberRouter):
        def knows(self, prompt: str) -> bool:
            return prompt.endswith(" 1")

    told: list[Warning] = []
    llm = offline(router=SureRouter(), threshold=0.5, on_drift=told.append)
    for number in [1] * 400 + [2] * 100:
        llm.invoke(prompts([number])[0])
    assert [type(warning) for warning in told] == [UnknownKindsWarning]


def test_a_changed_share_starts_its_own_window() -> None:
    llm = offline(strong_share=0.3)
    for prompt in prompts(range(800, 900)):
        record(llm, prompt)
    llm.strong_share = 0.9
    assert llm.switchboard.dispatcher.policy.in_force == pytest.approx(0.1, abs=0.02)


def test_a_restart_goes_on_with_the_share_that_the_log_tells(tmp_path: Path) -> None:
    settings = {"strong_share": 0.3, "decision_log": f"sqlite:///{tmp_path / 'decisions.db'}"}
    llm = offline(**settings)
    for prompt in prompts(range(700, 1_000)):
        llm.invoke(prompt)
    assert llm.decision_log.flush()
    again = offline(**settings)
    in_force = [model.switchboard.dispatcher.policy.in_force for model in (llm, again)]
    assert in_force[0] == pytest.approx(in_force[1], abs=1e-9)
