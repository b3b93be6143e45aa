"""Prompt size: an estimate of a prompt's tokens, made without network and only if it could matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from llama_index.core.utils import get_tokenizer

from routellm_core.routing.prices import CHARACTERS_PER_TOKEN

TOKENS_PER_MESSAGE = 4
"""What chat formats add to each message."""

FITS_ANY_MODEL = 512
"""Characters of ASCII text, and so at most tokens, that every model has a window for."""

# A prompt of this many windows by the rough estimate is too long however it is counted.
_CERTAINLY_TOO_LONG = 4

# tiktoken needs time that grows faster than the length of an unbroken text.
_PIECE = 20_000


def prompt_tokens(texts: Sequence[str], window: int | None) -> int | None:
    """Estimate the tokens of a prompt.

    A text never has more tokens than UTF-8 bytes, so most prompts need no counting.

    Args:
        texts: one per message.
        window: the smallest context window in question, in tokens; None if unknown.

    Returns:
        The estimate; None if the prompt fits the window for certain.
    """
    if window is None:
        return None
    overhead = TOKENS_PER_MESSAGE * len(texts)
    characters = sum(map(len, texts))
    # An ASCII text has a byte per character; others have at most four, and counting is cheap enough for them.
    if overhead + characters <= window and all(text.isascii() for text in texts):
        return None
    if overhead + 4 * characters <= window:
        return None
    rough = characters // CHARACTERS_PER_TOKEN + overhead
    if rough > _CERTAINLY_TOO_LONG * window:
        return rough
    encode = _tokenizer()
    if encode is None:
        return rough
    try:
        return overhead + sum(len(encode(piece)) for text in texts for piece in _pieces(text))
    except Exception:
        # A tokenizer set by the user may fail on odd text; an estimate must not fail a call.
        return rough


def fits_any_model(texts: Sequence[str]) -> bool:
    """Return whether a prompt is so short that no model's window need be looked at."""
    characters = 0
    for text in texts:
        characters += len(text)
        if characters > FITS_ANY_MODEL or not text.isascii():
            return False
    return True


def takes_long(texts: Sequence[str]) -> bool:
    """Return whether counting would hold up an event loop."""
    return sum(map(len, texts)) > _PIECE


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def _tokenizer() -> Callable[[str], Sequence[Any]] | None:
    # The user may set another one at any time, and get_tokenizer() then costs an attribute lookup.
    return None if _has_failed() else get_tokenizer()


@lru_cache(maxsize=1)
def _has_failed() -> bool:
    """Return whether LlamaIndex has no tokenizer here: no vocabulary, and no network to get it from."""
    try:
        get_tokenizer()
    except Exception:
        return True
    return False
