"""`routellm train new_model`: add one model to a trained router, from a few of its results."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.commands.note import Note
from routellm_core.commands.out_folder import add_out_arguments, check_out
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.loading import load_router
from routellm_core.preferences.reading.sifting import sift_labels
from routellm_core.router import quantiles_of
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.factorization.new_model import with_new_model

SUMMARY = "add a model to a matrix factorization router, from a few dozen labels; the rest stays as it is"

EXAMPLE = """\
  routellm train new_model --from my_router --model C --labels labels.jsonl --out with_c
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "C": 0.5}}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the kind's arguments."""
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="ROUTER",
        help="the trained matrix factorization router, a name or a folder",
    )
    parser.add_argument("--model", required=True, metavar="NAME", help="the new model's name in the labels")
    parser.add_argument(
        "--labels",
        required=True,
        metavar="FILE",
        help="rows of prompt and scores of the new model and of at least one known model",
    )
    parser.add_argument("--strong", metavar="NAME", help="the strong side (default: the router's own)")
    parser.add_argument("--weak", metavar="NAME", help="the weak side (default: the router's own)")
    add_out_arguments(parser)
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Place the model, save, and yield a summary."""
    check_out(options)
    source = load_router(options.source)
    if not isinstance(source, MatrixFactorizationRouter):
        raise ValueError(f"--from is {options.source!r}, a {type(source).__name__}: it has no models.")
    sifted = sift_labels(options.labels, reading_options(options))
    yield Note(f"{options.labels}: {sifted.sentence('labels')}")
    labels = list(sifted.items)
    say(f"fitting {options.model} to {len(labels)} labels")
    router = with_new_model(source, options.model, labels)
    strong, weak = options.strong or router.strong, options.weak or router.weak
    if (strong, weak) != (router.strong, router.weak):
        # Quantiles belong to a pair; the labels' prompts are the only ones available to compute them.
        paired = router.for_pair(strong, weak)
        router = paired.with_quantiles(quantiles_of(paired.score([label.prompt for label in labels])))
    router.save(options.out, name=options.name)
    yield f"wrote {options.out}: {len(router.models)} models, strong {router.strong}, weak {router.weak}"
