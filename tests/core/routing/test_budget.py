"""The money lasts, the best calls get it, and clocks, restarts and other processes lose no count."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from routellm_core import Decision
from routellm_core.routing import shared_spend
from routellm_core.routing.budget import PERIODS, Budget, BudgetLimit
from routellm_core.routing.call_account import NO_ORIGIN, CallAccount
from routellm_core.routing.decision_log import DecisionLog
from routellm_core.routing.prices import Price, Prices, TokenUsage
from routellm_core.routing.shared_spend import SharedSpend

PRICES = Prices(Price(1e6, 0.0), Price(0.0, 0.0))
"""An input token of strong costs 1."""

DAY = 86_400.0
MIDNIGHT = 20_000 * DAY


class Clock:
    def __init__(self, now: float = MIDNIGHT) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def budget(limit: float, clock: Clock | None = None, per: str = "day") -> Budget:
    return Budget(BudgetLimit(limit, per), clock or Clock())


def wanted(score: float | None = 0.9, text: str | None = None, reason: str = "score") -> Decision:
    return Decision("strong", score, 0.5, reason, "r", text=text)  # type: ignore[arg-type]


def pay(it: Budget, cost: int = 1) -> None:
    account = CallAccount(wanted(), PRICES, NO_ORIGIN, ())
    account.add("strong", TokenUsage(cost, 0))
    it.spend(account)


def call(it: Budget, score: float, cost: int = 1) -> str:
    decision = it.decide(wanted(score))
    if decision.route == "strong":
        pay(it, cost)
    return decision.route


def test_a_day_of_too_many_calls_keeps_within_the_limit_and_lasts() -> None:
    clock, rng = Clock(), np.random.default_rng(0)
    it = budget(100, clock)
    by_hour = np.zeros(24)
    passed, kept = [], []
    for hour in range(24):
        for minute in range(60):
            clock.now = MIDNIGHT + hour * 3600.0 + minute * 60.0
            score = float(rng.random())
            if call(it, score) == "strong":
                by_hour[hour] += 1
                passed.append(score)
            else:
                kept.append(score)
    assert it.spent <= 100
    assert it.spent >= 95
    # there is money in every hour, and it goes to the calls that need it most
    assert (by_hour > 0).all()
    assert np.mean(passed[50:]) > 0.85
    assert np.mean(kept) < np.mean(passed)


def test_below_the_line_nothing_changes() -> None:
    it = budget(1_000)
    assert [call(it, 0.6) for _ in range(300)] == ["strong"] * 300


def test_at_the_limit_weak_answers_with_its_reason_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = budget(10)
    pay(it, 10)
    decisions = [it.decide(wanted()) for _ in range(5)]
    assert {(one.route, one.reason) for one in decisions} == {("weak", "budget")}
    assert it.exhausted
    assert caplog.text.count("the budget of 10 per day for strong is reached") == 1


def test_what_weak_cannot_serve_goes_to_strong_all_the_same() -> None:
    it = budget(0)
    assert it.decide(wanted(reason="vision")).route == "strong"
    assert it.decide(wanted(reason="forced")).route == "strong"
    assert it.decide(wanted(None, reason="no_text")).route == "weak"


def test_a_budget_of_nothing_sends_nothing() -> None:
    assert budget(0).decide(wanted()).reason == "budget"


def test_a_text_that_strong_began_stays_there_while_money_is_left() -> None:
    clock = Clock()
    it = budget(100, clock)
    assert it.decide(wanted(0.55, "a loop")).route == "strong"
    for _ in range(60):
        it.decide(wanted(0.99))
    pay(it, 48)
    assert it.decide(wanted(0.55, "another")).route == "weak"
    assert it.decide(wanted(0.55, "a loop")).route == "strong"


def test_a_preview_changes_nothing() -> None:
    it = budget(10)
    pay(it, 10)
    assert it.preview(wanted()).reason == "budget"
    assert it.preview(Decision("weak", 0.1, 0.5, "score", "r")).reason == "score"
    assert not it._recent


def test_a_new_period_begins_at_midnight_and_a_week_on_monday() -> None:
    clock = Clock(MIDNIGHT + DAY - 1.0)
    it = budget(10, clock)
    pay(it, 10)
    assert it.decide(wanted()).route == "weak"
    clock.now += 2.0
    assert it.decide(wanted()).route == "strong"
    # 1970-01-05 was a Monday
    assert BudgetLimit(1, "week").period(4 * DAY + 5.0) == (4 * DAY, 11 * DAY)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2024-02-29T23:59:59+00:00", "2024-02-01", "2024-03-01"),
        ("2025-12-31T12:00:00+00:00", "2025-12-01", "2026-01-01"),
        ("2026-01-31T00:00:00+00:00", "2026-01-01", "2026-02-01"),
        ("2026-04-01T00:00:00+00:00", "2026-04-01", "2026-05-01"),
    ],
)
def test_a_month_is_one_of_the_calendar(day: str, first: str, last: str) -> None:
    begin, end = BudgetLimit(1, "month").period(datetime.fromisoformat(day).timestamp())
    dates = [datetime.fromtimestamp(when, UTC).isoformat() for when in (begin, end)]
    assert dates == [f"{first}T00:00:00+00:00", f"{last}T00:00:00+00:00"]


@pytest.mark.parametrize("per", PERIODS)
def test_the_money_of_any_period_is_there_again_in_the_next(per: str) -> None:
    clock = Clock()
    it = budget(10, clock, per)
    pay(it, 10)
    assert it.decide(wanted()).reason == "budget"
    _, clock.now = it.limit.period(clock.now)
    assert it.decide(wanted()).route == "strong"


@pytest.mark.parametrize("per", PERIODS)
def test_a_clock_that_jumps_there_and_back_finds_its_count(per: str) -> None:
    clock = Clock()
    it = budget(10, clock, per)
    pay(it, 10)
    for jump in (400 * DAY, -300 * DAY):
        clock.now = MIDNIGHT + jump
        assert it.decide(wanted()).route == "strong"
        pay(it, 1)
        assert it.spent == 1
    clock.now = MIDNIGHT + 60.0
    assert it.spent == 10
    assert it.decide(wanted()).reason == "budget"


@pytest.mark.parametrize("per", PERIODS)
@pytest.mark.parametrize("where", ["decisions.jsonl", "sqlite:///decisions.db"])
def test_a_restart_does_not_lose_the_count(
    where: str, per: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open(where)
    log.write({"id": "a", "strong_cost": 7.5})
    log.write({"id": "b", "strong_cost": None})
    log.write({"id": "c", "strong_cost": 2.5, "time": "2001-01-01T00:00:00.000+00:00"})
    log.close()
    again = Budget(BudgetLimit(10, per))
    again.share(SharedSpend(DecisionLog.open(where)))
    assert again.spent == 7.5


@pytest.mark.parametrize("where", ["decisions.jsonl", "sqlite:///decisions.db"])
def test_a_clock_that_is_put_right_after_a_restart_finds_the_count(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = DecisionLog.open(where)
    log.write({"id": "a", "strong_cost": 10.0})
    log.close()
    clock = Clock(0.0)
    it = Budget(BudgetLimit(10, "day"), clock)
    it.share(SharedSpend(DecisionLog.open(where)))
    assert it.spent == 0.0

    clock.now = time.time()
    heard = threading.Event()
    for _ in range(200):
        if it.decide(wanted()).reason == "budget":
            break
        heard.wait(0.02)
    assert it.spent == 10.0


def test_a_log_that_is_locked_for_a_while_does_not_lose_the_count_of_others(tmp_path: Path) -> None:
    it, path = budget(10), tmp_path / "d.db"
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    begin, end = it.limit.period(MIDNIGHT)
    it.set_others(begin, 10.0)
    SharedSpend(DecisionLog.open(f"sqlite:///{path}")).start(it, begin, end)
    assert it.decide(wanted()).reason == "budget"


def test_processes_on_one_database_share_the_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_spend, "REFRESH_SECONDS", 0.0)
    mine, theirs = (DecisionLog.open(f"sqlite:///{tmp_path / 'd.db'}") for _ in range(2))
    it = Budget(BudgetLimit(10, "day"))
    it.share(SharedSpend(mine))
    theirs.write({"id": "a", "strong_cost": 10.0})
    theirs.close()
    heard = threading.Event()
    for _ in range(200):
        if it.decide(wanted()).reason == "budget":
            break
        heard.wait(0.02)
    assert it.spent == 10


def test_a_log_that_can_not_be_read_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "d.db").write_bytes(b"SQLite format 3\0" + b"\0" * 100)
    it = Budget(BudgetLimit(10, "day"))
    shared = SharedSpend(DecisionLog.open(f"sqlite:///{tmp_path / 'd.db'}"))
    shared.start(it, 0.0, DAY)
    shared.start(it, 0.0, DAY)
    assert caplog.text.count("this process counts for itself") == 1
    assert it.decide(wanted()).route == "strong"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (20.0, "expected {'strong': 20.0, 'per': 'day'}"),
        ({"strong": 20.0}, "expected {'strong': 20.0, 'per': 'day'}"),
        ({"strong": 20.0, "per": "year"}, r"budget\['per'\] is 'year', expected one of"),
        ({"strong": 20.0, "per": ["day"]}, r"budget\['per'\] is \['day'\], expected one of"),
        ({"strong": -1, "per": "day"}, r"budget\['strong'\] is -1"),
    ],
)
def test_what_is_no_budget_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BudgetLimit.from_value(value)  # type: ignore[arg-type]
