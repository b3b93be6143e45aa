"""`routellm train mf`: matrix factorization, on the CPU, without torch."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict

from routellm_core.commands.out_folder import check_out
from routellm_core.commands.training_arguments import (
    add_data_arguments,
    add_resume_argument,
    add_setting_arguments,
    read_training_data,
)
from routellm_core.embedders.embedder import Embedder
from routellm_core.loading import load_router
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.own_data import read_own_data
from routellm_core.training.factorization.penalty_choice import PenaltySearch
from routellm_core.training.factorization.train import KIND, OFFSET_PENALTY, train_with_search
from routellm_core.training.training_folder import remove_unfinished
from routellm_core.training.training_report import TrainingReport

SUMMARY = "matrix factorization, on the CPU, without torch"

EXAMPLE = """\
  routellm train mf --battles battles.jsonl --strong A --weak B --out my_router
a row: {"prompt": "Why do leaves turn red?", "model_a": "A", "model_b": "B", "winner": "tie"}"""

_DEFAULTS = PenaltySearch()


def add_arguments(parser: ArgumentParser) -> None:
    """Add the kind's arguments."""
    add_data_arguments(parser)
    arguments = (
        ("--held-out", "held_out_share", "share of the prompts held out to choose penalty and steps"),
        ("--interval", "interval", "steps between two evaluations on the held-out battles"),
        ("--patience", "patience", "evaluations without improvement before a fit stops"),
    )
    add_setting_arguments(parser, _DEFAULTS, arguments)
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the router whose embedder is used (default: %(default)s)",
    )
    add_resume_argument(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield a summary."""
    check_out(options)
    source = load_router(options.source)
    embedder = getattr(source, "embedder", None)
    if not isinstance(embedder, Embedder):
        raise ValueError(
            f"--from is {options.source!r}, a {type(source).__name__}: it has no embedder to use."
        )
    data = read_training_data(options)
    yield from data.notes
    own = read_own_data(data.battles, data.labels, strong=options.strong, weak=options.weak)
    settings = MatrixFactorizationSettings(seed=options.seed, offset_penalty=OFFSET_PENALTY)
    search = PenaltySearch(options.held_out_share, options.interval, options.patience)
    router, settings, choice = train_with_search(
        embedder,
        own,
        settings,
        search,
        strong=options.strong,
        weak=options.weak,
        out=options.out,
        resume=options.resume,
        say=say,
    )
    router.save(options.out, name=options.name)
    counts = {"comparisons": len(own.comparisons), "prompts": len(own.prompts), "models": own.models}
    TrainingReport(
        kind=KIND,
        strong=(router.strong,),
        weak=(router.weak,),
        base="",
        data=data.counts() | counts,
        settings=asdict(settings) | asdict(search) | {"embedder_of": source.name},
        metrics=choice.to_dict(),
    ).write(options.out)
    remove_unfinished(options.out)
    yield (
        f"wrote {options.out}: {len(router.models)} models, strong {router.strong}, weak {router.weak}; "
        f"held-out loss {choice.held_out_loss:.4f}, {choice.constant_loss:.4f} ignoring the prompts"
    )
    if choice.held_out_loss >= choice.constant_loss:
        yield (
            "WARNING: the router learned nothing: on held-out comparisons it is no better than ignoring "
            "the prompt. Give more data, or fit the shipped router with routellm adapt."
        )
