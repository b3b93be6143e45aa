"""Prompts: the texts that the router would score, from any file or log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

from routellm_core.preferences.reading.log_reading import LogReader
from routellm_core.preferences.reading.options import NO_OPTIONS, ReadingOptions
from routellm_core.preferences.reading.reading_report import ReadingReport
from routellm_core.routing.prices import TokenUsage


def read_prompts(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> list[str]:
    """Read prompts: a column of a table, a line of plain text each, or what people asked in a log.

    For a conversation, this is the text that the router would score: the person's newest.

    Args:
        path: a file, a pipe, or "-" for standard input.
        options: how to read it.

    Raises:
        DataError: the file is missing or damaged, or holds no prompt; with strict options, also a row without
            one.
    """
    return list(read_asked(path, options).texts)


@dataclass(frozen=True)
class Asked:
    """What people asked in a file.

    Attributes:
        texts: n, one per decision.
        usages: n, the tokens of each decision's calls; None if unknown for one of them.
        report: how the file was read.
    """

    texts: Sequence[str]
    usages: Sequence[TokenUsage | None]
    report: ReadingReport


def read_asked(path: str | PathLike[str], options: ReadingOptions = NO_OPTIONS) -> Asked:
    """Read prompts as `read_prompts` does, with their tokens, if a log has them.

    Raises:
        DataError: see `read_prompts`.
    """
    reader = LogReader([path], options)
    texts: list[str] = []
    usages: list[TokenUsage | None] = []
    for call in reader.calls():
        if call.starts:
            texts.append(call.text or "")
            usages.append(call.usage)
            continue
        known = usages[call.decision]
        usages[call.decision] = None if known is None or call.usage is None else known + call.usage
    return Asked(texts, usages, reader.report)
