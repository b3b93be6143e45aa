"""TokenSums: a text's tokens projected on one direction and added up, with a memory of words.

A word's sum never changes, so that an ordinary English prompt costs one look-up and one addition a word.
"""

from __future__ import annotations

from typing import Any

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.word_pieces import WordPieces, words_of

MAX_WORDS = 50_000
"""Remembered words; beyond them the memory starts again from nothing."""

LONGEST_WORD = 32
"""Characters of the longest word that is remembered: addresses and keys seldom come twice."""


class TokenSums:
    """text -> the sum of its known tokens' projections (real part) and their number (imaginary part)."""

    def __init__(self, static: StaticEmbedder, tokens: list[complex]) -> None:
        """Store the parts.

        Args:
            static: gives the tokens.
            tokens: what each token adds, by id, see `StaticEmbedder.projections`.
        """
        self._static = static
        self._tokens = tokens
        self._words: _Words | None = None

    def __call__(self, text: str) -> complex:
        """Return sum and number of one text's tokens; the text is clipped already."""
        words = words_of(text)
        known = self._words or self._remembering()
        if words is None or known is None:
            return sum(map(self._tokens.__getitem__, self._static.token_ids(text)), 0j)
        return sum(map(known.__getitem__, words), 0j)

    def _remembering(self) -> _Words | None:
        pieces = self._static.word_pieces
        if pieces is not None and self._words is None:
            self._words = _Words(self._tokens, pieces)
        return self._words

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory out of copies and pickles."""
        return {"static": self._static, "tokens": self._tokens}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what __init__ takes is all there is


class _Words(dict[str, complex]):
    """Word -> sum and number of its tokens; made when a word is met for the first time."""

    def __init__(self, tokens: list[complex], pieces: WordPieces) -> None:
        super().__init__()
        self._tokens, self._pieces = tokens, pieces

    def __missing__(self, word: str) -> complex:
        found = sum(map(self._tokens.__getitem__, self._pieces.cut(word)), 0j)
        if len(word) <= LONGEST_WORD:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = found
        return found
