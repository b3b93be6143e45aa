"""`routellm explain`: what moved a prompt's score.

The parts sum to the score minus an average prompt's; a positive part favors the strong model.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.checkpoints.explanation import Explanation
from routellm_core.loading import load_router

SUMMARY = "show what moved a prompt's score: words, features of its shape, nearest labelled prompts"

EXAMPLE = '  routellm explain --text "Why do leaves turn red?"'

_SHOWN = 12
_CHARACTERS = 100


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--text", required=True, help="the prompt")
    parser.add_argument(
        "--router", default="default", help="name or folder of the router (default: %(default)s)"
    )
    parser.add_argument(
        "--parts",
        type=int,
        default=_SHOWN,
        metavar="N",
        help="number of parts to show (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every part")


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the explanation."""
    explanation = load_router(options.router).explain(options.text)
    if options.json:
        yield json.dumps(explanation.to_dict())
        return
    yield _head(explanation)
    if explanation.average is not None:
        yield f"an average prompt scores {explanation.average:.4f}; this one differs by:"
    shown = explanation.parts[: max(0, options.parts)]
    yield from (f"  {part.amount:+.4f}  {part.what} {part.name!r}" for part in shown)
    rest = explanation.parts[len(shown) :]
    if rest:
        yield f"  {sum(part.amount for part in rest):+.4f}  {len(rest)} smaller parts"
    if explanation.neighbours:
        yield "nearest labelled prompts:"
    for near in explanation.neighbours:
        text = " ".join(near.prompt.split())
        text = text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}..."
        yield f"  {near.similarity:.2f}  {near.winner}: {text}"


def _head(explanation: Explanation) -> str:
    head = f"{explanation.router}: score {explanation.score:.4f}"
    if explanation.percentile is not None:
        head += f", percentile {explanation.percentile:.0f}"
    if explanation.kind is not None:
        known = "" if explanation.supported is None else ", known" if explanation.supported else ", not known"
        head += f"; kind {explanation.kind}{known}"
    return head
