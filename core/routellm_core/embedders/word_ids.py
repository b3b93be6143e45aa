"""WordIds: token ids by word, so that an ordinary English prompt is tokenised with a few look-ups.

A BERT tokenizer lowers the text, splits it at white space and around punctuation, and cuts each piece on its
own. For printable ASCII that split is one regular expression, and what a piece is cut into never changes: it
is asked once and remembered. Any other text goes to the tokenizer whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_WORDS = 50_000
"""Remembered pieces; beyond them the memory starts again from nothing."""

# Control characters vanish inside words, and non-ASCII letters lose their accents: the tokenizer's own work.
_NOT_PLAIN = re.compile(r"[^\t\n\r -~]")
_PIECE = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


def splits_by_word(tokenizer: Tokenizer) -> bool:
    """Say whether a tokenizer lowers and splits its text as `WordIds` does."""
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    normalizer = tokenizer.normalizer
    return (
        isinstance(normalizer, BertNormalizer)
        and normalizer.lowercase
        and normalizer.clean_text
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        and not tokenizer.get_added_tokens_decoder()
    )


class WordIds:
    """Gives the same ids as the tokenizer behind it."""

    def __init__(self, tokenize: Callable[[str], list[int]]) -> None:
        """Store the tokenizer.

        Args:
            tokenize: text -> ids, of a BERT tokenizer that lowers its text and adds no special tokens.
        """
        self._tokenize = tokenize
        self._ids = _PieceIds(tokenize)

    def token_ids(self, text: str) -> list[int]:
        """Return the ids of a text."""
        if _NOT_PLAIN.search(text) is not None:
            return self._tokenize(text)
        return list(chain.from_iterable(map(self._ids.__getitem__, _PIECE.findall(text.lower()))))


class _PieceIds(dict[str, list[int]]):
    """Piece -> ids; asks the tokenizer for a piece that it meets for the first time."""

    def __init__(self, tokenize: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._tokenize = tokenize

    def __missing__(self, piece: str) -> list[int]:
        if len(self) >= MAX_WORDS:
            self.clear()
        found = self[piece] = self._tokenize(piece)
        return found
