"""WordPieces: cuts one word as a BERT tokenizer does, so that a word's tokens can be remembered.

Such a tokenizer drops control characters, lowers the text, takes accents off, splits it at white space and
around punctuation and ideographs, and cuts each piece into the longest entries of its vocabulary, from the
left. What a word between white space is cut into depends on nothing else. Words of printable ASCII are cut
here, others are the tokenizer's own work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unicodedata import category
from unicodedata import ucd_3_2_0 as old_unicode

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_DROPPED = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
"""Python splits a text at these, the tokenizer drops them: to it, what stands around one is a single word."""
_WITHOUT_DROPPED = dict.fromkeys(map(ord, _DROPPED))

# Not all that the tokenizer puts between spaces: what is missing here is part of a longer word.
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED_PART = re.compile(f"[{_IDEOGRAPHS}]|[^{_IDEOGRAPHS}]+")

# Ideographs of the first version of Unicode: later ones are no characters to some tokenizers.
_PLAIN = re.compile("[!-~]+|[\u4e00-\u9fa5]")
_PIECE = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")

_MAY_BEGIN = re.compile(r"[\W_\u4e00-\u9fff]")

PART_CHARACTERS = 256
"""Of a text that is tokenised in parts: other threads run between two of them."""


def words_of(text: str) -> list[str]:
    """Return words whose tokens, one after the other, are the text's."""
    if any(map(text.__contains__, _DROPPED)):
        text = text.translate(_WITHOUT_DROPPED)
    return text.split()


def unspaced_parts(word: str) -> list[str]:
    """Return parts of a word whose tokens are the word's: every ideograph stands by itself."""
    return _UNSPACED_PART.findall(word)


def is_plain(word: str) -> bool:
    """Return whether `WordPieces.cut` cuts a word: one of printable ASCII, or an ideograph."""
    return _PLAIN.fullmatch(word) is not None


def parts_of(text: str) -> Iterator[str]:
    """Yield a text in parts of at least `PART_CHARACTERS`, cut where the tokenizer cuts in any case."""
    start, place = 0, PART_CHARACTERS
    while found := _MAY_BEGIN.search(text, place):
        place = found.start()
        if _begins_a_word(text[place]):
            yield text[start:place]
            start, place = place, place + PART_CHARACTERS
        else:
            place += 1
    yield text[start:]


def _begins_a_word(character: str) -> bool:
    # The tokenizer's tables are older than Python's: punctuation is what has always been, and still is.
    return (
        character in " \n"
        or "\u4e00" <= character <= "\u9fff"
        or (category(character)[0] == "P" and old_unicode.category(character)[0] == "P")
    )


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
        # No entry is looked for that is longer than any with the same two first characters: a long word that
        # is no word would take time by the square of its length.
        self._longest_from: dict[str, int] = {}
        for entry in vocabulary:
            inner = entry.removeprefix("##")
            self._longest_from[inner[:2]] = max(len(inner), self._longest_from.get(inner[:2], 0))

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
            and normalizer.handle_chinese_chars
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
        """Return the ids of a plain word in lower case, see `is_plain`."""
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
            longest = self._longest_from.get(piece[start : start + 2], 1)
            for end in range(min(len(piece), start + longest), start, -1):
                found = known(prefix + piece[start:end])
                if found is not None:
                    break
            else:
                return self._unknown
            ids.append(found)
            start, prefix = end, "##"
        return ids
