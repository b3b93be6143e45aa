"""`routellm savings`, by hand-made logs whose costs are known."""

import gc
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.evaluation import decision_table, traffic
from routellm_core.preferences.reading import decisions

from tests.core import logged_rows as rows

PRICES = ["--prices", "big=10,30,5", "small=1,2"]
PAIR = ["--strong", "big", "--weak", "small"]


def call(text: str, *, model: str = "big", day: int = 0, **usage: Any) -> dict[str, Any]:
    tokens = usage or {"prompt_tokens": 1000, "completion_tokens": 100}
    row = rows.openai_chat([{"role": "user", "content": text}], **tokens)
    row["response"] |= {"model": model, "created": 1_717_000_000 + 86_400 * day}
    return row


def written(path: Path, values: list[Any]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    texts = [f"What is {n} plus {n}, and why does it matter to {'you ' * n}?" for n in range(40)]
    return written(tmp_path / "log.jsonl", [call(text, day=n) for n, text in enumerate(texts)])


def found(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["savings", *arguments, "--json"]) == 0
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    return values


def test_the_table_goes_from_weak_to_strong(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = found([str(log), *PAIR, *PRICES, "--monthly-calls", "80"], capsys)
    first, *between, last = values["rows"]

    assert values["per"] == "month"
    assert (first["cost"], last["cost"]) == (pytest.approx(80 * 0.0012), pytest.approx(80 * 0.013))
    assert (first["strong_share"], last["strong_share"]) == (0.0, 1.0)
    assert first["saved"] == pytest.approx(1 - 12 / 130)
    assert [row["strong_share"] for row in between] == pytest.approx([0.1, 0.2, 0.3, 0.5, 0.7], abs=0.02)
    for row in between:
        expected = row["strong_share"] * last["cost"] + (1 - row["strong_share"]) * first["cost"]
        assert row["cost"] == pytest.approx(expected)
    assert values["chosen"]["strong_share"] == pytest.approx(0.3, abs=0.02)
    assert values["logged_cost"] == pytest.approx(last["cost"])


def test_a_month_is_told_from_the_logs_own_span(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = found([str(log), *PAIR, *PRICES], capsys)

    assert values["per"] == "month"
    assert values["rows"][-1]["cost"] == pytest.approx(40 * 0.013 * (365.25 / 12) / 39)
    assert any("the log spans 39.0 days" in note for note in values["notes"])


def test_without_times_it_speaks_of_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"question": "How long is a piece of string?", "prompt_tokens": 1000, "completion_tokens": 100}
    values = found([str(written(tmp_path / "t.jsonl", [row] * 4)), *PAIR, *PRICES], capsys)

    assert (values["per"], values["rows"][-1]["cost"]) == ("1,000 calls", pytest.approx(13.0))
    assert any("times, so costs are not per month" in note for note in values["notes"])


def test_cached_input_has_its_own_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 600},
    }
    values = found(
        [str(written(tmp_path / "c.jsonl", [call("Is it cached now?", **usage)])), *PAIR, *PRICES], capsys
    )

    weak, strong = values["rows"][0]["cost"], values["rows"][-1]["cost"]
    assert strong == pytest.approx(400 * 10e-3 + 600 * 5e-3)
    assert weak == pytest.approx(1000 * 1e-3)
    assert any("prompt cache" in note for note in values["notes"])


def test_a_tool_loop_is_priced_whole_and_decided_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    log = written(tmp_path / "t.jsonl", [rows.openai_chat(m, **usage) for m in (rows.CHAT, rows.TOOL_STEP)])
    values = found([str(log), *PAIR, *PRICES], capsys)

    assert (values["decisions"], values["calls"]) == (1, 2)
    assert values["rows"][-1]["cost"] == pytest.approx(13.0)


def test_missing_tokens_are_estimated_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = call("Why " * 100, prompt_tokens=0, completion_tokens=0)
    unlogged = {**silent, "response": {"model": "big"}}
    log = written(tmp_path / "m.jsonl", [call("How are you, my friend?"), silent, unlogged])
    values = found([str(log), *PAIR, *PRICES], capsys)

    assert values["calls_without_tokens"] == 2
    answer = len(rows.ANSWER) / 4
    expected = (1200 * 10 + (100 + round(answer + 0.49) + 100) * 30) / 1e6 / 3 * 1000
    assert values["rows"][-1]["cost"] == pytest.approx(expected, rel=0.01)
    assert any("the tokens of 2 calls are estimated" in note for note in values["notes"])


def test_labels_tell_the_quality_and_certify(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [
        {"prompt": f"{'Prove ' * (n % 20)}it by {chr(97 + n // 20)}.", "scores": {"big": 1.0, "small": 0.99}}
        for n in range(400)
    ]
    path = written(tmp_path / "labels.jsonl", labels)
    values = found([str(log), *PAIR, *PRICES, "--labels", str(path), "--max-loss", "0.05"], capsys)

    assert values["rows"][0]["quality"] == pytest.approx(0.99)
    assert values["rows"][-1]["quality"] == 1.0
    assert values["rows"][-1]["quality_interval"] == [1.0, 1.0]
    assert values["certified"]["name"] == "certified"
    assert main(["savings", str(log), *PAIR, *PRICES, "--labels", str(path), "--max-loss", "0.05"]) == 0
    printed = capsys.readouterr().out
    assert "With probability at least 90% over the draw of these 400 labelled prompts" in printed


def test_both_sides_of_the_threshold_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["Say hello to everybody.", "Prove that the primes never end\x1b[31m, in\nfull detail."]
    low, high = sorted(texts, key=lambda text: float(load_router("default").score([text])[0]))
    log = written(tmp_path / "two.jsonl", [call(text) for text in texts])
    assert main(["savings", str(log), *PAIR, *PRICES, "--strong-share", "0.5"]) == 0
    printed = capsys.readouterr().out

    below, above = printed.split("just above it, so to big:")
    assert " ".join(low.split())[:12] in below.split("just below")[1]
    assert " ".join(high.split())[:12] in above
    assert "\x1b" not in printed


def test_list_prices_serve_where_none_are_given(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", str(log), "--strong", "openai:gpt-4o", "--weak", "gpt-4o-mini"]) == 0
    printed = capsys.readouterr().out

    assert "$" in printed
    assert "list price as of 2024-10-01, https://" in printed


def test_the_calibrated_threshold_is_looked_at(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibration = tmp_path / "c.json"
    arguments = ["calibrate", "--prompts", str(log), "--strong-share", "0.5", "--out", str(calibration)]
    assert main([*arguments, *PAIR, *PRICES]) == 0
    printed = capsys.readouterr().out
    assert "tokens: as logged, for 40 prompts" in printed
    assert "from 13.00 to 7.10 per 1,000 calls" in printed
    values = found([str(log), *PAIR, *PRICES, "--calibration", str(calibration)], capsys)

    assert values["chosen"]["strong_share"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("row", "arguments", "said"),
    [
        (call("Hello, who is it?", prompt_tokens=-5), PAIR, "1 call with impossible token counts"),
        (call("Hello, who is it?"), PAIR, "only 1 decision: too few to estimate a share"),
        ({"prompt": "Hello, who is it?"}, PAIR, "the log lacks the model in 1 of 1 call; tokens"),
    ],
)  # fmt: skip
def test_what_has_to_be_known_is_said(
    row: dict[str, Any], arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["savings", str(written(tmp_path / "l.jsonl", [row])), *arguments, *PRICES]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*PAIR], "no price is known for the strong model 'big': give --prices big=INPUT,OUTPUT"),
        ([*PAIR, "--prices", "big=1"], "expected MODEL=INPUT,OUTPUT"),
        ([*PAIR, *PRICES, "--strong-share", "30"], "--strong-share is 30"),
        ([*PAIR, *PRICES, "--monthly-calls", "0"], "--monthly-calls is 0"),
        ([*PAIR, *PRICES, "--examples", "-1"], "--examples is -1"),
        ([*PAIR, *PRICES, "--labels", "absent"], "'absent' is neither a file"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], message: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["savings", str(log), *arguments]) != 0
    assert message in capsys.readouterr().err


def test_where_nothing_is_saved_it_says_so(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["savings", str(log), "--strong", "small", "--weak", "big", *PRICES]) == 4
    printed = capsys.readouterr()

    assert "big is not cheaper than small on this log: are they swapped?" in printed.out
    assert (
        printed.err.splitlines()[-1] == "routellm savings: error: big is not cheaper than small on this log."
    )


def test_memory_is_flat_in_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is kept whatever the length of the log is kept small, so that a short log shows the rest.
    monkeypatch.setattr(decisions, "OPEN_DECISIONS", 200)
    monkeypatch.setattr(traffic, "SAMPLE", 100)
    monkeypatch.setattr(traffic, "_CHUNK", 64)
    monkeypatch.setattr(decision_table, "GROUPS", 64)

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.jsonl"
        written(path, [call(f"What is the square of {n}, and why?", day=n % 30) for n in range(count)])
        # What other tests left is kept out of the collector's sight: it would wait for more garbage.
        gc.freeze()
        gc.collect()
        tracemalloc.start()
        try:
            assert main(["savings", str(path), *PAIR, *PRICES, "--router", "random", "--json"]) == 0
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.unfreeze()

    peak(500)
    grown = peak(4_000) - peak(1_000)
    assert grown / 3_000 < 8  # bytes, so less than one number a row
