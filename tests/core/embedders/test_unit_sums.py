"""Sums over units, and what each unit adds."""

from __future__ import annotations

import copy
from math import sqrt

import numpy as np
import pytest

from routellm_core.embedders import unit_sums
from routellm_core.embedders.pieces import Pieces, pieces_text
from routellm_core.embedders.unit_sums import UnitSums

PIECES = Pieces(
    pieces_text(["<unk>", "▁a", "▁b", "c", "4", "▁", "好"]), np.linspace(-1, -2, 7).astype(np.float32)
)
ROOT = np.array([9, 1, 2, 4, 8, 16, 32], dtype=np.float16)
PLAIN = np.array([9, 0.5, 0.25, 0, 0, 0, 1], dtype=np.float16)


def test_the_two_sums() -> None:
    sums = UnitSums(PIECES, ROOT, PLAIN, reads_numbers=False)
    assert sums(["a", "bc", "好"]) == pytest.approx((1 + 6 + 32) / sqrt(3) + 1.75)
    assert UnitSums(PIECES, ROOT, None, reads_numbers=False)(["a", "b"]) == pytest.approx(3 / sqrt(2))


def test_unknown_units_and_decorations_do_not_count() -> None:
    sums = UnitSums(PIECES, ROOT, PLAIN, reads_numbers=False)
    assert sums([]) == sums(["?", "b4", "thanks"]) == 0.0
    assert sums(["a", "b4", "!"]) == sums(["a"])
    assert UnitSums(PIECES, ROOT, PLAIN, reads_numbers=True)(["b4"]) == pytest.approx(10.25)


def test_parts_add_up() -> None:
    sums = UnitSums(PIECES, ROOT, PLAIN, reads_numbers=False)
    units = ["a", "bc", "好", "?"]
    parts = sums.parts(units)
    assert set(parts) == {"a", "bc", "好"}
    assert sum(parts.values()) == pytest.approx(sums(units))


def test_the_memory_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_sums, "MAX_WORDS", 2)
    sums = UnitSums(PIECES, ROOT, PLAIN, reads_numbers=False)
    units = ["a", "b", "bc", "ac", "c" * 50]
    assert sums(units) == sums(units) == copy.deepcopy(sums)(units)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="plain is not of shape"):
        UnitSums(PIECES, ROOT, PLAIN[:3], reads_numbers=False)
    with pytest.raises(ValueError, match="root is not of shape"):
        UnitSums(PIECES, np.full(7, np.inf, np.float16), None, reads_numbers=False)
