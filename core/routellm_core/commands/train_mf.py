"""`routellm train mf`: matrix factorization, on the CPU, without torch."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

from routellm_core.commands.training_arguments import add_data_arguments, read_training_data
from routellm_core.registry import load_router
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.matrix_factorization import MatrixFactorizationSettings
from routellm_core.training.own_models import OFFSET_PENALTY, embedded, fit_own_data, read_own_data
from routellm_core.training.penalty_choice import choose_penalty
from routellm_core.training.training_report import TrainingReport

SUMMARY = "matrix factorization, on the CPU, without torch"


def add_arguments(parser: ArgumentParser) -> None:
    """Say what this kind takes."""
    add_data_arguments(parser)
    parser.add_argument(
        "--held-out",
        dest="held_out_share",
        type=float,
        default=0.1,
        metavar="X",
        help="share of the prompts by which the penalty is chosen (default: %(default)s)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the matrix factorization router whose embedder is used (default: %(default)s)",
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield what was written."""
    source = load_router(options.source)
    if not isinstance(source, MatrixFactorizationRouter):
        raise ValueError(
            f"--from is {options.source!r}, a {type(source).__name__}: it has no embedder to use."
        )
    data = read_training_data(options, say)
    own = read_own_data(data.battles, data.labels, strong=options.strong, weak=options.weak)
    say(f"embedding {len(own.prompts)} prompts")
    embeddings = embedded(source.embedder, own)
    settings = MatrixFactorizationSettings(seed=options.seed, offset_penalty=OFFSET_PENALTY)
    choice = choose_penalty(own, embeddings, settings, share=options.held_out_share, say=say)
    settings = replace(settings, projection_penalty=choice.penalty)
    say("fitting all of it")
    router = fit_own_data(
        source.embedder, embeddings, own, strong=options.strong, weak=options.weak, settings=settings
    )
    router.save(options.out)
    counts = {"comparisons": len(own.comparisons), "prompts": len(own.prompts), "models": own.models}
    TrainingReport(
        "mf",
        (router.strong,),
        (router.weak,),
        "",
        data.counts() | counts,
        asdict(settings) | {"held_out_share": options.held_out_share, "embedder_of": source.name},
        choice.to_dict(),
    ).write(options.out)
    yield (
        f"wrote {options.out}: {len(router.models)} models, strong {router.strong}, weak {router.weak}; "
        f"held-out loss {choice.held_out_loss:.4f}, {choice.constant_loss:.4f} without reading prompts"
    )
