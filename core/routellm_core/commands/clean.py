"""`routellm clean`: remove short, repeated and contaminated prompts from battles or labels."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any

from routellm_core.commands.arguments import real_path
from routellm_core.commands.note import Note
from routellm_core.commands.reading_arguments import add_reading_arguments, prompts_of, reading_options
from routellm_core.commands.source_embedder import source_embedder
from routellm_core.preferences.cleaning.cleaning import KEPT, Cleaning, CleaningSettings, clean
from routellm_core.preferences.cleaning.cleaning_report import CleaningReport
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.json_lines import write_json_lines
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.options import ReadingOptions
from routellm_core.preferences.reading.sifting import Sifted, sift_battles, sift_labels
from routellm_core.routing.validation import check_fraction

SUMMARY = "clean battles or labels: drop short, repeated and contaminated prompts, and count each"

EXAMPLE = """\
  routellm clean --labels labels.jsonl --against test.jsonl --out kept.jsonl --rejected rest.jsonl
a row: {"prompt": "Why do leaves turn red?", "scores": {"A": 1, "B": 0.5}}"""

Rows = Sifted[Battle] | Sifted[Label]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--battles",
        metavar="FILE",
        help="rows of prompt, model_a, model_b, winner; or Chatbot Arena's files, of which the first turn "
        "is used",
    )
    source.add_argument("--labels", metavar="FILE", help="rows of prompt and scores")
    parser.add_argument(
        "--against",
        nargs="+",
        default=[],
        metavar="FILE",
        help="evaluation prompts; rows too close to one of them are dropped",
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="the kept rows, as JSON Lines; .gz too")
    parser.add_argument(
        "--rejected", metavar="FILE", help="the other rows, each with its reason and place, as JSON Lines"
    )
    defaults = CleaningSettings()
    parser.add_argument(
        "--minimum-length",
        type=int,
        default=defaults.minimum_length,
        metavar="N",
        help="fewest characters of a prompt (default: %(default)s)",
    )
    parser.add_argument(
        "--near-duplicates",
        type=float,
        default=defaults.near_duplicates,
        metavar="X",
        help="share of common text from which prompts count as repeated; 1: equal prompts only (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--similarity",
        type=float,
        default=defaults.similarity,
        metavar="X",
        help="cosine to an evaluation prompt from which a row counts as contaminated; 0: go by shared "
        "words alone (default: %(default)s)",
    )
    parser.add_argument(
        "--embedder-of",
        default="default",
        metavar="ROUTER",
        help="the router whose embedder measures similarity (default: %(default)s)",
    )
    parser.add_argument("--tag-languages", action="store_true", help="add language_tag to each row")
    parser.add_argument(
        "--languages",
        nargs="+",
        default=[],
        metavar="CODE",
        help="keep only these languages, such as en; implies --tag-languages",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_reading_arguments(parser)


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Clean, write, and yield the counts."""
    _check_files(options)
    settings = CleaningSettings(
        minimum_length=options.minimum_length,
        near_duplicates=check_fraction(options.near_duplicates, "--near-duplicates"),
        languages=tuple(code.lower() for code in options.languages),
        tag_languages=options.tag_languages,
        similarity=check_fraction(options.similarity, "--similarity"),
    )
    reading = reading_options(options)
    evaluation: list[str] = []
    for path in options.against:
        asked, note = prompts_of(options, path)
        evaluation += asked.texts
        yield note
    say(f"reading {options.battles or options.labels}")
    rows: Rows = _sifted(options, reading)
    what = "battles" if options.battles else "labels"
    yield Note(f"{options.battles or options.labels}: {rows.sentence(what)}")
    prompts = [item.prompt for item in rows.items]
    pairs = [_pairs(item) for item in rows.items]
    compared = bool(evaluation and settings.similarity)
    cleaning = clean(
        prompts,
        [_key(item) for item in rows.items],
        settings,
        evaluation=evaluation,
        embedder=source_embedder(options.embedder_of, "--embedder-of") if compared else None,
        say=say,
    )
    report = CleaningReport.from_cleaning(cleaning, prompts, pairs, rows.reasons)
    write_json_lines(options.out, _kept_rows(rows, cleaning))
    if options.rejected:
        write_json_lines(options.rejected, _other_rows(rows, cleaning))
    if options.json:
        yield json.dumps(report.to_dict())
        return
    yield report.table()
    yield f"wrote {options.out}" + (f" and {options.rejected}" if options.rejected else "")


def _sifted(options: Namespace, reading: ReadingOptions) -> Rows:
    return sift_battles(options.battles, reading) if options.battles else sift_labels(options.labels, reading)


def _check_files(options: Namespace) -> None:
    sources = {real_path(path) for path in (options.battles or options.labels, *options.against)}
    targets = [real_path(path) for path in (options.out, options.rejected) if path]
    if len(set(targets)) < len(targets):
        raise ValueError(f"--out and --rejected are both {options.out}: give two different files.")
    for target in targets:
        if target in sources:
            raise ValueError(f"{target} is an input and can't be written too: give another file.")


def _pairs(item: Battle | Label) -> Sequence[tuple[str, str]]:
    return [item.pair] if isinstance(item, Battle) else list(combinations(sorted(item.scores), 2))


def _key(item: Battle | Label) -> Hashable:
    # The key ignores the outcome: of two votes on one prompt and pair the first stays, whoever won.
    return item.pair if isinstance(item, Battle) else tuple(sorted(item.scores))


def _kept_rows(rows: Rows, cleaning: Cleaning) -> Iterator[dict[str, Any]]:
    items: Sequence[Battle | Label] = rows.items
    for item, record, reason, language in zip(
        items, rows.records, cleaning.reasons, cleaning.languages, strict=True
    ):
        if reason == KEPT:
            tag = {"language_tag": language} if any(cleaning.languages) else {}
            yield {**item.to_dict(), **item.rest_of(record), **tag}


def _other_rows(rows: Rows, cleaning: Cleaning) -> Iterator[dict[str, Any]]:
    for error in rows.rejected:
        yield {"reason": error.reason, "place": error.place, "row": error.row}
    for record, reason in zip(rows.records, cleaning.reasons, strict=True):
        if reason != KEPT:
            yield {"reason": reason, "place": record.place, "row": record.values}
