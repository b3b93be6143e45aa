"""TokenSums: what a text's tokens add, one number or several in one, with a memory of words.

A word's sum never changes, so that a prompt in whatever language costs one look-up and one addition a word.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.word_pieces import WordPieces, is_plain, unspaced_parts, words_of

MAX_WORDS = 50_000
"""Remembered words; beyond them the memory starts again from nothing."""

LONGEST_WORD = 32
"""Characters of the longest word that is remembered: addresses and keys seldom come twice."""

Sum = TypeVar("Sum", complex, int)


class TokenSums(Generic[Sum]):
    """text -> the sum of what its tokens add."""

    def __init__(self, static: StaticEmbedder, tokens: list[Sum]) -> None:
        """Store the parts.

        Args:
            static: gives the tokens.
            tokens: what each token adds, by id: a projection and a one as a complex number, see
                `StaticEmbedder.projections`, or several projections in an integer, see `TokenFolds`.
        """
        self._static = static
        self._tokens: list[Sum] = tokens
        self._nothing: Sum = type(tokens[0])()
        self._words: _Words[Sum] | None = None

    def __call__(self, text: str) -> Sum:
        """Return sum and number of one text's tokens; the text is clipped already."""
        known = self._words or self._remembering()
        if known is None:
            return sum(map(self._tokens.__getitem__, self._static.token_ids(text)), self._nothing)
        return sum(map(known.__getitem__, words_of(text)), self._nothing)

    def _remembering(self) -> _Words[Sum] | None:
        pieces = self._static.word_pieces
        if pieces is not None and self._words is None:
            self._words = _Words(self._static, self._tokens, pieces)
        return self._words

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory out of copies and pickles."""
        return {"static": self._static, "tokens": self._tokens}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


class _Words(dict[str, Sum]):
    """Word -> what its tokens add; made when a word is met for the first time."""

    def __init__(self, static: StaticEmbedder, tokens: list[Sum], pieces: WordPieces) -> None:
        super().__init__()
        self._static = static
        self._tokens: list[Sum] = tokens
        self._pieces = pieces

    def __missing__(self, word: str) -> Sum:
        plain = is_plain(word)
        parts = (word,) if plain else unspaced_parts(word)
        nothing = type(self._tokens[0])()
        if len(parts) > 1:
            # a sentence, which seldom comes twice, of parts that do
            return sum(map(self.__getitem__, parts), nothing)
        ids = self._pieces.cut(word.lower()) if plain else self._static.token_ids(word)
        found = sum(map(self._tokens.__getitem__, ids), nothing)
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found
