"""`routellm evaluate`: APGR and CPT of routers on benchmarks or on the user's own labels."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.evaluation.benchmarks import NAMES, load_benchmark
from routellm_core.evaluation.evaluation import baselines, evaluate
from routellm_core.evaluation.plots import save_plot
from routellm_core.evaluation.tables import json_table, text_table
from routellm_core.registry import load_router

SUMMARY = (
    "measure routers: how much of the strong model's advantage they keep, at which share of strong calls"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--router",
        action="append",
        metavar="ROUTER",
        help="a name or a folder; may be repeated (default: default)",
    )
    parser.add_argument(
        "--benchmark",
        nargs="+",
        required=True,
        metavar="BENCHMARK",
        help=f"{', '.join(NAMES)}, or a file of labels (JSON Lines or CSV; .gz too)",
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("ROUTELLM_DATA"),
        help="data folder for the named benchmarks (default: the environment variable ROUTELLM_DATA)",
    )
    parser.add_argument("--strong", help="the strong model's name in a file of labels")
    parser.add_argument("--weak", help="the weak model's name in a file of labels")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument(
        "--plot", metavar="FILE", help="draw the curves into this image (needs the extra plot)"
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the table."""
    routers = [load_router(source) for source in options.router or ["default"]]
    evaluations = []
    for source in options.benchmark:
        say(f"reading {source}")
        benchmark = load_benchmark(source, options.data, strong=options.strong, weak=options.weak)
        for router in routers:
            say(f"scoring {len(benchmark.prompts)} prompts of {benchmark.name} with {router.name}")
            evaluations.append(evaluate(router, benchmark))
        evaluations += baselines(benchmark)
    if options.plot:
        save_plot(evaluations, options.plot)
        say(f"wrote {options.plot}")
    yield json_table(evaluations) if options.json else text_table(evaluations)
