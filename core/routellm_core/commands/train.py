"""`routellm train`: a router for the user's own models, from battles, labels or both."""

from __future__ import annotations

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

SUMMARY = "train a router for your own models"

KINDS = (
    "mf",
    "bert",
    "causal_llm",
    "sw_ranking",
)
"""Each is the module `train_KIND` beside this one, with SUMMARY, add_arguments and run."""


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command takes: a kind, and then what that kind takes."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="kind")
    for kind in KINDS:
        module = importlib.import_module(f"routellm_core.commands.train_{kind}")
        subparser = kinds.add_parser(kind, help=module.SUMMARY, description=module.__doc__)
        module.add_arguments(subparser)
        subparser.set_defaults(train=module.run)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train what was asked for, and yield what was written."""
    yield from options.train(options, say)
