"""`routellm tiers`: Bradley-Terry ratings of the models in a file of battles, and their tiers by strength."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence

from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.preferences.rating.ratings import Rating, elo, rate_models
from routellm_core.preferences.rating.tiers import TIERS, tiers_of
from routellm_core.preferences.reading.sifting import sift_battles

SUMMARY = "rate the models in a file of battles and put them into tiers"

EXAMPLE = """\
  routellm tiers --battles battles.jsonl
a row: {"model_a": "A", "model_b": "B", "winner": "model_a"}"""

_HEADER = ("tier", "model", "rating", "95 %", "battles", "won %")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--battles",
        required=True,
        metavar="FILE",
        help="rows of model_a, model_b, winner (model_a, model_b or tie); prompts are not needed; .gz too",
    )
    parser.add_argument(
        "--tiers",
        type=int,
        metavar="N",
        help=f"number of tiers (default: {TIERS}, or the number of models if that is smaller)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print a JSON list, one object per model")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the table, the best model first."""
    sifted = sift_battles(options.battles, reading_options(options), with_prompts=False)
    yield Note(f"{options.battles}: {sifted.sentence('battles')}")
    battles = sifted.items
    say(f"rating the models of {len(battles)} battles")
    ratings = rate_models(battles, seed=options.seed)
    tiers = tiers_of({rating.model: rating.strength for rating in ratings}, options.tiers)
    if options.json:
        yield json.dumps([_values(rating, tiers[rating.model]) for rating in ratings], indent=2)
        return
    yield from _table(ratings, tiers)


def _values(rating: Rating, tier: int) -> dict[str, object]:
    return {"tier": tier, **vars(rating), "elo": rating.elo, "held_by_penalty": rating.held_by_penalty}


def _table(ratings: Sequence[Rating], tiers: dict[str, int]) -> Iterator[str]:
    rows = [
        _HEADER,
        *(
            (
                f"{tiers[r.model]}",
                r.model + " *" * r.held_by_penalty,
                f"{r.elo:.0f}",
                f"{elo(r.low):.0f}-{elo(r.high):.0f}",
                f"{r.battles}",
                f"{100 * r.wins / r.battles:.1f}",
            )
            for r in ratings
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for number, row in enumerate(rows):
        yield "  ".join(
            cell.ljust(width) if column == 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        if number == 0:
            yield "  ".join("-" * width for width in widths)
    yield ""
    yield "rating: Bradley-Terry on Arena's scale (400 points: odds of 10 to 1; mean 1000), ties half;"
    yield "95 %: bootstrap of battles; tiers: the cut with the least sum of variances, 0 the best."
    if any(rating.held_by_penalty for rating in ratings):
        yield "*: won all or none of its battles; only the fit's penalty keeps its rating finite."
