"""`routellm train sw_ranking`: a similarity-weighted router for a user's own pair of models, from battles."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.commands.note import Note
from routellm_core.commands.out_folder import add_out_arguments, check_out
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.commands.source_embedder import source_embedder
from routellm_core.preferences.rating.similarity_weighting import SimilarityWeighting
from routellm_core.preferences.rating.tiers import TIERS
from routellm_core.preferences.reading.sifting import sift_battles
from routellm_core.training.similarity_weighted import train_similarity_weighted

SUMMARY = "store battles and their embeddings, for a similarity-weighted ranking; nothing is fitted"

EXAMPLE = """\
  routellm train sw_ranking --battles battles.jsonl --strong A --weak B --out my_router
a row: {"prompt": "Why do leaves turn red?", "model_a": "A", "model_b": "B", "winner": "tie"}"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--battles",
        required=True,
        metavar="FILE",
        help="rows of prompt, model_a, model_b, winner (model_a, model_b or tie)",
    )
    role = "model's name in the battles, or a tier for a model without battles, such as tier:0"
    parser.add_argument("--strong", required=True, help=f"the strong {role}")
    parser.add_argument("--weak", required=True, help=f"the weak {role}")
    add_out_arguments(parser)
    parser.add_argument(
        "--tiers",
        type=int,
        metavar="N",
        help=f"number of tiers, see routellm tiers (default: {TIERS}, or the number of models if that is "
        "smaller)",
    )
    parser.add_argument(
        "--scaling",
        choices=("paper", "published"),
        default="paper",
        help="how similarity is scaled: as in the paper or as in its code (default: %(default)s)",
    )
    parser.add_argument(
        "--from",
        dest="source",
        default="default",
        metavar="ROUTER",
        help="the router whose embedder is used; for default, only its token table (default: %(default)s)",
    )
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Embed, save, and yield a summary."""
    check_out(options)
    embedder = source_embedder(options.source, "--from")
    sifted = sift_battles(options.battles, reading_options(options))
    yield Note(f"{options.battles}: {sifted.sentence('battles')}")
    battles = list(sifted.items)
    say(f"embedding the prompts of {len(battles)} battles")
    router = train_similarity_weighted(
        embedder,
        battles,
        strong=options.strong,
        weak=options.weak,
        tiers=options.tiers,
        weighting=SimilarityWeighting(scaling=options.scaling),
    )
    router.save(options.out, name=options.name)
    stored = router.battles
    yield (
        f"wrote {options.out}: {len(stored.columns)} battles on {stored.columns.prompts} prompts, "
        f"{len(stored.tiers)} models in {stored.tier_count} tiers, "
        f"strong {router.strong}, weak {router.weak}"
    )
