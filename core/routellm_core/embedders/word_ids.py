"""WordIds: token ids by word, so that an ordinary English prompt is tokenised with a few look-ups.

A BERT tokenizer lowers the text, splits it at white space and around punctuation, and cuts each piece into
the longest entries of its vocabulary, from the left. For printable ASCII that split is one regular
expression, and what a piece is cut into never changes: it is cut once and remembered. Any other text goes to
the tokenizer whole.
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


def word_ids_of(tokenizer: Tokenizer) -> WordIds | None:
    """Return the word ids of a BERT tokenizer that lowers its text; None for any other tokenizer."""
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    normalizer, model = tokenizer.normalizer, tokenizer.model
    is_bert = (
        isinstance(normalizer, BertNormalizer)
        and normalizer.lowercase
        and normalizer.clean_text
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        and isinstance(model, WordPiece)
        and model.continuing_subword_prefix == "##"
        and not tokenizer.get_added_tokens_decoder()
    )
    if not is_bert:
        return None
    vocabulary: dict[str, int] = tokenizer.get_vocab(with_added_tokens=False)
    unknown = vocabulary.get(model.unk_token)
    if unknown is None:
        return None

    def whole(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    return WordIds(whole, _PieceIds(vocabulary, unknown, model.max_input_chars_per_word))


class WordIds:
    """Gives the same ids as the tokenizer behind it."""

    def __init__(self, tokenize: Callable[[str], list[int]], pieces: _PieceIds) -> None:
        """Store the tokenizer.

        Args:
            tokenize: text -> ids, for texts that are not printable ASCII.
            pieces: piece -> ids.
        """
        self._tokenize = tokenize
        self._pieces = pieces

    def token_ids(self, text: str) -> list[int]:
        """Return the ids of a text."""
        if _NOT_PLAIN.search(text) is not None:
            return self._tokenize(text)
        return list(chain.from_iterable(map(self._pieces.__getitem__, _PIECE.findall(text.lower()))))


class _PieceIds(dict[str, list[int]]):
    """Piece -> ids; cuts a piece when it meets it for the first time."""

    def __init__(self, vocabulary: dict[str, int], unknown: int, longest: int) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._unknown = [unknown]
        self._longest = longest

    def __missing__(self, piece: str) -> list[int]:
        if len(self) >= MAX_WORDS:
            self.clear()
        found = self[piece] = self._cut(piece)
        return found

    def _cut(self, piece: str) -> list[int]:
        if len(piece) > self._longest:
            return self._unknown
        ids: list[int] = []
        start, prefix = 0, ""
        while start < len(piece):
            for end in range(len(piece), start, -1):
                found = self._vocabulary.get(prefix + piece[start:end])
                if found is not None:
                    break
            else:
                return self._unknown
            ids.append(found)
            start, prefix = end, "##"
        return ids
