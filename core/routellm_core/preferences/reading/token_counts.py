"""Token counts: what providers and exporters report for a call, under any of their names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from routellm_core.preferences.reading.field_names import CACHED_NAMES, INPUT_NAMES, OUTPUT_NAMES, named_field
from routellm_core.preferences.reading.nested import at, mapping
from routellm_core.routing.prices import TokenUsage

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3}){1,3}")

MOST_TOKENS = 50_000_000
"""More than any model reads or writes in a call: a larger count is an error in the log."""

_INPUT = (*INPUT_NAMES, "input", "promptTokens", "prompt_token_count", "promptTokenCount")
_OUTPUT = (*OUTPUT_NAMES, "output", "completionTokens", "candidatesTokenCount", "candidates_token_count")

# Read from a prompt cache and included in the input tokens.
_CACHED_WITHIN = (
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "prompt_token_details.cache_read",
    "prompt_tokens_details.cache_read",
    "input_token_details.cache_read",
    "prompt_details.cache_read",
    "cachedContentTokenCount",
)

# Read from or written to a cache and not included in the input tokens.
_CACHED_BESIDE = (
    "cache_read_input_tokens",
    "input_cached_tokens",
    "input_cache_read",
    "input_cache_read_tokens",
)
_WRITTEN_BESIDE = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write_tokens")


class ImpossibleTokens(ValueError):
    """A token count is impossible, such as a negative one."""


def usage_of(value: object) -> TokenUsage | None:
    """Return the tokens in a usage object, or in a row with token columns.

    Returns:
        None if it has neither input nor output; streamed calls often report neither.

    Raises:
        ImpossibleTokens: a count is negative, not a number or absurd, or more was cached than was sent.
    """
    usage = mapping(value)
    found_input, found_output = _count(usage, _INPUT), _count(usage, _OUTPUT)
    if found_input is None and found_output is None:
        return None
    sent, answered = found_input or 0, found_output or 0
    if not sent and not answered:
        return None
    cached = _first_count(usage, _CACHED_WITHIN)
    if cached is None:
        cached = _count(usage, CACHED_NAMES)
    beside = _first_count(usage, _CACHED_BESIDE)
    if beside is not None:
        written = _first_count(usage, _WRITTEN_BESIDE) or 0
        total = _count(usage, ("total", "total_tokens", "totalTokens"))
        # Some exporters include the cached tokens in the input, some do not; their total shows which.
        if total is None or total != sent + answered:
            sent += beside + written
        cached = beside
    if (cached or 0) > sent:
        raise ImpossibleTokens(f"{cached} cached input tokens of {sent}")
    return TokenUsage(sent, answered, cached or 0)


def _count(usage: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    name = named_field(usage, names)
    return None if name is None else _checked(usage[name], name)


def _first_count(usage: Mapping[str, object], paths: tuple[str, ...]) -> int | None:
    for path in paths:
        found = _checked(at(usage, path), path)
        if found is not None:
            return found
    return None


def _checked(value: object, name: str) -> int | None:
    if value is None or value == "" or isinstance(value, Mapping | list):
        return None
    try:
        plain = (
            value.replace(",", "")
            if isinstance(value, str) and _THOUSANDS.fullmatch(value.strip())
            else value
        )
        number = float(plain)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ImpossibleTokens(f"{name} is {value!r}") from None
    if not math.isfinite(number) or number < 0 or number > MOST_TOKENS or number != int(number):
        raise ImpossibleTokens(f"{name} is {value!r}")
    return int(number)
