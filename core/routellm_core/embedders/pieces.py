"""Pieces: a SentencePiece vocabulary in plain Python, which cuts single words as a unigram model does.

A router meets most words again and remembers what they are cut into, so cutting need not be fast, but loading
must be: the same vocabulary takes the tokenizers library a quarter of a second.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.word_shapes import MAX_WORDS

WORD_START = "▁"
LONGEST_PIECE = 16
"""Characters of the longest piece of a vocabulary that is of use."""

_LONGEST_PART = 10
"""Characters of the longest piece that is only a part of a word."""

_READ = 32
"""Characters of a word that are read: longer ones are names, keys and nonsense, and would take time."""

_UNKNOWN = -25.0
"""Log-probability of a character that is in no piece: below any piece's."""

_DROPPED = frozenset(("So", "Sk", "Cs", "Co", "Cc", "Cf"))
"""Categories of characters that are not read: symbols such as emoji, and what is invisible."""

_PLAIN_PART = re.compile(r"[a-z]+|[0-9]+|[^a-z0-9]")


class Pieces:
    """A vocabulary: pieces in the order of their ids, and their log-probabilities."""

    def __init__(self, text: bytes, scores: npt.NDArray[np.float32]) -> None:
        """Store a vocabulary; it is indexed when it is first needed.

        Args:
            text: the pieces in UTF-8, one a line.
            scores: shape (v,), finite.

        Raises:
            ValueError: no UTF-8, another number of pieces than scores, or a score that is not finite.
        """
        self.text = text
        self.scores = scores.astype(np.float32)
        self._decoded = text.decode("utf-8")
        self._size = self._decoded.count("\n") + 1
        if scores.shape != (self._size,) or not np.isfinite(scores).all():
            raise ValueError(
                f"the vocabulary has {self._size} pieces and scores of shape {scores.shape}: expected one "
                "finite score a piece."
            )
        self._index: tuple[dict[str, int], list[float]] | None = None
        self._words: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return self._size

    def listed(self) -> list[str]:
        """Return the pieces, in the order of their ids."""
        return self._decoded.split("\n")

    def id_of(self, piece: str) -> int | None:
        """Return the id of one piece; None if it is not in the vocabulary."""
        return self._indexed()[0].get(piece)

    def cut(self, word: str) -> list[int]:
        """Return the ids of the pieces of a lower-case word; characters in none are left out.

        A part of letters or digits that is a piece stays whole; any other is cut into the most probable
        pieces. Of a long word the beginning is read.
        """
        word = word[:_READ]
        found = self._words.get(word)
        if found is None:
            found = self._cut(word)
            if len(self._words) >= MAX_WORDS:
                self._words.clear()
            self._words[word] = found
        return found

    def _cut(self, word: str) -> list[int]:
        ids = self._indexed()[0]
        whole = ids.get(WORD_START + word)
        if whole is not None:
            return [whole]
        if not word.isascii():
            read = "".join(c for c in word if c.isascii() or unicodedata.category(c) not in _DROPPED)
            return self._most_probable(WORD_START + read) if read else []
        found: list[int] = []
        start = WORD_START
        for part in _PLAIN_PART.findall(word):
            piece = ids.get(start + part)
            if piece is None:
                found += self._most_probable(start + part)
            else:
                found.append(piece)
            start = ""
        return found

    def _most_probable(self, text: str) -> list[int]:
        # Viterbi: for each place, the best way to get there.
        ids, score_of = self._indexed()
        length = len(text)
        best = [0.0] + [-1e300] * length
        came_from, by = [0] * (length + 1), [-1] * (length + 1)
        for start in range(length):
            here = best[start]
            if here + _UNKNOWN > best[start + 1]:
                best[start + 1], came_from[start + 1], by[start + 1] = here + _UNKNOWN, start, -1
            for end in range(start + 1, min(start + _LONGEST_PART, length) + 1):
                piece = ids.get(text[start:end])
                if piece is not None and here + score_of[piece] > best[end]:
                    best[end], came_from[end], by[end] = here + score_of[piece], start, piece
        found: list[int] = []
        place = length
        while place:
            # the mark of a word's start says nothing by itself
            if by[place] >= 0 and text[came_from[place] : place] != WORD_START:
                found.append(by[place])
            place = came_from[place]
        return found[::-1]

    def _indexed(self) -> tuple[dict[str, int], list[float]]:
        # Two threads may make it at the same time; either result serves, so no lock is held.
        if self._index is None:
            pieces = self.listed()
            self._index = (
                dict(zip(pieces, range(len(pieces)), strict=True)),
                self.scores.astype(np.float64).tolist(),
            )
        return self._index

    def __getstate__(self) -> dict[str, Any]:
        """Leave the index and the memory out of copies and pickles."""
        return {**self.__dict__, "_index": None, "_words": {}}


def pieces_text(pieces: Sequence[str]) -> bytes:
    """Return what `Pieces` reads.

    Raises:
        ValueError: a piece holds a line break.
    """
    if any("\n" in piece for piece in pieces):
        raise ValueError("a piece of the vocabulary holds a line break.")
    return "\n".join(pieces).encode("utf-8")
