"""The table of a log's decisions against sums by hand, and what it keeps in memory."""

import numpy as np
import pytest

from routellm_core.evaluation import decision_table
from routellm_core.evaluation.decision_table import COLUMNS, DecisionTable, ScoreGroups

COUNT = 500


def filled(scores: np.ndarray, boundaries: tuple[float, ...] = ()) -> ScoreGroups:
    with DecisionTable() as table:
        for start in range(0, len(scores), 100):
            part = scores[start : start + 100].tolist()
            table.append(start, part, [[start + place, 1.0, 0.0, 2.0, 0.5] for place in range(len(part))])
        table.add(7, [1000.0, 0.0, 5.0, 0.0, 0.0])
        assert table.score(7) == scores[7]
        return table.groups(boundaries)


def numbers() -> np.ndarray:
    columns = np.tile(np.array([[0.0], [1.0], [0.0], [2.0], [0.5]]), COUNT)
    columns[0] = np.arange(COUNT)
    columns[:, 7] += [1000.0, 0.0, 5.0, 0.0, 0.0]
    return columns


def test_few_scores_have_a_group_each() -> None:
    scores = np.random.default_rng(0).integers(0, 30, COUNT) / 40
    groups = filled(scores)

    values, counts = np.unique(scores, return_counts=True)
    assert groups.scores.tolist() == values.tolist()
    assert groups.decisions.tolist() == counts.tolist()
    for place, value in enumerate(values):
        assert groups.columns[:, place].tolist() == numbers()[:, scores == value].sum(axis=1).tolist()


def test_many_scores_share_groups_whose_sums_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_table, "GROUPS", 20)
    scores = np.random.default_rng(0).random(COUNT)
    asked = 0.4567
    groups = filled(scores, (asked,))

    assert 20 <= len(groups.scores) <= 22
    assert groups.columns.shape == (COLUMNS, len(groups.scores))
    assert groups.scores[-1] == scores.max()
    for threshold in (*groups.scores, asked):
        above, ours = scores >= threshold, groups.scores >= threshold
        assert groups.decisions[ours].sum() == above.sum()
        assert groups.columns[:, ours].sum(axis=1) == pytest.approx(numbers()[:, above].sum(axis=1))
    assert groups.decisions.max() <= 2 * COUNT / 20


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with DecisionTable() as table:
        table._database.execute("pragma max_page_count = 2")
        with pytest.raises(OSError, match=r"full.*SQLITE_TMPDIR"):
            table.append(0, [0.5] * 10_000, [[0.0] * COLUMNS] * 10_000)
