"""`routellm train`: a router for the user's own models, from battles, labels or both."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from routellm_core.commands import train_mf, train_new_model, train_sw_ranking
from routellm_core.commands.train_fine_tuned import BERT, CAUSAL_LLM

SUMMARY = "train a router for your own models"

EXAMPLE = """\
  routellm train mf --labels labels.jsonl --strong A --weak B --out my_router
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "B": 0.5}}"""

KINDS: Mapping[str, Any] = {
    "mf": train_mf,
    "bert": BERT,
    "causal_llm": CAUSAL_LLM,
    "sw_ranking": train_sw_ranking,
    "new_model": train_new_model,
}
"""Kind -> a module or object with SUMMARY, add_arguments and run."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the argument for the kind, then each kind's own arguments."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="kind")
    for name, kind in KINDS.items():
        subparser = kinds.add_parser(
            name,
            help=kind.SUMMARY,
            description=f"`routellm train {name}`: {kind.SUMMARY}.",
            epilog=f"example:\n{kind.EXAMPLE}",
            formatter_class=RawDescriptionHelpFormatter,
        )
        kind.add_arguments(subparser)
        subparser.set_defaults(train=kind.run)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train the requested kind, and yield a summary."""
    yield from options.train(options, say)
