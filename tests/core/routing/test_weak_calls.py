"""The draw: uniform, repeatable, never the same call twice, and of the newest router and pair alone."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from routellm_core.routing.decision_log import new_decision_id
from routellm_core.routing.logged_decisions import DecisionLogError
from routellm_core.routing.weak_calls import find_weak_calls


def row(id: str, route: str = "weak", **values: Any) -> dict[str, Any]:
    base = {"version": 1, "id": id, "time": "2026-05-01T00:00:00", "reason": "score", "router": "r"}
    return {**base, "route": route, "threshold": 0.5, "models": {"strong": "S", "weak": "W"}, **values}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def test_weak_calls_are_counted_and_drawn(tmp_path: Path) -> None:
    rows = [row(f"w{n}") for n in range(30)] + [row(f"s{n}", "strong") for n in range(20)]
    rows += [row("f", reason="forced"), row("h", "strong", shadow_route="weak")]
    found = find_weak_calls(write(tmp_path / "log", rows), 10)

    assert (found.calls, found.weak_calls, found.others) == (51, 31, 0)
    assert len({one["id"] for one in found.drawn}) == 10
    assert all(one["id"][0] in "wh" for one in found.drawn)
    assert found.models == {"strong": "S", "weak": "W"}
    assert find_weak_calls(tmp_path / "log", 10).drawn == found.drawn


def test_the_draw_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "log", [row(new_decision_id()) for _ in range(40)])
    first = [one["id"] for one in find_weak_calls(path, 15).drawn]
    more = find_weak_calls(path, 15, known=set(first))

    assert not set(first) & {one["id"] for one in more.drawn}
    assert set(more.known) == set(first)
    assert [one["id"] for one in find_weak_calls(path, 30).drawn] == first + [one["id"] for one in more.drawn]


def test_every_place_in_the_log_is_drawn_as_often(tmp_path: Path) -> None:
    counts: Counter[int] = Counter()
    for _ in range(300):
        ids = [new_decision_id() for _ in range(40)]
        path = write(tmp_path / "log", [row(id) for id in ids])
        counts.update(ids.index(one["id"]) // 10 for one in find_weak_calls(path, 8).drawn)
    # 600 in each quarter; the standard deviation is about 21
    assert all(abs(counts[quarter] - 600) < 90 for quarter in range(4))


def test_another_router_pair_threshold_or_time_is_left_out(tmp_path: Path) -> None:
    rows = [row("old", router="other"), row("pair", models={"strong": "S", "weak": "V"})]
    rows += [row("moved", threshold=0.4), row("early", time="2026-04-30T23:59:59"), row("new")]
    path = write(tmp_path / "log", rows)
    found = find_weak_calls(path, 9, threshold=0.5, since="2026-05")
    assert [one["id"] for one in found.drawn] == ["new"]
    assert found.others == 3


def test_a_log_without_scored_calls_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "log", [row("f", reason="forced")])
    with pytest.raises(DecisionLogError, match="holds no call that the score decided"):
        find_weak_calls(path, 1)
