"""What every embedder does with a text before reading it: bound its length and make it valid Unicode."""

from __future__ import annotations

HEAD_CHARACTERS = 6144
TAIL_CHARACTERS = 2048
CHARACTER_LIMIT = HEAD_CHARACTERS + TAIL_CHARACTERS
"""Characters of a prompt that are read. A longer prompt is read as its head and its tail, where instructions
and questions usually stand, so that the time for one prompt is bounded (a few milliseconds)."""

MOST_CHARACTERS_PER_TOKEN = 16
"""More than the tokens of ordinary text have: what lies beyond a model's limit by this count is dropped
before anything is tokenised, since a text of a million characters takes long."""


def clipped(text: str) -> str:
    """Return the text, at most `CHARACTER_LIMIT` characters of it, lone surrogates replaced by "?".

    Args:
        text: any str.

    Returns:
        A str that can be encoded as UTF-8.
    """
    if len(text) > CHARACTER_LIMIT:
        # The line break keeps the last word of the head and the first of the tail apart.
        text = text[:HEAD_CHARACTERS] + "\n" + text[-TAIL_CHARACTERS:]
    return text if text.isascii() else valid_unicode(text)


def valid_unicode(text: str) -> str:
    """Return the text, lone surrogates replaced by "?", so that it can be encoded as UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
