"""Reading arguments: how to read the files that a command is given."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from routellm_core.commands.note import Note
from routellm_core.preferences.reading.layouts import LAYOUT_NAMES
from routellm_core.preferences.reading.options import CONTAINERS, ReadingOptions, parsed_fields
from routellm_core.preferences.reading.prompts import Asked, read_asked


def add_reading_arguments(parser: ArgumentParser) -> None:
    """Add the arguments about input files."""
    group = parser.add_argument_group(
        "files", "detected automatically unless given here; what was detected is printed"
    )
    group.add_argument(
        "--format",
        metavar="NAME",
        help=f"of the files: {', '.join(CONTAINERS)}; of the log in them: {', '.join(LAYOUT_NAMES)}",
    )
    group.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=THEIRS",
        help="a field's name in the files, such as prompt=question; may be repeated",
    )
    group.add_argument("--delimiter", metavar="CHAR", help="separator of CSV fields, such as ';' or tab")
    group.add_argument("--decimal", metavar="MARK", help="decimal mark in CSV numbers, . or ,")
    group.add_argument("--encoding", metavar="NAME", help="encoding of text files, such as windows-1252")
    group.add_argument(
        "--strict", action="store_true", help="fail at the first unusable row instead of skipping it"
    )


def reading_options(options: Namespace) -> ReadingOptions:
    """Return the reading options that the arguments give.

    Raises:
        ValueError: an argument has an invalid value; the message names it.
    """
    name = options.format
    if name is not None and name not in (*CONTAINERS, *LAYOUT_NAMES):
        known = ", ".join((*CONTAINERS, *LAYOUT_NAMES))
        raise ValueError(f"--format is {name!r}, expected one of {known}.")
    return ReadingOptions(
        container=name if name in CONTAINERS else None,
        layout=name if name in LAYOUT_NAMES else None,
        fields=parsed_fields(options.field),
        delimiter=options.delimiter,
        decimal=options.decimal,
        encoding=options.encoding,
        strict=options.strict,
    )


def prompts_of(options: Namespace, path: str) -> tuple[Asked, Note]:
    """Read prompts as the arguments say; return them and how they were read.

    Raises:
        DataError: see `read_prompts`.
    """
    asked = read_asked(path, reading_options(options))
    return asked, Note(f"{path}: {asked.report.sentence()}")
