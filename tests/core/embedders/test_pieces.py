"""Cutting words into the pieces of a unigram vocabulary."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from routellm_core.embedders import pieces as module
from routellm_core.embedders.pieces import Pieces, pieces_text

VOCABULARY = [
    "<unk>",
    "▁",
    "▁un",
    "▁under",
    "stand",
    "ing",
    "s",
    "t",
    "an",
    "d",
    "▁wel",
    "come",
    ",",
    "ü",
    "文",
]


def vocabulary() -> Pieces:
    scores = np.array([-20, -2, -4, -5, -5, -3, -6, -6, -6, -6, -7, -6, -2, -8, -8], dtype=np.float32)
    return Pieces(pieces_text(VOCABULARY), scores)


def cut(word: str) -> list[str]:
    return [VOCABULARY[piece] for piece in vocabulary().cut(word)]


def test_the_most_probable_pieces_are_found() -> None:
    assert cut("understanding") == ["▁under", "stand", "ing"]
    assert cut("under") == ["▁under"]
    assert cut("welcome,") == ["▁wel", "come", ","]


def test_what_is_in_no_piece_is_left_out() -> None:
    assert cut("qqq") == []
    assert cut("😀") == []
    assert cut("ünderx") == ["ü", "d"]


def test_the_memory_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WORDS", 2)
    pieces = vocabulary()
    for word in ("under", "stands", "welcome", "under", "x" * 100):
        assert pieces.cut(word) == vocabulary().cut(word)


def test_copies_cut_the_same() -> None:
    pieces = vocabulary()
    pieces.cut("understanding")
    for other in (copy.deepcopy(pieces), pickle.loads(pickle.dumps(pieces))):
        assert other.cut("understanding") == pieces.cut("understanding")
        assert len(other) == len(VOCABULARY)


@pytest.mark.parametrize("scores", [[0.0, 1.0, 2.0], [0.0, np.nan]])
def test_scores_that_do_not_fit_are_refused(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="the vocabulary has 2 pieces"):
        Pieces(b"a\nb", np.array(scores, dtype=np.float32))


def test_a_line_break_in_a_piece_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        pieces_text(["a", "b\nc"])
