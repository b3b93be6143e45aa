"""Fit the direction of word problems to readers' ratings.

Outcomes of MMLU-Pro's problems were tried as well; they order held-out problems no better than chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.direction import DirectionWeights
from routellm_core.embedders.lettered_options import question_of
from routellm_core.embedders.prompt_kind import PromptKind, kind_of
from routellm_core.embedders.shape import FEATURES, shape_of
from routellm_core.embedders.shape_features import ShapeFeatures, raw_features
from routellm_core.training.default.blocks import Columns, Embedded, Table, rows_of
from routellm_core.training.default.ratings import RatedPrompt
from routellm_core.training.default.ridge import fit_ridge

PENALTY = 10.0
LENGTH = 1.5
"""How much a problem's length counts, in standard deviations, beside its words: the written problems hold
long easy ones on purpose, but in problems as they come the longer ones have more steps."""
PRO = 0.3
"""How much an MMLU-Pro question counts beside a problem."""

PROBLEM_WRITERS = ("8", "10")
"""The writers of `written.jsonl` who wrote problems only."""

NUMERIC = ("math", "physics", "business", "chemistry", "engineering", "economics")
"""Categories of MMLU-Pro whose questions are problems."""


def fit_problems(
    table: Table, rated: Sequence[RatedPrompt], categories: dict[str, str]
) -> tuple[DirectionWeights, float]:
    """Fit the direction.

    Args:
        table: vocabulary and vectors.
        rated: all ratings.
        categories: MMLU-Pro question -> category.

    Returns:
        The direction, whose logit is the need over that of the problem's own source, and the mean need of
        word problems.
    """
    problems = [each for each in rated if _is_problem(each, categories)]
    texts = [question_of(each.prompt) if each.source == "pro" else each.prompt for each in problems]
    need = np.array([each.need for each in problems])
    kinds = np.array([kind_of(shape_of(text)) is PromptKind.WORD_PROBLEM for text in texts])
    groups = np.array([each.writer if each.writer in PROBLEM_WRITERS else each.source for each in problems])
    target = need.copy()
    for group in sorted(set(groups)):
        target[groups == group] -= need[groups == group].mean()
    read = table.reader(reads_numbers=True)
    units = [read(shape_of(text).words) for text in texts]
    raw = raw_features(texts)
    features = ShapeFeatures.from_raw(raw[kinds])
    embedded = Embedded.of(table, units)
    columns = Columns.of(units, lambda piece: 1.0, root=True)
    rows = rows_of([embedded.values], columns)
    weight = np.where(np.array([each.source == "pro" for each in problems]), PRO, 1.0)
    b = fit_ridge(rows, target, weight, PENALTY)
    spread = float(rows.times(b)[kinds].std())
    meaning, pieces = np.split(b, [embedded.values.shape[1]])
    size = len(table.pieces)
    root: npt.NDArray[np.float64] = embedded.root(table, meaning) + columns.weights(size, pieces)
    direction = DirectionWeights(
        constant=embedded.constant(meaning),
        root=root.astype(np.float16),
        plain=None,
        options=None,
        shape=features,
        shape_weights=np.where(np.array(FEATURES) == "characters", LENGTH * spread, 0.0),
        reads_numbers=True,
    )
    return direction, float(need[kinds].mean())


def _is_problem(each: RatedPrompt, categories: dict[str, str]) -> bool:
    if each.source == "pro":
        return categories.get(each.prompt) in NUMERIC
    if each.source == "gold":
        return False
    return each.writer in PROBLEM_WRITERS or kind_of(shape_of(each.prompt)) is PromptKind.WORD_PROBLEM
