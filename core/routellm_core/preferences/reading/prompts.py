"""Prompts alone: the texts that the router would score, from any file or log."""

from __future__ import annotations

from os import PathLike

from routellm_core.preferences.reading.log_reading import LogReader
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.reading_report import ReadingReport


def read_prompts(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> list[str]:
    """Read prompts: a column of a table, one a line of plain text, or what people asked in a log.

    Of a conversation the text is read that the router would score: the newest of a person's.

    Args:
        path: a file, a pipe, or "-" for standard input.
        options: what the user says of it.

    Raises:
        DataError: the file is missing or damaged, or holds no prompt; with strict options, also a row without
            one.
    """
    return read_prompts_and_report(path, options)[0]


def read_prompts_and_report(
    path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS
) -> tuple[list[str], ReadingReport]:
    """Read prompts as `read_prompts` does, and tell what the file was read as."""
    reader = LogReader([path], options)
    prompts = [call.text for call in reader.calls() if call.starts and call.text]
    return prompts, reader.report
