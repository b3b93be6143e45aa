"""WordPieces: cuts one word as a BERT tokenizer does, so that a word's tokens can be remembered.

Such a tokenizer lowers the text, splits it at white space and around punctuation, and cuts each piece into
the longest entries of its vocabulary, from the left. For printable ASCII what a word between white space is
cut into depends on nothing else; any other text is the tokenizer's own work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Control characters vanish inside words, and non-ASCII letters lose their accents.
_NOT_PLAIN = re.compile(r"[^\t\n\r -~]")
_PIECE = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")


def words_of(text: str) -> list[str] | None:
    """Return the words of a text for `WordPieces.cut`; None where the text is not printable ASCII."""
    # Printable text of one line is known to be plain without the search.
    if not text.isascii() or (not text.isprintable() and _NOT_PLAIN.search(text) is not None):
        return None
    return text.lower().split()


class WordPieces:
    """Gives the tokenizer's own ids of a word, the unknown one included."""

    def __init__(self, vocabulary: dict[str, int], unknown: int, longest: int) -> None:
        """Store the vocabulary.

        Args:
            vocabulary: piece -> id; a piece inside a word begins with "##".
            unknown: the id of a piece that can't be cut.
            longest: characters of the longest piece that is cut at all.
        """
        self._vocabulary = vocabulary
        self._unknown = [unknown]
        self._longest = longest

    @classmethod
    def from_tokenizer(cls, tokenizer: Tokenizer) -> WordPieces | None:
        """Read a BERT tokenizer that lowers its text; None for any other tokenizer."""
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
        return cls(vocabulary, unknown, model.max_input_chars_per_word)

    def cut(self, word: str) -> list[int]:
        """Return the ids of a word, one of `words_of`."""
        ids: list[int] = []
        for piece in (word,) if word.isalnum() else _PIECE.findall(word):
            whole = self._vocabulary.get(piece)
            if whole is not None:
                ids.append(whole)
            else:
                ids += self._cut(piece)
        return ids

    def _cut(self, piece: str) -> list[int]:
        if len(piece) > self._longest:
            return self._unknown
        known = self._vocabulary.get
        ids: list[int] = []
        start, prefix = 0, ""
        while start < len(piece):
            for end in range(len(piece), start, -1):
                found = known(prefix + piece[start:end])
                if found is not None:
                    break
            else:
                return self._unknown
            ids.append(found)
            start, prefix = end, "##"
        return ids
