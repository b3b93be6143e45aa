"""Token limit: a text cut to the tokens that an embedding API reads, and an estimate of its tokens.

tiktoken counts, where its vocabulary is on this machine or can be fetched; else an estimate by characters
that no text exceeds by much, so that a router works without it.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from routellm_core.embedders.text import MOST_CHARACTERS_PER_TOKEN

if TYPE_CHECKING:
    from tiktoken import Encoding

log = logging.getLogger(__name__)

DEFAULT_ENCODING = "cl100k_base"
"""Of OpenAI's embedding models, and the guess for others."""

_PLAIN_PER_TOKEN = 3
"""Letters and spaces per token at least, in nearly any text; English has about 4.5."""

_PLAIN = re.compile(r"[A-Za-z ]+")


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few.

    Letters and spaces count a third, any other byte one: byte-pair tokens never outnumber the bytes.
    """
    size = len(text.encode("utf-8", "replace"))
    plain = sum(map(len, _PLAIN.findall(text)))
    return size - plain + ceil(plain / _PLAIN_PER_TOKEN)


def cut_to_tokens(text: str, limit: int, model: str) -> str:
    """Return the longest head of a text that has at most `limit` tokens.

    Args:
        text: valid Unicode, of any length.
        limit: at least 1.
        model: whose tokens count, as OpenAI names it; an unknown one is counted in `DEFAULT_ENCODING`.

    Returns:
        The text itself where it is short enough; without tiktoken's vocabulary, a head of at most `limit`
        `estimated_tokens`.
    """
    if len(text) <= limit and len(text.encode("utf-8", "replace")) <= limit:
        return text
    text = text[: limit * MOST_CHARACTERS_PER_TOKEN]
    encoding = _encoding(model)
    if encoding is None:
        return _cut_by_estimate(text, limit)
    # Ordinary: text that spells out a special token is text.
    tokens = encoding.encode_ordinary(text)
    if len(tokens) <= limit:
        return text
    # The last token may be a part of a character.
    return encoding.decode(tokens[:limit], errors="ignore")


def _cut_by_estimate(text: str, limit: int) -> str:
    fits, too_long = 0, len(text) + 1
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if estimated_tokens(text[:middle]) <= limit:
            fits = middle
        else:
            too_long = middle
    return text[:fits]


@cache
def _encoding(model: str) -> Encoding | None:
    # Remembered, failures too: a machine without network must not wait for it at every long prompt.
    try:
        import tiktoken
    except ImportError:
        log.warning(
            "tiktoken is not installed: long texts for %s are cut by an estimate of their tokens", model
        )
        return None
    try:
        try:
            return tiktoken.encoding_for_model(model)
        except KeyError:
            return tiktoken.get_encoding(DEFAULT_ENCODING)
    except Exception as error:
        # Its vocabulary is fetched at first use; what goes wrong then may be any network error.
        log.warning(
            "tiktoken's vocabulary can't be had (%s): long texts for %s are cut by an estimated length",
            type(error).__name__,
            model,
        )
        return None
