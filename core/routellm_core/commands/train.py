"""`routellm train`: a router for the user's own pair of models, from battles, labels or both."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.preferences.battles import read_battles
from routellm_core.preferences.labels import read_labels
from routellm_core.preferences.records import DataError
from routellm_core.registry import load_router
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.matrix_factorization import MatrixFactorizationSettings
from routellm_core.training.own_models import train_matrix_factorization

SUMMARY = "train a router for your own pair of models"


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("kind", choices=("mf",), help="mf: matrix factorization, on the CPU, without torch")
    parser.add_argument(
        "--battles", metavar="FILE", help="rows of prompt, model_a, model_b, winner (model_a, model_b or tie)"
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="rows of prompt and scores, an object of model -> number"
    )
    parser.add_argument("--strong", required=True, help="the strong model's name in the files")
    parser.add_argument("--weak", required=True, help="the weak model's name in the files")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write the router to")
    parser.add_argument("--seed", type=int, default=0, help="of the starting point (default: %(default)s)")
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the matrix factorization router whose embedder is used (default: %(default)s)",
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield what was written."""
    if not (options.battles or options.labels):
        raise DataError("nothing to train on: give --battles, --labels or both.")
    source = load_router(options.source)
    if not isinstance(source, MatrixFactorizationRouter):
        raise ValueError(
            f"--from is {options.source!r}, a {type(source).__name__}: it has no embedder to use."
        )
    battles = list(read_battles(options.battles)) if options.battles else []
    labels = list(read_labels(options.labels)) if options.labels else []
    say(f"training on {len(battles)} battles and {len(labels)} labels")
    router = train_matrix_factorization(
        source.embedder,
        battles,
        labels,
        strong=options.strong,
        weak=options.weak,
        settings=MatrixFactorizationSettings(seed=options.seed),
    )
    router.save(options.out)
    yield f"wrote {options.out}: {len(router.models)} models, strong {router.strong}, weak {router.weak}"
