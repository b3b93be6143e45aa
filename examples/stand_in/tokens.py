"""Token counts without a tokenizer, and a prompt cache that remembers prefixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# Close to what byte-pair tokenizers count, and never above it for plain English: a prompt that a client
# packed to the promised window by real token counts must not be refused here.
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\d{1,3}|[^\W\d]{1,12}|[^\w\s]")
_SPACED_PIECE = re.compile(rf"\s*(?:{_PIECE.pattern})")
_CHUNK = re.compile(r"\s*\S{1,16}|\s+")

CACHEABLE_TOKENS = 1_024
"""Both providers cache no prefix shorter than this."""


def count_tokens(text: str) -> int:
    """The number of tokens in the text."""
    return len(_PIECE.findall(text))


def first_tokens(text: str, limit: int, count: Callable[[str], int] = count_tokens) -> str:
    """The longest prefix that `count` finds to have at most `limit` tokens."""
    if count(text) <= limit:
        return text
    pieces = _SPACED_PIECE.findall(text)[:limit]
    while pieces and count("".join(pieces)) > limit:
        pieces.pop()
    return "".join(pieces)


def stream_pieces(text: str) -> list[str]:
    """The text cut into the pieces a stream sends: words, long ones cut again."""
    return _CHUNK.findall(text)


class PrefixCache:
    """Remembers the prefixes each model has read, at message boundaries."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def read(self, model: str, parts: Sequence[str], tokens: Sequence[int]) -> int:
        """How many tokens at the start of these parts the model has read before; remembers them now.

        `tokens` has one count per part.
        """
        if sum(tokens) < CACHEABLE_TOKENS:
            return 0
        cached = total = 0
        key = hash(model)
        for part, number in zip(parts, tokens, strict=True):
            key = hash((key, part))
            total += number
            if key in self._seen and total >= CACHEABLE_TOKENS:
                cached = total
            self._seen.add(key)
        return cached

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()
