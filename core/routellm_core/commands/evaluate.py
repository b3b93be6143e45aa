"""`routellm evaluate`: APGR and CPT of routers on benchmarks or on the user's own labels."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from routellm_core.calibration.share import calibrate_threshold
from routellm_core.commands.arguments import add_report_argument, add_score_arguments, stored_scores
from routellm_core.commands.call_costs import CallCosts, add_cost_arguments, call_costs
from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.commands.report_section import prompts_section
from routellm_core.evaluation.benchmark import Benchmark, category_gains
from routellm_core.evaluation.benchmarks import NAMES, load_benchmark, without_trained
from routellm_core.evaluation.evaluation import LENGTH, Evaluation, baselines, compared, evaluate
from routellm_core.evaluation.graded_log import graded_log
from routellm_core.evaluation.plots import save_plot
from routellm_core.evaluation.published_benchmarks import STRONG, WEAK
from routellm_core.evaluation.report.page import write_report
from routellm_core.evaluation.report.section import ReportSection
from routellm_core.evaluation.savings_text import few
from routellm_core.evaluation.tables import json_table, text_table
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.preferences.reading.sifting import sift_labels
from routellm_core.router import Router

SUMMARY = "measure how much of the strong model's advantage routers keep, at which share of strong calls"

EXAMPLE = """\
  routellm evaluate --benchmark labels.jsonl --strong A --weak B --router default --router my_router
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "B": 0.5}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--router",
        action="append",
        metavar="ROUTER",
        help="name or folder of a router; may be repeated (default: default)",
    )
    parser.add_argument(
        "--benchmark",
        nargs="+",
        default=[],
        metavar="BENCHMARK",
        help=f"{', '.join(NAMES)}, or a file of labels (JSON Lines or CSV; .gz too)",
    )
    parser.add_argument(
        "--from-log",
        nargs="+",
        default=[],
        metavar="LOG",
        help="your decision log: its calls whose answers routellm check had graded",
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("ROUTELLM_DATA"),
        help="for the named benchmarks: the data folder or a clone of RouteLLM (default: the environment "
        "variable ROUTELLM_DATA)",
    )
    parser.add_argument("--strong", help="the strong model's name in a file of labels")
    parser.add_argument("--weak", help="the weak model's name in a file of labels")
    parser.add_argument(
        "--train-labels",
        metavar="FILE",
        help="labels that trained the router, for a baseline that knows only a prompt's category",
    )
    add_cost_arguments(parser)
    parser.add_argument("--by-category", action="store_true", help="print a row per category too")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument("--plot", metavar="FILE", help="plot the curves to this image (needs the extra plot)")
    add_report_argument(parser)
    add_score_arguments(parser)
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the table."""
    sources = list(dict.fromkeys(options.router or ["default"]))
    routers = [load_router(source) for source in sources]
    names = _distinct(routers, sources)
    store = stored_scores(options)
    evaluations: list[Evaluation] = []
    sections: list[ReportSection] = []
    for loaded in _loaded(options, say):
        yield Note(loaded.read)
        benchmark = without_trained(_with_gains(loaded, options), *routers)
        too_few = few(len(benchmark.prompts), "prompt", "tell routers apart")
        yield from (Note(f"{benchmark.name}: {words}") for words in too_few)
        priced = call_costs(options, benchmark.prompts)
        costs = None if priced is None else priced.costs
        if priced is not None:
            yield from map(Note, priced.assumptions())
        scores = [store.score(r, benchmark.prompts, _progress(r, benchmark, say)) for r in routers]
        measured = [
            replace(evaluate(router, benchmark, costs=costs, scores=found), router=name)
            for router, found, name in zip(routers, scores, names, strict=True)
        ]
        evaluations += compared(measured, scores, benchmark)
        if options.report:
            sections += [
                _section(options, one, benchmark, found, priced)
                for one, found in zip(measured, scores, strict=True)
            ]
        evaluations += baselines(benchmark, costs=costs)
    if options.report:
        write_report(options.report, "Evaluation", sections)
        yield Note(f"wrote {options.report}")
    if options.plot:
        save_plot(evaluations, options.plot)
        say(f"wrote {options.plot}")
    if options.json:
        yield json_table(evaluations)
    else:
        yield text_table(evaluations, by_category=options.by_category)


def _loaded(options: Namespace, say: Callable[[str], None]) -> Iterator[Benchmark]:
    if not (options.benchmark or options.from_log):
        raise ValueError("--benchmark and --from-log are both missing: give labels, a graded log, or both.")
    if options.from_log and not (options.strong and options.weak):
        raise ValueError("--from-log is given: name its models with --strong and --weak.")
    for source in options.benchmark:
        say(f"reading {source}")
        yield load_benchmark(
            source, options.data, strong=options.strong, weak=options.weak, options=reading_options(options)
        )
    for log in options.from_log:
        say(f"reading {log}")
        yield graded_log(log, options.strong, options.weak)


def _distinct(routers: Sequence[Router], sources: Sequence[str]) -> list[str]:
    """Return the routers' names; a name that is not unique, or a baseline's, gets the router's path too."""
    taken = Counter([*(router.name for router in routers), LENGTH, "category mean", "oracle"])
    return [
        router.name if taken[router.name] == 1 else f"{router.name} ({source})"
        for router, source in zip(routers, sources, strict=True)
    ]


def _section(
    options: Namespace, found: Evaluation, benchmark: Benchmark, scores: Floats, costs: CallCosts | None
) -> ReportSection:
    low, high = found.intervals.apgr
    named = (STRONG, WEAK) if benchmark.name in NAMES else (options.strong, options.weak)
    return prompts_section(
        f"{found.router} on {benchmark.name}",
        f"APGR {found.apgr:.3f} (95 %: {low:.3f} to {high:.3f}) on {found.prompts:,} prompts; a random "
        "router has 0.5",
        [benchmark.read, *([f"left out: {benchmark.dropped}"] if benchmark.dropped else [])],
        named,
        benchmark.prompts,
        scores,
        calibrate_threshold(scores, 0.3),
        costs,
        benchmark,
    )


def _with_gains(benchmark: Benchmark, options: Namespace) -> Benchmark:
    # The built-in benchmarks know their own training rows, and their own names of the models.
    if options.train_labels is None or benchmark.name in NAMES:
        return benchmark
    if not benchmark.categories:
        raise ValueError(f"--train-labels is given, but not every row of {benchmark.name} has a category.")
    models = (options.strong, options.weak)
    labels = sift_labels(options.train_labels, reading_options(options), models=models, required=models).items
    return replace(benchmark, category_gains=category_gains(labels, strong=options.strong, weak=options.weak))


def _progress(router: Router, benchmark: Benchmark, say: Callable[[str], None]) -> Callable[[int, int], None]:
    return lambda done, total: say(f"{router.name} scored {done} of {total} prompts of {benchmark.name}")
