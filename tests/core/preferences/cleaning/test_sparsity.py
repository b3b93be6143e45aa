"""Sparsity: how few pairs of models met."""

import pytest

from routellm_core.preferences.cleaning.sparsity import label_sparsity

PAIRS = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "d"), ("a", "b")]


def test_sparsity_of_models_and_of_tiers() -> None:
    models = label_sparsity(PAIRS)
    tiers = label_sparsity(PAIRS, {"a": 0, "b": 1, "c": 1, "d": 1, "unused": 7})

    assert (models.labels, models.classes, models.pairs, models.compared) == (5, 4, 6, 3)
    assert (models.median_labels, models.most_labels, models.within) == (0.5, 3, 0)
    assert models.mean_labels == pytest.approx(5 / 6)
    assert models.compared_share == 0.5
    assert models.label_share == pytest.approx(1 / 6)
    assert (tiers.classes, tiers.pairs, tiers.compared, tiers.within) == (2, 1, 1, 1)
    assert tiers.label_share == pytest.approx(4 / 5)
    with pytest.raises(ValueError, match=r"tiers lacks \['c', 'd'\]"):
        label_sparsity(PAIRS, {"a": 0, "b": 1})


def test_sparsity_of_nothing() -> None:
    nothing = label_sparsity([])

    assert (nothing.labels, nothing.pairs, nothing.label_share, nothing.compared_share) == (0, 0, 0.0, 0.0)


def test_the_papers_sparsity_is_below_a_thousandth_per_pair() -> None:
    # 64 models make 2,016 pairs: however the labels lie, the mean share is 1 / 2,016.
    names = [f"m{number}" for number in range(64)]
    pairs = [(a, b) for a in names for b in names if a < b]

    assert label_sparsity(pairs).label_share < 0.001
    by_tier = label_sparsity(pairs, {name: number // 7 for number, name in enumerate(names)})
    assert by_tier.label_share > 0.01
