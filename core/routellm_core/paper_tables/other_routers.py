"""Routers of other packages that need no key, on the same prompts as the default router.

`make other-routers` (`python -m routellm_core.paper_tables.other_routers --data DATA --out docs/results.md`)
writes a section of that page, with a row for each package that is installed; the others are named and left
out. None of them is a dependency of this project. Each is taken as it comes, and ordered by the finest number
that it gives.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.evaluation.benchmark import Benchmark
from routellm_core.evaluation.benchmarks import load_benchmark, without_trained
from routellm_core.evaluation.bootstrap import Interval, curve_intervals
from routellm_core.evaluation.comparison import compare_orders
from routellm_core.evaluation.metrics import apgr
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.paper_tables.page import BENCHMARKS, others_section, with_others
from routellm_core.training.default.everyday_check import auc, auc_interval, read_held_out
from routellm_core.training.default.ratings import TRAINING_DATA

Order = Callable[[Sequence[str]], Floats]
"""Returns a number for each prompt, shape (n,): the higher, the sooner it goes to strong."""

EVERYDAY = ("natural", "reversed")
"""The English sets of `core/training_data/held_out.jsonl`."""


@dataclass(frozen=True)
class OtherRouter:
    """A router of another package.

    Attributes:
        name: for the table.
        package: as it is installed.
        make: imports the package and returns the router's order; raises ImportError if it is missing.
    """

    name: str
    package: str
    make: Callable[[], Order]


def litellm_heuristic() -> Order:
    """Return the weighted score of LiteLLM's complexity router."""
    classify = _litellm({}).classify
    return lambda prompts: np.array([classify(prompt)[1] for prompt in prompts], dtype=np.float64)


def litellm_heuristic_v2() -> Order:
    """Return how likely LiteLLM's second heuristic thinks its simplest tier to fail."""
    router = _litellm({"classifier_type": "heuristic_v2"})

    async def failures(prompts: Sequence[str]) -> list[float]:
        outcomes = [await router.aclassify(prompt) for prompt in prompts]
        return [1.0 - outcome.heuristic_v2_forecast["probabilities"]["SIMPLE"] for outcome in outcomes]

    return lambda prompts: np.array(asyncio.run(failures(prompts)), dtype=np.float64)


def model_router_heuristic() -> Order:
    """Return the sum of the weighted signals of langchain-model-router's heuristic."""
    strategy = import_module("langchain_model_router.strategies.heuristic").HeuristicStrategy(
        "small", "large"
    )
    request = import_module("langchain_model_router.strategy").RoutingRequest

    def difficulty(prompt: str) -> float:
        asked = request(prompt, [], frozenset({"text"}), strategy.tiers, False)
        return float(sum(strategy.weights[name] * signal(asked) for name, signal in strategy.signals.items()))

    return lambda prompts: np.array([difficulty(prompt) for prompt in prompts])


def cascadeflow_complexity() -> Order:
    """Return the level, of five, that cascadeflow's detector gives."""
    module = import_module("cascadeflow.quality.complexity")
    detect, levels = module.ComplexityDetector().detect, list(module.QueryComplexity)
    return lambda prompts: np.array([float(levels.index(detect(prompt)[0])) for prompt in prompts])


OTHERS = (
    OtherRouter("LiteLLM, heuristic", "litellm", litellm_heuristic),
    OtherRouter("LiteLLM, heuristic v2", "litellm", litellm_heuristic_v2),
    OtherRouter("langchain-model-router, heuristic", "langchain-model-router", model_router_heuristic),
    OtherRouter("cascadeflow, complexity", "cascadeflow", cascadeflow_complexity),
)


def rows(data: Path, say: Callable[[str], None]) -> list[str]:
    """Return the table's lines, in Markdown.

    Args:
        data: the data folder.
        say: receives a line for each package that is left out.
    """
    default = load_router("default")
    benchmarks = [without_trained(load_benchmark(name, data), default) for name in BENCHMARKS]
    orders: list[tuple[str, Order]] = [("default (ships)", default.score), ("prompt length", _lengths)]
    for other in OTHERS:
        try:
            orders.append((f"{other.name} {version(other.package)}", other.make()))
        except (ImportError, PackageNotFoundError):
            say(f"{other.name} is left out: pip install {other.package}")
    counts = [f"{name} ({len(each.prompts):,})" for name, each in zip(BENCHMARKS, benchmarks, strict=True)]
    lines = [f"| router | {' | '.join(counts)} | {' | '.join(f'everyday, {name}' for name in EVERYDAY)} |"]
    lines.append("|---" * (1 + len(counts) + len(EVERYDAY)) + "|")
    for name, order in orders:
        against = None if order is orders[0][1] else orders[0][1]
        cells = [*(_area(order, each, against) for each in benchmarks), *_everyday(order)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the section into the page."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.paper_tables.other_routers", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--out", type=Path, required=True, help="the page, which keeps its other sections")
    options = parser.parse_args(arguments)
    made = others_section(rows(options.data, _say), date.today())
    options.out.write_text(with_others(options.out.read_text("utf-8"), made), encoding="utf-8")
    return 0


def _say(line: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(line + "\n")


def _litellm(config: dict[str, Any]) -> Any:
    # Its list of prices is fetched on import unless this says not to.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    module = import_module("litellm.router_strategy.complexity_router.complexity_router")
    tiers = dict.fromkeys(("SIMPLE", "MEDIUM", "COMPLEX", "REASONING"), "model")
    return module.ComplexityRouter(
        "router",
        ctx=None,
        complexity_router_config={**config, "tiers": tiers},
        derive_savings_baseline=False,
    )


def _lengths(prompts: Sequence[str]) -> Floats:
    return np.array([float(len(prompt)) for prompt in prompts])


def _area(order: Order, benchmark: Benchmark, against: Order | None) -> str:
    scores = order(benchmark.prompts)
    interval = curve_intervals(scores, benchmark.weak, benchmark.strong).apgr
    cell = _cell(apgr(scores, benchmark.weak, benchmark.strong), interval)
    if against is None:
        return cell
    both = {"this": scores, "default": against(benchmark.prompts)}
    low, high = compare_orders(both, benchmark.strong - benchmark.weak).difference("this", "default").interval
    return f"{cell}, {low:+.3f} to {high:+.3f}"


def _everyday(order: Order) -> list[str]:
    found = {each.name: each for each in read_held_out(TRAINING_DATA / "held_out.jsonl")}
    cells = []
    for name in EVERYDAY:
        scores = order(found[name].prompts)
        cells.append(_cell(auc(scores, found[name].hard), auc_interval(scores, found[name].hard)))
    return cells


def _cell(value: float, interval: Interval) -> str:
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


if __name__ == "__main__":
    raise SystemExit(main())
