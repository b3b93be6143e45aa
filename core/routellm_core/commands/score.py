"""`routellm score`: one score per prompt."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from routellm_core.commands.reading_arguments import add_reading_arguments, prompts_of
from routellm_core.loading import load_router

SUMMARY = "score prompts: how likely the strong model's answer would be preferred"

EXAMPLE = """\
  routellm score prompts.jsonl
a row: {"prompt": "Why do leaves turn red?"}, a line of text, or a row of a log"""

_CHUNK = 2048


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "prompts",
        nargs="?",
        default="-",
        help="prompts in any format, a log, or plain lines of text; - is standard input (default)",
    )
    parser.add_argument(
        "--router", default="default", help="name or folder of the router (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per prompt")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield one line per prompt, in order; the output does not repeat the prompts."""
    router = load_router(options.router)
    asked, note = prompts_of(options, options.prompts)
    prompts = asked.texts
    yield note
    for start in range(0, len(prompts), _CHUNK):
        if len(prompts) > _CHUNK:
            say(f"scored {start} of {len(prompts)}")
        for score in router.score(prompts[start : start + _CHUNK]).tolist():
            yield json.dumps({"score": score}) if options.json else f"{score:.6f}"
