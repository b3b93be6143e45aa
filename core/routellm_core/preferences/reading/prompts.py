"""Prompts alone: from JSON Lines, CSV or plain lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from os import PathLike

from routellm_core.preferences.reading.records import (
    DataError,
    Record,
    data_suffix,
    json_records,
    open_text,
    read_records,
)


def read_prompts(path: str | PathLike[str]) -> list[str]:
    """Read prompts: the field "prompt" of JSON Lines or CSV, or one prompt per line of any other text.

    Of a conversation with "turns" instead, as MT-Bench's questions have, the first turn is read.

    Raises:
        DataError: the file is missing or damaged, holds no prompt, or a row lacks one.
    """
    if data_suffix(path) == ".csv":
        prompts = [_prompt(record) for record in read_records(path)]
    else:
        with open_text(path) as stream:
            try:
                return prompts_from_lines(stream, str(path))
            except (UnicodeDecodeError, EOFError, OSError) as error:
                raise DataError(f"{path} can't be read ({error}).") from error
    if not prompts:
        raise DataError(f"{path} holds no prompt.")
    return prompts


def prompts_from_lines(lines: Iterable[str], origin: str) -> list[str]:
    """Read prompts from lines: JSON objects where the first non-blank line starts with "{", else text.

    Raises:
        DataError: there is no prompt, or a row lacks one.
    """
    iterator = iter(lines)
    skipped = 0
    for first in iterator:
        if first.strip():
            break
        skipped += 1
    else:
        raise DataError(f"{origin} holds no prompt.")
    rest = chain([""] * skipped, [first], iterator)
    if first.lstrip().startswith("{"):
        return [_prompt(record) for record in json_records(rest, origin)]
    return [line.strip() for line in rest if line.strip()]


def _prompt(record: Record) -> str:
    turns = record.values.get("turns")
    if "prompt" not in record.values and isinstance(turns, list) and turns:
        return record.checked_text("turns", turns[0])
    return record.text("prompt")
