"""`routellm train mf`: matrix factorization, on the CPU, without torch."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.commands.training_arguments import add_data_arguments, read_training_data
from routellm_core.registry import load_router
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.matrix_factorization import MatrixFactorizationSettings
from routellm_core.training.own_models import train_matrix_factorization

SUMMARY = "matrix factorization, on the CPU, without torch"


def add_arguments(parser: ArgumentParser) -> None:
    """Say what this kind takes."""
    add_data_arguments(parser)
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the matrix factorization router whose embedder is used (default: %(default)s)",
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield what was written."""
    data = read_training_data(options, say)
    source = load_router(options.source)
    if not isinstance(source, MatrixFactorizationRouter):
        raise ValueError(
            f"--from is {options.source!r}, a {type(source).__name__}: it has no embedder to use."
        )
    router = train_matrix_factorization(
        source.embedder,
        data.battles,
        data.labels,
        strong=options.strong,
        weak=options.weak,
        settings=MatrixFactorizationSettings(seed=options.seed),
    )
    router.save(options.out)
    yield f"wrote {options.out}: {len(router.models)} models, strong {router.strong}, weak {router.weak}"
