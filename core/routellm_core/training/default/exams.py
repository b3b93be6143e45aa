"""Fit the directions of exam questions to outcomes.

A copy of every block is switched on if the text ends with "Answer:": such a question leaves no room to
reason, and other questions are then hard (those of mathematics most of all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.direction import DirectionWeights, option_words
from routellm_core.embedders.lettered_options import asks_for_answer_at_once
from routellm_core.embedders.shape import shape_of
from routellm_core.embedders.shape_features import ShapeFeatures, raw_features
from routellm_core.embedders.word_lists import listed
from routellm_core.logits import Floats
from routellm_core.training.default.blocks import Columns, Embedded, Shapes, Table, shape_scales
from routellm_core.training.default.outcomes import Outcome, targets_of
from routellm_core.training.default.ridge import Rows, fit_ridge

EXAM_FEATURES = tuple(
    sorted(
        listed(
            "characters brackets latex mean_number_length non_ascii_share options mean_option_length",
            "option_digit_share",
        )
    )
)


@dataclass(frozen=True)
class ExamSettings:
    """How to fit; all chosen by cross-validation that leaves out whole MMLU-Pro categories.

    Attributes:
        penalty: of the ridge regression.
        pro: how much an MMLU-Pro question counts; a gold question counts 1.
        at_once: how freely the copy for "Answer:" may differ.
        shape: scale of the features beside the words.
    """

    penalty: float = 20.0
    pro: float = 0.01
    at_once: float = 2.5
    shape: float = 0.7


class Exams:
    """The regression's blocks, made once; fits may leave questions out."""

    def __init__(self, table: Table, outcomes: Sequence[Outcome], settings: ExamSettings) -> None:
        """Measure n questions."""
        self.outcomes, self.settings, self._table = list(outcomes), settings, table
        shapes = [shape_of(outcome.prompt) for outcome in outcomes]
        read = table.reader(reads_numbers=True)
        parts = ([read(each.words) for each in shapes], [read(option_words(each)) for each in shapes])
        # the question's and the options'
        self._embedded = [Embedded.of(table, part) for part in parts]
        self._columns = [Columns.of(part, lambda piece: 1.0, root=True) for part in parts]
        raw = raw_features([outcome.prompt for outcome in outcomes])
        features = ShapeFeatures.from_raw(raw)
        self._shape = Shapes.of(raw, features, shape_scales(raw, features, EXAM_FEATURES, settings.shape))
        self._rows = self._with_copies(
            np.array([settings.at_once * asks_for_answer_at_once(outcome.prompt) for outcome in outcomes])
        )

    def fit(self, keep: npt.NDArray[np.bool_]) -> tuple[dict[str, DirectionWeights], Floats]:
        """Fit both directions on the questions for which `keep`, shape (n,), is true.

        Returns:
            The directions "exam" and "exam_at_once", whose logit is the gain, strong less weak, over the mean
            of the question's own source; and this for all n, shape (n,).
        """
        kept = [each for each, on in zip(self.outcomes, keep, strict=True) if on]
        weight = np.array([1.0 if each.source == "gold" else self.settings.pro for each in kept])
        b = fit_ridge(self._rows.where(keep), targets_of(kept), weight, self.settings.penalty)
        dense, sparse = np.split(b, [self._rows.dense.shape[1]])
        (plain, copy), (plain_pieces, copied_pieces) = np.split(dense, 2), np.split(sparse, 2)
        at_once = self.settings.at_once
        # without an outcome of one, nothing is known of questions that may be reasoned on
        known = float(not all(asks_for_answer_at_once(each.prompt) for each in kept))
        directions = {
            "exam": self._direction(known * plain, known * plain_pieces),
            "exam_at_once": self._direction(plain + at_once * copy, plain_pieces + at_once * copied_pieces),
        }
        return directions, self._rows.times(b)

    def _with_copies(self, gate: Floats) -> Rows:
        dense = np.concatenate([*(each.values for each in self._embedded), self._shape.values], axis=1)
        edge = len(self._columns[0].pieces)
        width = edge + len(self._columns[1].pieces)
        sparse = []
        for first, second, factor in zip(self._columns[0].rows, self._columns[1].rows, gate, strict=True):
            row = first | {edge + at: value for at, value in second.items()}
            copy = {width + at: float(factor * value) for at, value in row.items()} if factor else {}
            sparse.append(row | copy)
        return Rows.of(np.concatenate([dense, gate[:, None] * dense], axis=1), sparse, 2 * width)

    def _direction(self, dense: Floats, pieces: Floats) -> DirectionWeights:
        (question, options), (own, listed_own) = self._embedded, self._columns
        width, size = question.values.shape[1], len(self._table.pieces)
        words, answers, shape = np.split(dense, [width, width + options.values.shape[1]])
        plain, listed_pieces = np.split(pieces, [len(own.pieces)])
        root = question.root(self._table, words) + own.weights(size, plain)
        listed_root = options.root(self._table, answers) + listed_own.weights(size, listed_pieces)
        return DirectionWeights(
            constant=question.constant(words) + options.constant(answers),
            root=root.astype(np.float16),
            plain=None,
            options=listed_root.astype(np.float16),
            shape=self._shape.features,
            shape_weights=self._shape.weights(shape),
            reads_numbers=True,
        )
