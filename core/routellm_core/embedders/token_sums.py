"""TokenSums: what a text's tokens add, one number or several in one, with a memory of words.

A word's sum never changes, so that an ordinary English prompt costs one look-up and one addition a word.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.word_pieces import WordPieces, words_of

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
        words = words_of(text)
        known = self._words or self._remembering()
        if words is None or known is None:
            return sum(map(self._tokens.__getitem__, self._static.token_ids(text)), self._nothing)
        return sum(map(known.__getitem__, words), self._nothing)

    def _remembering(self) -> _Words[Sum] | None:
        pieces = self._static.word_pieces
        if pieces is not None and self._words is None:
            self._words = _Words(self._tokens, pieces)
        return self._words

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory out of copies and pickles."""
        return {"static": self._static, "tokens": self._tokens}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


class _Words(dict[str, Sum]):
    """Word -> what its tokens add; made when a word is met for the first time."""

    def __init__(self, tokens: list[Sum], pieces: WordPieces) -> None:
        super().__init__()
        self._tokens: list[Sum] = tokens
        self._pieces = pieces

    def __missing__(self, word: str) -> Sum:
        found = sum(map(self._tokens.__getitem__, self._pieces.cut(word)), type(self._tokens[0])())
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found
