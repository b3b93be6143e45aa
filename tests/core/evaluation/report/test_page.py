"""The report in a real browser: the slider moves the numbers, and what people typed is shown and not run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.report.page import report_page, write_report
from routellm_core.evaluation.report.section import ReportSection, points_of
from routellm_core.evaluation.savings import Labelled
from routellm_core.routing.prices import Price

from tests.core.browser import END, HOME, RIGHT, Browser, browser

pytest.importorskip("matplotlib", reason="the report needs the extra plot")

EVIL = "</script><script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\">"
COUNT = 50


def section(**changes: Any) -> ReportSection:
    scores = np.linspace(0.2, 0.7, COUNT)
    texts = [f"prompt {row} {EVIL}" for row in range(COUNT)]
    quality = np.linspace(1.0, 0.5, COUNT)
    benchmark = Benchmark("labels", texts, weak=quality, strong=np.ones(COUNT))
    values: dict[str, Any] = {
        "title": f"a log {EVIL}",
        "headline": f"saved much {EVIL}",
        "notes": [f"assumed {EVIL}"],
        "strong": f"big {EVIL}",
        "weak": "small",
        "scores": scores,
        "threshold": float(scores[COUNT // 2]),
        "prompts": texts,
        "prompt_scores": scores,
        "tokens": np.tile(np.array([[1000.0], [100.0], [0.0]]), COUNT),
        "prices": (Price(10, 30), Price(1, 2)),
        "currency": "$",
        "decisions_a_month": 5000.0,
        "labelled": Labelled(benchmark, scores),
    }
    return ReportSection(**{**values, **changes})


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    with browser() as found:
        yield found


def shown(page: Browser, name: str) -> str:
    return page.text(f"[data-is='{name}']")


@pytest.fixture
def page(opened: Browser, tmp_path: Path) -> Browser:
    write_report(tmp_path / "report.html", "A report", [section()])
    opened.open((tmp_path / "report.html").as_uri())
    return opened


def test_the_slider_moves_share_cost_and_quality(page: Browser) -> None:
    slider = "input[type=range]"
    assert shown(page, "share") == "50.0 %"
    assert shown(page, "cost") == f"${5 * (13 + 1.2) / 2:.2f}"

    page.press(slider, HOME)
    assert (shown(page, "share"), shown(page, "saved"), shown(page, "cost")) == ("100.0 %", "0.0 %", "$65.00")
    assert (shown(page, "quality"), shown(page, "kept")) == ("1.000", "100.0 %")

    page.press(slider, END)
    assert (shown(page, "share"), shown(page, "cost")) == ("0.0 %", "$6.00")
    assert shown(page, "quality") == "0.750"

    page.press(slider, HOME + 10 * RIGHT)
    share = float(shown(page, "share").rstrip(" %")) / 100
    assert 0.75 < share < 0.95
    expected = 5 * (share * 13 + (1 - share) * 1.2)
    assert float(shown(page, "cost").lstrip("$")) == pytest.approx(expected, abs=0.01)
    assert page.errors() == []


def test_volume_and_prices_are_the_readers_own(page: Browser) -> None:
    page.type_over("[data-is=volume]", "1000")
    page.type_over("[data-is='price-weak-2']", "12")

    assert shown(page, "cost") == f"${(13 + 2.2) / 2:.2f}"
    assert shown(page, "full") == "$13.00"


def test_what_people_typed_is_shown_and_not_run(page: Browser) -> None:
    assert page.run("return document.title") == "A report"
    assert page.run("return document.images.length") == 0
    assert EVIL in shown(page, "below")
    assert EVIL in page.text("h2")
    assert EVIL in page.text("ul.notes")
    assert page.run("return document.scripts.length") == 2


def test_markers_follow(page: Browser) -> None:
    where = "return [...document.querySelectorAll('.marker')].map((line) => Number(line.getAttribute('x1')))"
    page.press("input[type=range]", HOME)
    first = page.run(where)
    page.press("input[type=range]", 20 * RIGHT)
    curve, scores = page.run(where)

    assert curve < first[0]
    assert scores > first[1]


def test_prompts_and_mistakes_follow(page: Browser) -> None:
    listed = "return [...document.querySelectorAll(\"[data-is='NAME'] li\")].map((item) => item.textContent)"
    below = page.run(listed.replace("NAME", "below"))
    above = page.run(listed.replace("NAME", "above"))

    assert [text.split()[1] for text in below] == ["24", "23", "22", "21", "20"]
    assert [text.split()[1] for text in above] == ["25", "26", "27", "28", "29"]
    assert "prompt 24" in page.run(listed.replace("NAME", "lost"))[0]
    assert page.run(listed.replace("NAME", "wasted")) == []


@pytest.mark.parametrize("width", [500, 1200])
def test_nothing_sticks_out_on_a_phone(page: Browser, width: int) -> None:
    page.resize(width, 900)

    assert page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(
    "changes",
    [
        {"labelled": None},
        {"tokens": None, "prices": None},
        {"tokens": None, "prices": None, "labelled": None, "prompts": [], "prompt_scores": np.array([])},
        {
            "scores": np.array([0.5]),
            "tokens": np.ones((3, 1)),
            "prompts": ["x"],
            "prompt_scores": np.array([0.5]),
            "threshold": 0.5,
        },
        {"threshold": 0.0},
        {"threshold": 1.0},
        {"prices": (Price(0, 0), Price(0, 0))},
    ],
)
def test_what_is_not_known_is_not_shown(opened: Browser, tmp_path: Path, changes: dict[str, Any]) -> None:
    write_report(tmp_path / "report.html", "A report", [section(**changes), section()])
    opened.open((tmp_path / "report.html").as_uri())

    assert shown(opened, "share").endswith(" %")
    assert opened.errors() == []


def test_the_page_fetches_nothing_and_is_small() -> None:
    page = report_page("A report", [section()])
    outside = {found for found in re.findall(r"https?://[^\"' <]+", page) if "w3.org" not in found}

    assert outside == set()
    assert "default-src 'none'" in page
    assert len(page) < 300_000
    assert report_page("A report", [section()]) == page


def test_points_count_tokens_on_the_side_that_takes_them() -> None:
    points = points_of(section())
    assert points.weak_tokens is not None
    assert points.strong_tokens is not None

    for place, threshold in enumerate(points.thresholds):
        below = int((section().scores < threshold).sum())
        assert points.weak_tokens[:, place].tolist() == [1000.0 * below, 0.0, 100.0 * below]
        assert points.strong_tokens[0, place] == 1000.0 * (COUNT - below)
        assert points.shares[place] == pytest.approx(1 - below / COUNT)


def test_each_command_writes_one(tmp_path: Path, opened: Browser) -> None:
    from routellm_core.commands.cli import main

    rows = [
        {"prompt": f"Explain number {n} to me. {'Why? ' * n}", "scores": {"big": 1, "small": n % 2}}
        for n in range(60)
    ]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pair = ["--strong", "big", "--weak", "small", "--prices", "big=10,30", "small=1,2"]
    commands = {
        "savings": ["savings", str(labels), "--labels", str(labels)],
        "evaluate": ["evaluate", "--benchmark", str(labels)],
        "calibrate": ["calibrate", "--labels", str(labels), "--strong-share", "0.4"],
    }
    for name, words in commands.items():
        report = tmp_path / f"{name}.html"
        assert main([*words, *pair, "--report", str(report)]) == 0
        opened.open(report.as_uri())
        assert shown(opened, "share").endswith(" %")
        assert float(shown(opened, "quality")) > 0
        assert opened.errors() == []


def test_a_list_without_a_row_says_so(page: Browser) -> None:
    said = "return getComputedStyle(document.querySelector(\"[data-is='{}']\"), '::before').content"

    # weak is nowhere the better one in these labels
    assert page.run(said.format("wasted")) == '"none at this threshold"'
    assert page.run(said.format("lost")) == "none"
