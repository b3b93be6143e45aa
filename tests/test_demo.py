"""The demo: what a person sees of it, with its own prompts, with theirs, and when something is wrong."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
pytest.importorskip("langchain", reason="langchain is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from examples.demo.__main__ import main
from examples.demo.demonstration import Demonstration
from examples.demo.settings import DemoSettings
from examples.demo.table import table
from examples.providers import Endpoint
from examples.stand_in import StandInServer

_SETTINGS = ("OPENAI_", "ANTHROPIC_", "ROUTELLM_STRONG", "ROUTELLM_WEAK", "LANGCHAIN_", "LANGSMITH_")

ROOT = Path(__file__).resolve().parents[1]

_ROW = re.compile(r"^(chain|agent|docs) .* (strong|weak) +(\w+) +\S+ +[\d,]+ +[\d,]+ +(\d+\.\d{6})$")
_COST = re.compile(r"^Cost: \$([\d.]+) routed, \$([\d.]+) always strong: \d+% saved\.$")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Ran:
    """What a person sees of one run."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the demo inside this process, where any warning is an error."""

    def call(*arguments: str) -> Ran:
        status = main(arguments)
        return Ran(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def built_in() -> Ran:
    """`python -m examples.demo` as a person runs it: a process of its own, without keys."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    ran = subprocess.run(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        env={**clean, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def rows_of(output: str) -> list[tuple[str, str, str, str]]:
    """Return part, route, reason and cost of the table's rows."""
    return [match.groups() for line in output.splitlines() if (match := _ROW.match(line))]  # type: ignore[misc]


def test_built_in_prompts_take_both_routes_in_all_three_parts(
    built_in: Ran,
) -> None:
    assert built_in.status == 0, built_in.err
    rows = rows_of(built_in.out)
    for name in ("chain", "agent", "docs"):
        assert {route for part, route, _, _ in rows if part == name} == {"strong", "weak"}, name
    assert [part for part, *_ in rows] == ["chain"] * 12 + ["agent"] * 4 + ["docs"] * 3
    assert {reason for _, _, reason, _ in rows} == {"score"}


def test_a_tool_loop_stays_on_one_model(built_in: Ran) -> None:
    routes = [route for part, route, _, _ in rows_of(built_in.out) if part == "agent"]
    assert routes[0] == routes[1]
    assert routes[2] == routes[3]


def test_the_last_line_is_the_rows_cost_below_always_strong(
    built_in: Ran,
) -> None:
    last = _COST.match(built_in.out.splitlines()[-1])
    assert last is not None, built_in.out
    cost, always_strong = map(float, last.groups())
    assert cost == pytest.approx(sum(float(row[3]) for row in rows_of(built_in.out)), abs=2e-5)
    assert 0 < cost < always_strong


def test_output_is_narrow_and_standard_error_empty(built_in: Ran) -> None:
    assert built_in.err == ""
    assert max(map(len, built_in.out.splitlines())) <= 110


def test_says_that_a_stand_in_answers(built_in: Ran) -> None:
    assert "OPENAI_API_KEY" in built_in.out.splitlines()[0]
    assert "stand-in" in built_in.out.splitlines()[0]


@pytest.mark.parametrize("name", ["prompts.jsonl", "prompts.txt", "prompts.jsonl.gz"])
def test_takes_the_users_own_prompts(run: Run, tmp_path: Path, name: str) -> None:
    prompts = ["What is a lighthouse? 🙂", "Sag bitte {Hallo} auf 日本語.", "word " * 3_000]
    lines = [json.dumps({"prompt": prompt}) if ".jsonl" in name else prompt for prompt in prompts]
    data = "\n\n".join(lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    ran = run("--prompts", str(path))

    assert ran.status == 0, ran.err
    assert ran.err == ""
    assert [part for part, *_ in rows_of(ran.out)].count("chain") == len(prompts)
    assert "What is a lighthouse? 🙂" in ran.out


def test_a_prompt_that_no_model_takes_costs_one_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("word " * 140_000 + "\nWhat is a lighthouse?\n")
    ran = run("--prompts", str(path))
    assert ran.status == 0, ran.err
    assert [part for part, *_ in rows_of(ran.out)].count("chain") == 1
    assert sum(line.startswith("No answer to 'word word") for line in ran.out.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no prompt"),
        (" \n\n", "holds no prompt"),
        ('{"title": "Hello"}\n', "no known prompt field"),
        (None, "does not exist"),
    ],
)
def test_a_bad_prompts_file_is_one_line(run: Run, tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "prompts.txt"
    if content is not None:
        path.write_text(content)
    ran = run("--prompts", str(path))
    assert ran.status == 2
    assert ran.out == ""
    assert re.fullmatch(f"error: .*{re.escape(told)}.*\n", ran.err)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--strong-share", "1.5"), "--strong-share is 1.5"),
        (("--strong-price", "-1", "2"), "price input is -1.0"),
        (("--strong", "gpt-5"), "give --strong-price IN OUT"),
        (("--weak", "my-model", "--weak-price", "0.1", "0.2"), "does not know the model 'my-model'"),
        (("--router", "nothing"), "unknown router 'nothing'"),
    ],
)
def test_a_bad_argument_is_one_line(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    assert re.fullmatch(f"error: .*{re.escape(told)}.*\n", ran.err)


def test_an_endpoint_that_refuses_is_one_line(
    run: Run, stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.fail_next("gpt-4o", 401, times=100)
    stand_in.fail_next("gpt-4o-mini", 401, times=100)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)
    ran = run()
    assert ran.status == 1
    expected = f"error: OpenAI at {stand_in.openai_url}: Incorrect API key provided"
    assert ran.err.startswith(expected)
    assert ran.err.count("\n") == 1
    assert "sk-not-a-key" not in ran.out + ran.err


@pytest.mark.filterwarnings("ignore:strong costs less than weak")
def test_with_a_key_it_asks_that_endpoint_for_the_models_named(
    run: Run, stand_in: StandInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-some-key")
    monkeypatch.setenv("OPENAI_BASE_URL", stand_in.openai_url)
    monkeypatch.setenv("ROUTELLM_STRONG", "gpt-4o-mini")
    monkeypatch.setenv("ROUTELLM_WEAK", "gpt-4o")
    ran = run()
    assert ran.status == 0, ran.err
    assert ran.out.startswith("gpt-4o-mini (strong) and gpt-4o (weak) answer at http://127.0.0.1")
    assert set(stand_in.calls()) == {"gpt-4o", "gpt-4o-mini"}
    assert stand_in.refused == []


def test_the_table_and_the_models_own_statistics_agree(stand_in: StandInServer) -> None:
    endpoint = Endpoint("OpenAI", stand_in.openai_url, "gpt-4o", "gpt-4o-mini", True, "stand-in-key")
    settings = DemoSettings.from_arguments(["--strong-price", "3", "9", "--weak-price", "0.5", "1"])
    shown = Demonstration.run(settings, endpoint, lambda line: None)

    assert sum(call.cost(shown.prices) for call in shown.calls) == pytest.approx(shown.cost)
    for route in ("strong", "weak"):
        calls = [call for call in shown.calls if call.record["route"] == route]
        counted = [getattr(stats, route) for stats in shown.stats]
        assert len(calls) == sum(each.calls for each in counted)
        assert sum(call.usage.input for call in calls) == sum(each.tokens.input for each in counted)
        assert sum(call.usage.output for call in calls) == sum(each.tokens.output for each in counted)
    every = sum((call.usage.input * 3 + call.usage.output * 9) / 1e6 for call in shown.calls)
    assert shown.always_strong_cost == pytest.approx(every)
    assert len(table(shown.calls, shown.prices).splitlines()) == len(shown.calls) + 6
