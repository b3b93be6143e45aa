"""TokenSums: a text's tokens projected on one direction and added up, with a memory of words.

A word's sum never changes, so that an ordinary English prompt costs one look-up and one addition a word.
"""

from __future__ import annotations

from array import array
from typing import Any

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.text import clipped
from routellm_core.embedders.word_pieces import WordPieces, words_of

MAX_WORDS = 50_000
"""Remembered words; beyond them the memory starts again from nothing."""

LONGEST_WORD = 32
"""Characters of the longest word that is remembered: addresses and keys seldom come twice."""


class TokenSums:
    """text -> the sum of its known tokens' projections (real part) and their number (imaginary part).

    A complex number, because it adds both in one step.
    """

    def __init__(self, static: StaticEmbedder, projections: array[float]) -> None:
        """Store the parts.

        Args:
            static: gives the tokens.
            projections: each token's projection.
        """
        self._static = static
        self._projections = projections
        self._words: _Words | None = None

    def __call__(self, text: str) -> complex:
        """Return sum and number of one text's tokens."""
        text = clipped(text)
        words = words_of(text)
        known = self._words or self._remembering()
        if words is None or known is None:
            return self.of(self._static.token_ids(text))
        return sum(map(known.__getitem__, words), 0j)

    def _remembering(self) -> _Words | None:
        pieces = self._static.word_pieces
        if pieces is not None and self._words is None:
            self._words = _Words(self, self._static, pieces)
        return self._words

    def of(self, ids: list[int]) -> complex:
        """Return sum and number of known tokens."""
        return complex(sum(map(self._projections.__getitem__, ids)), len(ids))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory out of copies and pickles."""
        return {"static": self._static, "projections": self._projections}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


class _Words(dict[str, complex]):
    """Word -> sum and number of its tokens; made when a word is met for the first time."""

    def __init__(self, sums: TokenSums, static: StaticEmbedder, pieces: WordPieces) -> None:
        super().__init__()
        self._sums, self._static, self._pieces = sums, static, pieces

    def __missing__(self, word: str) -> complex:
        found = self._sums.of(self._static.known(self._pieces.cut(word)))
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found
